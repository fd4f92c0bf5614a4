// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Downloads
import Foundation
import SystemPackage
import TestSupport
import Testing
import Transport
import WorkerModel

@testable import OCIImages

/// Against the registry of the distribution project, with images made by umoci.
struct DockerRegistryTests {
    @Test func pinsWhatSkopeoSees() async throws {
        try await withTemporaryDirectory { folder in
            try await DockerRegistry.run(in: folder) { host in
                try Shell.run(
                    """
                    umoci init --layout img && umoci new --image img:a && umoci config --image img:a --architecture amd64
                    skopeo copy --quiet --dest-tls-verify=false oci:img:a docker://\(host)/t/one:1
                    skopeo inspect --tls-verify=false --format '{{.Digest}}' docker://\(host)/t/one:1 > digest
                    """,
                    in: folder
                )
                let seen = try String(contentsOfFile: folder.appending("digest").string, encoding: .utf8)
                let policy = ContactPolicy()
                try await LiveTransport.with(.init(policy: policy, userAgent: "test")) { transport in
                    let registry = ImageRegistry(transport: transport) { .none }
                    let image = try await registry.document(ImageReference(parsing: "\(host)/t/one:1"))
                    #expect("sha256:\(image.digest)" == seen.trimmingCharacters(in: .whitespacesAndNewlines))
                    let pinned = try ImageReference(parsing: "\(host)/t/one@sha256:\(image.digest)")
                    #expect(try await registry.document(pinned).digest == image.digest)
                    let error = await #expect(throws: OCIImageError.self) {
                        try await registry.document(ImageReference(parsing: "\(host)/t/other:1"))
                    }
                    #expect(error?.message == "there is no image `\(host)/t/other:1`")
                }
            }
        }
    }
}
