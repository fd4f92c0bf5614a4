// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import ImageDocuments
import NIOCore
package import Transport
package import WorkerModel

/// An image of another registry.
package struct RegistryImageSource: ImageSource {
    private let registry: ImageRegistry
    private let reference: ImageReference

    /// The image that a reference names.
    package init(_ reference: ImageReference, at registry: ImageRegistry) {
        self.registry = registry
        self.reference = reference
    }

    /// The reference.
    package var name: String { reference.description }

    /// Asks the registry.
    package func root() async throws -> SourceDocument {
        try await read(reference.digest ?? reference.tag ?? "latest")
    }

    /// Asks the registry for what has the digest.
    package func document(_ reference: OCIReference) async throws -> SourceDocument {
        try await read(reference.digest.description)
    }

    /// Asks the registry, for the rest where it can give that alone.
    package func bytes(of blob: OCIReference, from offset: Int64) -> BodyStream {
        BodyStream {
            var pieces: BodyStream.Iterator?
            return BodyStream.Iterator {
                if pieces == nil { pieces = try await open(blob, from: offset).makeAsyncIterator() }
                return try await pieces?.next()
            }
        }
    }

    private func open(_ blob: OCIReference, from offset: Int64) async throws -> BodyStream {
        var headers: HeaderFields = ["Accept-Encoding": "identity"]
        if offset > 0 { headers.append("Range", "bytes=\(offset)-") }
        let response = try await registry.get(
            "blobs/\(blob.digest)",
            of: reference,
            headers,
            accepting: offset > 0 ? [200, 206] : [200]
        )
        // Who cannot give a part gives the whole.
        return response.status == 206 ? response.body : response.body.dropping(offset)
    }

    private func read(_ part: String) async throws -> SourceDocument {
        let response = try await registry.get(
            "manifests/\(part)",
            of: reference,
            ["Accept": OCIMediaType.accepted]
        )
        let bytes: [UInt8]
        do { bytes = try await response.body.collect(upTo: OCIDocument.sizeLimit) } catch let error as BodyTooLarge {
            throw OCIImageError.unreadable(reference, reason: error.words)
        }
        let named = try? ContentDigest(parsing: part)
        let declared = response.headers["Content-Type"].flatMap(OCIMediaType.init(header:))
        let document: SourceDocument
        do {
            document = try SourceDocument(bytes, declared: declared, algorithm: named?.algorithm ?? .sha256)
        } catch { throw OCIImageError.unreadable(reference, reason: error.reason) }
        if let named, named != document.digest {
            throw OCIImageError.unreadable(reference, reason: "it has the digest \(document.digest), not \(named)")
        }
        return document
    }
}

extension BodyStream {
    /// The bytes behind the first `count`.
    fileprivate func dropping(_ count: Int64) -> BodyStream {
        if count == 0 { return self }
        let whole = self
        return BodyStream {
            var (pieces, skip) = (whole.makeAsyncIterator(), count)
            return Iterator {
                while var piece = try await pieces.next() {
                    let dropped = Swift.min(skip, Int64(piece.readableBytes))
                    piece.moveReaderIndex(forwardBy: Int(dropped))
                    skip -= dropped
                    if piece.readableBytes > 0 { return piece }
                }
                return nil
            }
        }
    }
}
