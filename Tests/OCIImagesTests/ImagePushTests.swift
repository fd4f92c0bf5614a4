// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Downloads
import Foundation
import ImageDocuments
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transport
import WorkerModel

@testable import OCIImages

/// Pushes to the registry of the distribution project, of images made by umoci, read back by skopeo.
struct ImagePushTests {
    /// A layout with one image of two platforms, and its digest.
    private static let script = """
        umoci init --layout img; umoci new --image img:a; umoci unpack --image img:a b > /dev/null 2>&1
        head -c 3000000 /dev/urandom > b/rootfs/noise; umoci repack --refresh-bundle --image img:a b > /dev/null
        umoci config --image img:a --architecture amd64; umoci config --image img:a --tag b --architecture arm64
        """

    private func run(
        _ body: @Sendable @escaping (_ folder: FilePath, _ host: String, ImageRegistry) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { folder in
            try Shell.run("set -eu; " + Self.script, in: folder)
            try await DockerRegistry.run(in: folder) { host in
                try await LiveTransport.with(.init(policy: ContactPolicy(), userAgent: "test")) { transport in
                    try await body(folder, host, ImageRegistry(transport: transport) { .none })
                }
            }
        }
    }

    @Test func layoutIsPushedOnceAndReadBackTheSame() async throws {
        try await run { folder, host, registry in
            let events = PushedEvents()
            let target = try ImageReference(parsing: "\(host)/t/pushed")
            let push = ImagePush(to: target, over: registry) { events.note($0) }
            let digest = try await push(LayoutImageSource(folder.appending("img"), tag: "a", name: "oci:img:a"))
            let read = "skopeo copy --quiet --src-tls-verify=false docker://\(target)@\(digest) oci:back:a; "
            let compare = "cmp img/blobs/sha256/$f back/blobs/sha256/$f"
            try Shell.run("set -eu; \(read) for f in $(ls back/blobs/sha256); do \(compare); done", in: folder)
            #expect(events.sent > 3_000_000 && events.new == 2)
            let again = try await push(LayoutImageSource(folder.appending("img"), tag: "a", name: "oci:img:a"))
            #expect(again == digest && events.new == 2, "all of it is there")

            // From one repository to another.
            let source = RegistryImageSource(try ImageReference(parsing: "\(target)@\(digest)"), at: registry)
            let copy = ImagePush(to: try ImageReference(parsing: "\(host)/t/copy"), over: registry)
            #expect(try await copy(source) == digest)
            try Shell.run("skopeo inspect --raw --tls-verify=false docker://\(host)/t/copy@\(digest)", in: folder)
        }
    }

    @Test func layoutThatIsNotWhatItSaysIsRefused() async throws {
        try await run { folder, host, registry in
            let target = try ImageReference(parsing: "\(host)/t/bad")
            func push(_ name: String, _ tag: String?) async throws {
                let source = LayoutImageSource(folder.appending(name), tag: tag, name: "oci:\(name)")
                _ = try await ImagePush(to: target, over: registry)(source)
            }
            await #expect(throws: ImageSourceError.self) { try await push("nothing", nil) }
            let several = await #expect(throws: ImageSourceError.self) { try await push("img", nil) }
            #expect(several?.message.contains("`a`, `b`") == true)
            await #expect(throws: ImageSourceError.self) { try await push("img", "c") }
            // A manifest with other bytes; a layer that is longer, and one that leads elsewhere.
            let layer = "f=$(ls -S img/blobs/sha256/* | head -1); "
            for damage in [
                "for f in $(grep -l layers img/blobs/sha256/*); do echo >> $f; done", layer + "echo >> $f",
                layer + "rm $f; ln -s /etc/passwd $f",
            ] {
                try Shell.run("set -eu; cp -a img kept; \(damage)", in: folder)
                await #expect(throws: (any Error).self, "\(damage)") { try await push("img", "a") }
                try Shell.run("rm -r img; mv kept img", in: folder)
            }
            try await push("img", "a")
        }
    }
}

/// What a push has told.
private final class PushedEvents: Sendable {
    private let counts = Mutex((sent: Int64(0), new: 0))

    var sent: Int64 { counts.withLock { $0.sent } }
    var new: Int { counts.withLock { $0.new } }

    func note(_ event: ImagePush.Event) {
        counts.withLock { counts in
            switch event {
            case .sending: break
            case .sent(_, let size): counts.sent += size.bytes
            case .there(_, let isNew): counts.new += isNew ? 1 : 0
            }
        }
    }
}
