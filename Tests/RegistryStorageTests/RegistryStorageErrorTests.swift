// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import RegistryStorage
import Testing
import WorkerModel

struct RegistryStorageErrorTests {
    @Test func messagesNameTheThingAndTheNextStep() throws {
        let name = try WorkerName(parsing: "echo")
        let version = try SemanticVersion(parsing: "1.2.3")
        let exists = RegistryStorageError.versionExists(name, version)
        #expect(exists.code == .versionExists)
        #expect(exists.message == "`echo@1.2.3` is published already")
        let newer = RegistryStorageError.newerSchema(path: "/data/registry.db", found: 7, known: 3)
        #expect(newer.code == .storageIO)
        #expect(newer.message.contains("schema 7") && newer.message.contains("up to 3"))
        #expect(newer.hints.first?.contains("newer") == true)
        #expect(RegistryStorageError.storageFull.code == .storageFull)
    }

    @Test func artifactsKnowTheirKindAndWhatIsHosted() throws {
        let hosted = ArtifactLocation(url: nil, digest: Digest.sha256([1]))
        let elsewhere = ArtifactLocation(url: "https://example.com/a.tar.gz", digest: Digest.sha256([2]))
        let targets = try ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"].map { try TargetTriple(parsing: $0) }
        let builds = PublishedArtifacts.binaries([targets[0]: hosted, targets[1]: elsewhere])
        #expect(builds.kind == .binary)
        #expect(builds.hostedDigests == [hosted.digest])
        #expect(PublishedArtifacts.bundle(hosted).hostedDigests == [hosted.digest])
        #expect(PublishedArtifacts.bundle(elsewhere).hostedDigests.isEmpty)
        #expect(PublishedArtifacts.image("ghcr.io/a/b").kind == .image)
        #expect(PublishedArtifacts.engine.hostedDigests.isEmpty)
    }
}
