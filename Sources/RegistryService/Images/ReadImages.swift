// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import RegistryStorage
package import WorkerModel

/// What repositories have, for everybody.
package struct ReadImages: Sendable {
    /// The most tags or repositories of a page, and referrers of an answer.
    package static let page = 1000

    /// Documents that were asked for, while nothing changes.
    package let table: AnswerTable<ServedManifest>
    let store: any RegistryStore
    let served: ServedBlobs
    let blobs: any BlobStore

    /// A document as it is given out.
    package struct ServedManifest: Sendable {
        /// What clients call it.
        package let digest: ContentDigest
        /// What it is served as.
        package let mediaType: String
        /// As they were pushed.
        package let bytes: [UInt8]
    }

    /// One page of names.
    package struct Page: Sendable {
        /// In the order of their bytes.
        package let names: [String]
        /// Whether there are more.
        package let isCut: Bool
    }

    /// The document that a tag or a digest names.
    ///
    /// - Throws: `RegistryServiceError.image` with `.manifestUnknown`, `.nameUnknown`; `.blobDamaged`.
    package func manifest(
        _ reference: ManifestReference,
        in repository: RepositoryName
    ) async throws -> ServedManifest {
        let question = AnswerQuestion(name: repository.description, selector: reference.description)
        if let known = table.answer(to: question) { return known }
        let generation = table.generation
        let found = try await store.read { session in
            let digest =
                switch reference {
                case .digest(let digest): digest as ContentDigest?
                case .tag(let tag): try session.manifest(tagged: tag, in: repository)
                }
            guard let digest, let manifest = try session.manifest(digest, in: repository) else {
                guard try session.repository(repository) != nil else {
                    throw RegistryServiceError.image(.nameUnknown(repository))
                }
                throw RegistryServiceError.image(.manifestUnknown(reference.description))
            }
            return manifest
        }
        let size = found.document.size.bytes
        let bytes = try await blobs.bytes(of: found.document.stored, in: 0..<size)
        // Small enough to be looked at each time that it is read from the disk.
        guard Digest.sha256(bytes) == found.document.stored else {
            throw RegistryServiceError.blobDamaged(found.document.stored)
        }
        let answer = ServedManifest(digest: found.digest, mediaType: found.mediaType, bytes: bytes)
        table.keep(answer, of: bytes.count, to: question, since: generation)
        return answer
    }

    /// The bytes that a repository has under a digest.
    ///
    /// - Throws: `RegistryServiceError.image` with `.blobUnknown`; `.blobDamaged`.
    package func blob(_ digest: ContentDigest, in repository: RepositoryName) async throws -> StoredBlob {
        let known = try await store.read { try $0.blob(digest, in: repository) }
        guard let known, let blob = try await served.blob(known.stored) else {
            throw RegistryServiceError.image(.blobUnknown(digest))
        }
        return blob
    }

    /// Tags in order: those after one, at most `limit`.
    ///
    /// - Throws: `RegistryServiceError.image` with `.nameUnknown`.
    package func tags(in repository: RepositoryName, after tag: String, limit: Int) async throws -> Page {
        try await store.read { session in
            guard try session.repository(repository) != nil else {
                throw RegistryServiceError.image(.nameUnknown(repository))
            }
            return Self.page(of: try session.tags(in: repository, after: tag, limit: limit + 1), limit)
        }
    }

    /// Names of repositories in order: those after one, at most `limit`.
    package func repositories(after name: String, limit: Int) async throws -> Page {
        try await store.read { session in
            let names = try session.repositories(after: name, limit: limit + 1)
            return Self.page(of: names.map(\.description), limit)
        }
    }

    private static func page(of names: [String], _ limit: Int) -> Page {
        Page(names: Array(names.prefix(limit)), isCut: names.count > limit)
    }

    /// An index of the documents about another one, which need not be there; of one kind of artifact, or of all.
    package func referrers(
        to subject: ContentDigest,
        in repository: RepositoryName,
        ofType type: String?
    ) async throws -> JSONValue {
        let found = try await store.read { try $0.referrers(to: subject, in: repository, limit: Self.page) }
        let entries = found.filter { type == nil || $0.artifactType == type }.map { manifest in
            var entry: JSONObject = [
                "mediaType": .string(manifest.mediaType), "digest": .string(manifest.digest.description),
                "size": .number(JSONNumber(manifest.document.size.bytes)),
            ]
            entry["artifactType"] = manifest.artifactType.map(JSONValue.string)
            entry["annotations"] = manifest.annotations.flatMap { try? JSONValue(parsing: $0) }
            return JSONValue.object(entry)
        }
        return [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": .array(entries),
        ]
    }
}
