// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import RegistryDatabase
import RegistryService
import RegistryStorage
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// A check finds what is missing and what has changed.
struct CheckTests {
    @Test func soundRegistryHasNoDamage() async throws {
        try await ServiceFixture.run { registry in
            let digest = try await registry.uploadArchive(["iii.worker.yaml": HostedArtifactTests.manifest])
            try await registry.publish(Requests.bundle(digest))
            try await registry.publish(Requests.engine("state"))
            let report = try await CheckRegistry(store: registry.store, blobs: registry.blobs)()
            // The archive, and the two documents by which clients of images get it.
            #expect(report.damages == [] && report.versions == 2 && report.blobs == 3)
        }
    }

    @Test func blobThatBecameShorterIsNamed() async throws {
        try await ServiceFixture.run { registry in
            let digest = try await registry.uploadArchive(["iii.worker.yaml": HostedArtifactTests.manifest])
            try await registry.publish(Requests.bundle(digest))
            let file = try #require(try await registry.blobs.blob(digest)?.file)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.string)
            let descriptor = try FileDescriptor.open(file, .writeOnly)
            try descriptor.closeAfter { try descriptor.resize(to: 10) }
            let report = try await CheckRegistry(store: registry.store, blobs: registry.blobs)()
            #expect(report.damages.map(\.message).allSatisfy { $0.contains("\(digest)") && $0.contains("pi@1.0.0") })
            #expect(report.damages.count == 1)
        }
    }

    @Test func missingAndChangedBlobsAreNamed() async throws {
        try await ServiceFixture.run { registry in
            let caller = try await registry.caller()
            var digests: [Digest] = []
            for version in ["1.0.0", "1.0.1"] {
                let manifest = HostedArtifactTests.manifest.replacing("1.0.0", with: version)
                let digest = try await registry.uploadArchive(["iii.worker.yaml": manifest])
                try await registry.publish(Requests.bundle(digest, "pi", version), by: caller)
                digests.append(digest)
            }
            _ = try await registry.blobs.delete(digests[0], ifOlderThan: registry.clock.now.adding(.seconds(10)))
            let file = try #require(try await registry.blobs.blob(digests[1])?.file)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.string)
            let descriptor = try FileDescriptor.open(file, .writeOnly)
            _ = try descriptor.closeAfter { try descriptor.writeAll(toAbsoluteOffset: 20, [0xFF, 0xFE]) }
            let report = try await CheckRegistry(store: registry.store, blobs: registry.blobs)()
            let (name, versions) = (try WorkerName(parsing: "pi"), ["1.0.0", "1.0.1"])
            let expected: [CheckRegistry.Damage] = [
                .missingBlob(name, try SemanticVersion(parsing: versions[0]), digests[0]),
                .changedBlob(
                    name,
                    try SemanticVersion(parsing: versions[1]),
                    digests[1],
                    found: Digest.sha256(try TestFiles.read(file))
                ),
            ]
            #expect(Set(report.damages) == Set(expected))
        }
    }
}
