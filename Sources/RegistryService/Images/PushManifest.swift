// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import ImageDocuments
import RegistryStorage
package import WorkerModel

/// Takes documents of images and artifacts: read, held to what the repository has, and stored as they came.
package struct PushManifest: Sendable {
    /// The most bytes of a document.
    package static let sizeLimit = OCIDocument.sizeLimit

    let store: any RegistryStore
    let receive: ReceiveBlob
    let surroundings: Surroundings

    /// What a pushed document is known by.
    package struct Outcome: Sendable {
        /// What clients call it.
        package let digest: ContentDigest
        /// What it is about.
        package let subject: ContentDigest?
    }

    /// Stores a document of at most `sizeLimit` bytes, and points a tag to it where it was pushed under one.
    ///
    /// `type` is the header that came along.
    ///
    /// - Throws: `RegistryServiceError`: `.image` with what is wrong, or where the caller may not push there; what
    ///   `ReceiveBlob.begin` throws. Nothing is changed then.
    package func callAsFunction(
        _ bytes: [UInt8],
        type: String?,
        as reference: ManifestReference,
        in repository: RepositoryName,
        by caller: Caller
    ) async throws -> Outcome {
        try await store.read { session in
            try caller.expect(.publish, onRepository: repository, in: session)
            try Self.expect(reference, isFreeIn: repository, of: session)
        }
        let content = try Self.read(bytes, as: type)
        var digest = ContentDigest(of: bytes, .sha256)
        if case .digest(let named) = reference {
            digest = ContentDigest(of: bytes, named.algorithm)
            if digest != named { throw RegistryServiceError.image(.digestInvalid("is of another document")) }
        }
        try await store.read { try Self.expect(content, isBackedBy: repository, of: $0) }
        let now = surroundings.now()
        let size = ByteCount(bytes.count)
        let reception = try await receive.begin(nil, at: nil, upTo: size, coming: size, from: caller)
        try await reception.append(bytes)
        _ = try await reception.finish(expecting: nil) { [digest] caller, stored, session in
            try caller.expect(.publish, onRepository: repository, in: session)
            try Self.expect(reference, isFreeIn: repository, of: session)
            try Self.expect(content, isBackedBy: repository, of: session)
            try session.insertRepository(RepositoryRecord(name: repository, creator: caller.account, createdAt: now))
            let document = RepositoryBlob(digest: digest, stored: stored.digest, size: stored.size)
            try session.insertManifest(
                RepositoryManifest(document, of: content),
                naming: content.blobs.filter { !$0.isElsewhere }.map(\.digest),
                documents: content.documents.map(\.digest),
                into: repository,
                at: now
            )
            if case .tag(let tag) = reference { try session.setTag(tag, in: repository, to: digest, at: now) }
        }
        return Outcome(digest: digest, subject: content.subject)
    }

    private static func read(_ bytes: [UInt8], as type: String?) throws(RegistryServiceError) -> OCIContent {
        var declared: OCIMediaType?
        if let type {
            declared = OCIMediaType(header: type)
            if declared == nil {
                let shown = PrintableText(type, limit: 100)
                throw .image(.manifestInvalid("is of the type `\(shown)`, which this registry does not know"))
            }
        }
        do throws(OCIDocumentError) {
            return try OCIContent(parsing: bytes, declared: declared)
        } catch { throw .image(.manifestInvalid("cannot be read: \(error.reason.printable)")) }
    }

    private static func expect(
        _ reference: ManifestReference,
        isFreeIn repository: RepositoryName,
        of session: any RegistryReadSession
    ) throws {
        if case .tag(let tag) = reference, try session.isPublished(tag, in: repository) {
            throw RegistryServiceError.image(.tagPublished(repository, tag))
        }
    }

    /// Expects everything that a document names to be there, as large as it says.
    private static func expect(
        _ content: OCIContent,
        isBackedBy repository: RepositoryName,
        of session: any RegistryReadSession
    ) throws {
        var missing: [ContentDigest] = []
        func expect(_ reference: OCIReference, in found: RepositoryBlob?) throws {
            guard let found else { return missing.append(reference.digest) }
            guard found.size == reference.size else {
                let reason =
                    "says that \(reference.digest) has \(reference.size.bytes) bytes; it has \(found.size.bytes)"
                throw RegistryServiceError.image(.manifestInvalid(reason))
            }
        }
        for reference in content.blobs where !reference.isElsewhere {
            try expect(reference, in: session.blob(reference.digest, in: repository))
        }
        for reference in content.documents {
            try expect(reference, in: session.manifest(reference.digest, in: repository)?.document)
        }
        if !missing.isEmpty { throw RegistryServiceError.image(.manifestBlobsUnknown(missing)) }
    }
}

extension RepositoryManifest {
    /// What is remembered of a document that was read.
    init(_ document: RepositoryBlob, of content: OCIContent) {
        self.init(
            document: document,
            mediaType: content.mediaType.rawValue,
            artifactType: content.artifactType,
            subject: content.subject,
            annotations: content.annotations
        )
    }
}
