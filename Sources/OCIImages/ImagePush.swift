// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ImageDocuments
import NIOCore
import Transport
package import WorkerModel

/// Brings an image from somewhere into a repository: what the repository lacks, all platforms, documents last.
package struct ImagePush: Sendable {
    /// How many blobs are sent at once.
    private static let width = 4
    /// The most bytes of all documents of an image together, which are kept while it is pushed.
    private static let documentsLimit = ByteCount.mebibytes(64)
    /// How deep indexes may list indexes.
    private static let nestingLimit = 4

    /// What is told of a push.
    package enum Event: Sendable {
        /// A blob begins to be sent, or to be sent again from further back.
        case sending(OCIReference)
        /// So many bytes more of it were sent.
        case sent(OCIReference, ByteCount)
        /// It is there; `isNew` unless it was there before.
        case there(OCIReference, isNew: Bool)
    }

    private let registry: ImageRegistry
    private let target: ImageReference
    private let onEvent: @Sendable (Event) -> Void

    /// A push to the repository of `target`.
    package init(
        to target: ImageReference,
        over registry: ImageRegistry,
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.target = target
        self.registry = registry
        self.onEvent = onEvent
    }

    /// What a repository lacks of an image.
    package struct Needs: Sendable {
        /// What the image is known by.
        package let digest: ContentDigest
        /// In the order in which nothing is named before it is there.
        let documents: [SourceDocument]
        /// Each once.
        package let blobs: [OCIReference]
    }

    /// Pushes what a source names, by its digest and without a tag.
    ///
    /// - Returns: the digest.
    /// - Throws: what the source throws; `OCIImageError`; `TransportError`; `CancellationError`. What has arrived by then
    ///   need not be sent again.
    package func callAsFunction(_ source: any ImageSource) async throws -> ContentDigest {
        let needs = try await needs(of: source)
        try await self(needs, of: source)
        return needs.digest
    }

    /// Finds out what the repository lacks of the image that a source names.
    ///
    /// - Throws: `OCIImageError.noImagesThere` for a server that holds none; otherwise as a push.
    package func needs(of source: any ImageSource) async throws -> Needs {
        try await registry.expectImages(at: target)
        let root = try await source.root()
        var (documents, blobs): ([SourceDocument], [OCIReference]) = ([], [])
        try await collect(root, of: source, into: &documents, and: &blobs, nesting: Self.nestingLimit)
        var seen: Set<ContentDigest> = []
        let distinct = blobs.filter { !$0.isElsewhere && seen.insert($0.digest).inserted }
        let there = try await withThrowingTaskGroup(of: ContentDigest?.self) { group in
            var there: Set<ContentDigest> = []
            for (index, blob) in distinct.enumerated() {
                if index >= Self.width, let found = try await group.next() { found.map { _ = there.insert($0) } }
                group.addTask { try await registry.hasBlob(blob.digest, in: target) ? blob.digest : nil }
            }
            for try await found in group { found.map { _ = there.insert($0) } }
            return there
        }
        for blob in distinct where there.contains(blob.digest) { onEvent(.there(blob, isNew: false)) }
        return Needs(
            digest: root.digest,
            documents: documents,
            blobs: distinct.filter { !there.contains($0.digest) }
        )
    }

    private func collect(
        _ document: SourceDocument,
        of source: any ImageSource,
        into documents: inout [SourceDocument],
        and blobs: inout [OCIReference],
        nesting: Int
    ) async throws {
        if documents.contains(where: { $0.digest == document.digest }) { return }
        // What is there names nothing that is not.
        if try await registry.hasManifest(document.digest, in: target) { return }
        guard nesting > 0 else {
            throw ImageSourceError(source: source.name, reason: "its indexes are nested too deep")
        }
        for child in document.content.documents {
            try await collect(
                try await source.document(child),
                of: source,
                into: &documents,
                and: &blobs,
                nesting: nesting - 1
            )
        }
        guard documents.reduce(document.bytes.count, { $0 + $1.bytes.count }) <= Self.documentsLimit.bytes else {
            throw ImageSourceError(source: source.name, reason: "its documents are larger than \(Self.documentsLimit)")
        }
        blobs += document.content.blobs
        documents.append(document)
    }

    /// Sends what a repository lacks: blobs, a few at a time, then documents.
    ///
    /// - Throws: as a push.
    package func callAsFunction(_ needs: Needs, of source: any ImageSource) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, blob) in needs.blobs.enumerated() {
                if index >= Self.width { try await group.next() }
                group.addTask { try await push(blob, of: source) }
            }
            try await group.waitForAll()
        }
        for document in needs.documents { try await registry.push(document, to: target) }
    }

    private func push(_ blob: OCIReference, of source: any ImageSource) async throws {
        let isNew = try await registry.push(
            blob,
            to: target,
            reading: { offset in
                onEvent(.sending(blob))
                return source.bytes(of: blob, from: offset).telling { onEvent(.sent(blob, ByteCount($0))) }
            }
        )
        onEvent(.there(blob, isNew: isNew))
    }
}

extension BodyStream {
    /// The same bytes; `tell` hears of each piece when it is taken.
    fileprivate func telling(_ tell: @escaping @Sendable (Int) -> Void) -> BodyStream {
        let whole = self
        return BodyStream {
            var pieces = whole.makeAsyncIterator()
            return Iterator {
                guard let piece = try await pieces.next() else { return nil }
                tell(piece.readableBytes)
                return piece
            }
        }
    }
}
