// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ImageDocuments
import JSONText
import Manifests
import RegistryAPI
import RegistryStorage
import WorkerModel

/// What a version delivers to clients of images: a bundle is an artifact with its archive as the one layer, binaries are an
/// index of such artifacts, one for each target.
///
/// Only what lies among the registry's own blobs is in it. The same version makes the same bytes, always.
struct VersionArtifact: Sendable {
    /// Bytes that the registry makes itself, under their digest.
    private struct Made: Sendable {
        let bytes: [UInt8]
        let digest: Digest

        init(_ value: JSONValue) {
            bytes = value.bytes()
            digest = .sha256(bytes)
        }

        var blob: RepositoryBlob {
            RepositoryBlob(digest: ContentDigest(digest), stored: digest, size: ByteCount(bytes.count))
        }

        func reference(_ type: String) -> JSONObject {
            [
                "mediaType": .string(type), "digest": .string("sha256:\(digest)"),
                "size": .number(JSONNumber(Int64(bytes.count))),
            ]
        }
    }

    private static let bundle = "application/vnd.iii.bundle.v1"
    private static let binary = "application/vnd.iii.binary.v1"
    private static let annotation = "org.opencontainers.image."

    let worker: WorkerName
    let version: SemanticVersion
    private let repository: RepositoryName
    private let publishedAt: Timestamp
    private var blobs: [RepositoryBlob] = []
    private var configurations: [Made] = []
    /// What an index lists comes before it.
    private var documents: [Made] = []

    /// Makes what a version delivers; nil where nothing of it is among the registry's blobs, whose sizes `sizes` has, or the
    /// worker's name is none of a repository.
    init?(_ publication: Publication, publishedAt: Timestamp, sizes: [Digest: ByteCount]) {
        guard let repository = RepositoryName(of: publication.name) else { return nil }
        self.repository = repository
        (worker, version, self.publishedAt) = (publication.name, publication.version, publishedAt)
        switch publication.artifacts {
        case .engine, .image, .hostedImage: return nil
        case .bundle(let archive):
            guard archive.url == nil, let size = sizes[archive.digest] else { return nil }
            addArtifact(of: publication, type: Self.bundle, archive: archive.digest, size: size, target: nil)
        case .binaries(let builds):
            var entries: [JSONValue] = []
            for (target, build) in builds.sorted(by: { $0.key < $1.key }) where build.url == nil {
                guard let size = sizes[build.digest] else { continue }
                let artifact = addArtifact(
                    of: publication,
                    type: Self.binary,
                    archive: build.digest,
                    size: size,
                    target: target
                )
                entries.append(.object(Self.entry(of: artifact, for: target)))
            }
            if entries.isEmpty { return nil }
            documents.append(
                Made([
                    "schemaVersion": 2, "mediaType": .string(OCIMediaType.index.rawValue),
                    "artifactType": .string(Self.binary), "manifests": .array(entries),
                    "annotations": .object(annotations(publication)),
                ])
            )
        }
    }

    /// The document that delivers the version.
    var digest: ContentDigest? { documents.last.map { ContentDigest($0.digest) } }

    @discardableResult
    private mutating func addArtifact(
        of publication: Publication,
        type: String,
        archive: Digest,
        size: ByteCount,
        target: TargetTriple?
    ) -> JSONObject {
        let configuration = Made(Self.configuration(of: publication, for: target))
        let isZip = target?.usesZip ?? false
        let name = ([worker.description, version.description] + (target.map { [$0.description] } ?? [])).joined(
            separator: "-"
        )
        let layer: JSONObject = [
            "mediaType": .string(type + (isZip ? ".zip" : ".tar+gzip")), "digest": .string("sha256:\(archive)"),
            "size": .number(JSONNumber(size.bytes)),
            "annotations": [Self.annotation + "title": .string(name + (isZip ? ".zip" : ".tar.gz"))],
        ]
        let document = Made([
            "schemaVersion": 2, "mediaType": .string(OCIMediaType.manifest.rawValue), "artifactType": .string(type),
            "config": .object(configuration.reference(type + ".config+json")), "layers": [.object(layer)],
            "annotations": .object(annotations(publication)),
        ])
        blobs += [RepositoryBlob(digest: ContentDigest(archive), stored: archive, size: size), configuration.blob]
        configurations.append(configuration)
        documents.append(document)
        var entry = document.reference(OCIMediaType.manifest.rawValue)
        entry["artifactType"] = .string(type)
        return entry
    }

    private static func entry(of artifact: JSONObject, for target: TargetTriple) -> JSONObject {
        var entry = artifact
        if let platform = ImagePlatform(running: target) {
            var words: JSONObject = [
                "architecture": .string(platform.architecture), "os": .string(platform.system),
            ]
            words["variant"] = platform.variant.map(JSONValue.string)
            entry["platform"] = .object(words)
        }
        entry["annotations"] = ["dev.iii.target": .string(target.description)]
        return entry
    }

    private func annotations(_ publication: Publication) -> JSONObject {
        var texts: JSONObject = [
            Self.annotation + "title": .string(worker.description),
            Self.annotation + "version": .string(version.description),
            Self.annotation + "created": .string(publishedAt.description),
        ]
        for (key, text) in [
            ("description", publication.description), ("licenses", publication.license),
            ("source", publication.repository),
        ] where !text.isEmpty {
            texts[Self.annotation + key] = .string(text)
        }
        return texts
    }

    private static func configuration(of publication: Publication, for target: TargetTriple?) -> JSONValue {
        var words: JSONObject = [
            "worker": .string(publication.name.description), "version": .string(publication.version.description),
            "type": .string(publication.artifacts.kind.rawValue),
        ]
        words["target"] = target.map { .string($0.description) }
        words["dependencies"] = .object(
            JSONObject(publication.dependencies.map { ($0.name.description, JSONValue.string($0.selector)) })
        )
        words["calls"] = .array(publication.calls.map { .string($0.description) })
        return .object(words)
    }

    /// Stores what the registry made itself, so that it may be written down.
    func store(in store: any BlobStore, at now: Timestamp) async throws {
        for made in configurations + documents where try await !store.renew(made.digest, at: now) {
            let upload = try await store.beginUpload(upTo: ByteCount(made.bytes.count))
            try await upload.append(made.bytes)
            _ = try await upload.finish(expecting: made.digest, at: now)
        }
    }

    /// Writes down that the version, which is there, delivers this.
    ///
    /// - Throws: what the session throws.
    func write(by publisher: AccountName, at now: Timestamp, in session: any RegistrySession) throws {
        try session.insertRepository(RepositoryRecord(name: repository, creator: publisher, createdAt: now))
        for blob in blobs { try session.insertBlob(blob, into: repository, at: now) }
        for document in documents {
            guard let content = try? OCIContent(parsing: document.bytes, declared: nil) else { continue }
            try session.insertManifest(
                RepositoryManifest(document.blob, of: content),
                naming: content.blobs.map(\.digest),
                documents: content.documents.map(\.digest),
                into: repository,
                at: now
            )
        }
        if let digest { try session.deliver(digest, by: version, of: worker) }
    }
}
