// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import HostSystem
import ImageDocuments
import ImageStore
import Manifests
import ProjectFiles
import SystemPackage
package import WorkerModel

/// The images of this machine, as workers are started from them.
package struct ImageShelf: Sendable {
    private let store: ImageStore
    private let platform: ImagePlatform?
    private let settings: MachineSettings

    /// `host` is the platform that images are for, nil where none are.
    ///
    /// - Throws: `ProjectError` for settings that cannot be read.
    package init(home: IIIHome, host: TargetTriple?) throws {
        store = ImageStore(home: home)
        platform = host.flatMap { ImagePlatform(of: $0) }
        settings = try MachineSettings(home)
    }

    /// The image that a reference with a digest names.
    ///
    /// - Throws: `WorkerCannotRun` where it is not on this machine.
    func image(_ reference: String) async throws -> InstalledImage {
        guard let platform else { throw WorkerCannotRun(reason: "no images run on this platform") }
        let parsed = try ImageReference(parsing: reference)
        guard let digest = try digest(of: parsed), let image = try await store.find(digest, for: platform) else {
            throw WorkerCannotRun(
                reason: "its image `\(parsed)` is not on this machine",
                remedy: "iii worker sync"
            )
        }
        return image
    }

    /// What a bundle runs on: the image that this machine's settings name for its kind, else the usual one where it is on
    /// this machine; nil for the host's own programs.
    ///
    /// - Throws: `WorkerCannotRun` where the settings name one that is not there.
    func base(for runtime: BundleRuntime) async throws -> InstalledImage? {
        if let reference = settings.baseImages[runtime.rawValue] { return try await image(reference) }
        let usual = try ImageReference(parsing: runtime.usualBaseImage)
        guard let platform, let digest = try digest(of: usual) else { return nil }
        return try await store.find(digest, for: platform)
    }

    private func digest(of reference: ImageReference) throws -> Digest? {
        if let text = reference.digest { return try Digest(parsing: text) }
        return try store.digest(named: reference)
    }
}

extension BundleRuntime {
    /// The image that bundles of this kind are made for.
    package var usualBaseImage: String {
        switch self {
        case .python: "docker.io/iiidev/python:latest"
        // The image of Node.js holds Bun too.
        case .node, .bun: "docker.io/iiidev/node:latest"
        }
    }
}
