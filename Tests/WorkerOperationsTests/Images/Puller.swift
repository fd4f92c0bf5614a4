// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Downloads
import HostSystem
import ImageDocuments
import ImageStore
import OCIImages
import SystemPackage
import TestSupport
import Testing
import Transport
import WorkerModel

@testable import WorkerOperations

/// Pulls images from registries on the loopback interface, as the commands do, into a home of its own.
struct Puller: EventSink {
    static let usual = ImagePlatform(system: "linux", architecture: "amd64")

    let home: FilePath
    var account: ImageCredentials = .none
    var platform = usual
    var limits = LayerLimits()

    var store: ImageStore { ImageStore(home: IIIHome(root: home)) }

    func receive(_ event: OperationEvent) {}

    func with<Result>(_ body: (LiveImages) async throws -> Result) async throws -> Result {
        try await LiveTransport.with(.init(policy: ContactPolicy(), userAgent: "test")) { transport in
            // Nobody waits between two tries.
            let pacing = Pacing(sleep: { _ in }, jitter: { 0 })
            let registry = ImageRegistry(transport: transport, pacing: pacing) { [account] in account }
            return try await body(LiveImages(registry: registry, store: store, platform: platform, limits: limits))
        }
    }

    /// Pulls what a reference names, and gives its root file system.
    @discardableResult
    func pull(_ reference: String) async throws -> FilePath {
        let image = try await with { images in
            let image = try await images.pin(ImageReference(parsing: reference))
            try await images.pull(image, for: Made.name("worker"), replacing: false, self)
            return image
        }
        let found = try await store.find(image.digest, for: platform)
        return try #require(found).root
    }
}

/// Images that umoci makes.
enum MadeImage {
    /// Pushes an image as `HOST/NAME:1`; the commands fill its root, `R`, before each `layer`.
    static func push(
        _ commands: String,
        to host: String,
        as name: String,
        in folder: FilePath,
        options: String = ""
    ) throws {
        let script = """
            exec 5>&2 2>made.log
            layer() { umoci repack --refresh-bundle --image made:a bundle; }
            trap 'test $? = 0 || cat made.log >&5' EXIT
            rm -rf made bundle; umoci init --layout made; umoci new --image made:a
            umoci unpack --image made:a bundle; R=bundle/rootfs
            \(commands)
            umoci config --image made:a --architecture amd64
            skopeo copy --quiet --dest-tls-verify=false \(options) oci:made:a 'docker://\(host)/\(name):1'
            """
        try Shell.run(script, in: folder)
    }
}
