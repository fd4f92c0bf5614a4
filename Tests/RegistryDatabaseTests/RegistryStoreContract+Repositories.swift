// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Testing
import WorkerModel

extension RegistryStoreContract {
    private static let pi = repository("pi")

    private static func repository(_ text: String) -> RepositoryName {
        guard let name = try? RepositoryName(parsing: text) else { preconditionFailure("a name of a repository") }
        return name
    }

    private static func tag(_ text: String) throws -> ImageTag { try #require(ImageTag(parsing: text)) }

    private static func blob(_ number: UInt8, size: Int = 1) -> RepositoryBlob {
        let digest = Digest.sha256([number])
        return RepositoryBlob(digest: ContentDigest(digest), stored: digest, size: ByteCount(size))
    }

    private static func manifest(_ number: UInt8, about subject: UInt8? = nil) -> RepositoryManifest {
        RepositoryManifest(
            document: blob(number, size: 100),
            mediaType: "application/vnd.oci.image.manifest.v1+json",
            artifactType: "application/x-test",
            subject: subject.map { blob($0).digest },
            annotations: #"{"a":"b"}"#
        )
    }

    static let repositories = [
        claim("a repository has what was put into it, and others have not") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare()
                for name in ["pi", "pi/base", "pid"] {
                    try session.insertRepository(
                        RepositoryRecord(
                            name: repository(name),
                            creator: Sample.account(),
                            createdAt: Sample.time(5)
                        )
                    )
                }
                try session.insertBlob(blob(1, size: 7), into: pi, at: Sample.time(5))
                try session.insertManifest(
                    manifest(2),
                    naming: [blob(1).digest],
                    documents: [],
                    into: pi,
                    at: Sample.time(5)
                )
                try session.setTag(tag("edge"), in: pi, to: manifest(2).digest, at: Sample.time(5))
                #expect(throws: RegistryStorageError.self) {
                    try session.setTag(tag("edge"), in: repository("pid"), to: manifest(2).digest, at: Sample.time(5))
                }
                #expect(throws: RegistryStorageError.self) {
                    try session.insertBlob(blob(1), into: repository("nothing"), at: Sample.time(5))
                }
            }
            try await store.read { (session) throws in
                #expect(try session.blob(blob(1).digest, in: pi) == blob(1, size: 7))
                #expect(try session.blob(blob(1).digest, in: repository("pid")) == nil)
                #expect(try session.isUsed(blob: blob(1).digest, in: pi))
                #expect(try !session.isUsed(blob: blob(1).digest, in: repository("pid")))
                #expect(try session.manifest(manifest(2).digest, in: pi) == manifest(2))
                #expect(try session.pushed(tag("edge"), in: pi) == manifest(2).digest)
                #expect(try session.repositories(after: "pi", limit: 9).map(\.description) == ["pi/base", "pid"])
                #expect(try session.holder(ofRepositoriesBelow: "pi") == Sample.account())
                #expect(try session.holder(ofRepositoriesBelow: "p") == nil)
                let digests = [blob(1).stored, blob(2).stored]
                #expect(try session.referenced(among: digests + [.sha256([9])]) == Set(digests))
                #expect(try session.hostedDigests(after: nil, limit: 9) == digests.sorted())
            }
        },
        claim("a tag of a version is the version's, and its document stays") { (store) async throws in
            let (name, version) = (try Sample.name("pi"), try Sample.version("1.0.0"))
            try await store.write { (session) throws in
                try session.prepare("pi")
                try session.insertRepository(
                    RepositoryRecord(name: pi, creator: Sample.account(), createdAt: Sample.time(5))
                )
                try session.insertBlob(blob(1), into: pi, at: Sample.time(5))
                try session.insertManifest(
                    manifest(2),
                    naming: [blob(1).digest],
                    documents: [],
                    into: pi,
                    at: Sample.time(5)
                )
                try session.insertManifest(
                    manifest(3),
                    naming: [],
                    documents: [manifest(2).digest],
                    into: pi,
                    at: Sample.time(5)
                )
                for text in ["1.0.0", "edge"] {
                    try session.setTag(tag(text), in: pi, to: manifest(2).digest, at: Sample.time(5))
                }
                let image = PublishedArtifacts.hostedImage(manifest(3).digest)
                try session.insertVersion(Sample.published("pi", "1.0.0", artifacts: image))
                try session.recordUpload(
                    of: blob(1).stored,
                    size: ByteCount(10),
                    by: Sample.account(),
                    at: Sample.time(5)
                )
                #expect(try session.unreferencedUploads(of: Sample.account(), since: Sample.time(0)) == ByteCount(10))
                try session.deliver(manifest(3).digest, by: version, of: name)
                #expect(try session.unreferencedUploads(of: Sample.account(), since: Sample.time(0)) == .zero)
                try session.setChannel(.latest, of: name, to: version, at: Sample.time(6))
            }
            try await store.write { (session) throws in
                #expect(try session.version(version, of: name)?.artifacts == .hostedImage(manifest(3).digest))
                #expect(try session.delivered(by: version, of: name) == manifest(3).digest)
                #expect(try session.pushed(tag("1.0.0"), in: pi) == nil)
                #expect(try session.tags(in: pi, after: "", limit: 9) == ["1.0.0", "edge", "latest"])
                #expect(try session.tags(in: pi, after: "1.0.0", limit: 1) == ["edge"])
                for number: UInt8 in [2, 3] {
                    #expect(try session.manifest(manifest(number).digest, in: pi)?.isPublished == true)
                }
                let removal = RemovedVersion(version: version, at: Sample.time(7), reason: "", isAbuse: false)
                try session.removeVersion(removal, of: name)
                #expect(try session.manifest(manifest(2).digest, in: pi)?.isPublished == false)
                #expect(try session.unreferencedUploads(of: Sample.account(), since: Sample.time(99)) == ByteCount(10))
                #expect(try session.tags(in: pi, after: "", limit: 9) == ["edge"])
            }
        },
        claim("what nothing reaches is collected, and nothing else") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare()
                for name in ["pi", "empty"] {
                    try session.insertRepository(
                        RepositoryRecord(
                            name: repository(name),
                            creator: Sample.account(),
                            createdAt: Sample.time(5)
                        )
                    )
                }
                for number: UInt8 in 1...4 { try session.insertBlob(blob(number), into: pi, at: Sample.time(5)) }
                try session.insertBlob(blob(5), into: pi, at: Sample.time(50))
                // An index with a tag lists the first; the second is about the first; the third is nobody's.
                for (number, subject) in [(10, nil), (11, 10), (12, 99)] as [(UInt8, UInt8?)] {
                    try session.insertManifest(
                        manifest(number, about: subject),
                        naming: [blob(number - 9).digest],
                        documents: [],
                        into: pi,
                        at: Sample.time(5)
                    )
                }
                try session.insertManifest(
                    manifest(20),
                    naming: [],
                    documents: [manifest(10).digest],
                    into: pi,
                    at: Sample.time(5)
                )
                try session.setTag(tag("edge"), in: pi, to: manifest(20).digest, at: Sample.time(5))
            }
            try await store.write { (session) throws in
                var all = RepositoryCollection()
                while true {
                    let some = try session.collectRepositories(before: Sample.time(20), limit: 1)
                    if some.isNothing { break }
                    all.manifests += some.manifests
                    all.blobs += some.blobs
                    all.repositories += some.repositories
                }
                #expect((all.manifests, all.blobs, all.repositories) == (1, 2, 1))
                #expect(try session.manifest(manifest(12).digest, in: pi) == nil)
                #expect(try session.referrers(to: manifest(10).digest, in: pi, limit: 9) == [manifest(11, about: 10)])
                for number: UInt8 in [1, 2, 5] { #expect(try session.blob(blob(number).digest, in: pi) != nil) }
                for number: UInt8 in [3, 4] { #expect(try session.blob(blob(number).digest, in: pi) == nil) }
                #expect(try session.repository(repository("empty")) == nil)
                #expect(try session.removeManifest(manifest(20).digest, in: pi))
                #expect(try session.pushed(tag("edge"), in: pi) == nil)
                #expect(try session.removeBlob(blob(5).digest, in: pi))
            }
        },
        claim("a secret is kept once") { (store) async throws in
            try await store.write { (session) throws in
                #expect(try session.secret("pull") == nil)
                try session.keepSecret([1, 2], as: "pull")
                try session.keepSecret([3], as: "pull")
                #expect(try session.secret("pull") == [1, 2])
            }
        },
    ]
}
