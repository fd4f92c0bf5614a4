// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
package import ImageDocuments
import JSONText
import NIOCore
package import SystemPackage
package import Transport
import WorkerModel

/// An image in a folder of the OCI image layout: `index.json`, and `blobs/ALGORITHM/DIGITS`.
///
/// Nothing in it is trusted: names are digests, files are opened without following links, and what is read is limited.
package struct LayoutImageSource: ImageSource {
    private static let tagKey = "org.opencontainers.image.ref.name"
    private static let pieceSize = 256 << 10

    /// As its user wrote it.
    package let name: String
    private let folder: FilePath
    private let tag: String?

    /// The image of a folder, or with a tag that one of several; `name` is what messages call it.
    package init(_ folder: FilePath, tag: String?, name: String) {
        self.folder = folder
        self.tag = tag
        self.name = name
    }

    /// What `index.json` lists under the tag, or alone.
    package func root() async throws -> SourceDocument {
        let path = folder.appending("index.json")
        guard let bytes = try read(path) else { throw fail("there is no `\(path.string.printable)`") }
        let entries: [(tag: String?, reference: OCIReference)]
        do {
            let document = JSONCursor(try JSONValue(parsing: bytes))
            let references = try OCIContent(parsing: bytes, declared: .index).documents
            let tags = try document.required("manifests").elements().map { item in
                try item.optional("annotations")?.optional(Self.tagKey)?.string()
            }
            entries = zip(tags, references).map { ($0, $1) }
        } catch { throw fail("its `index.json` cannot be read: \(error.words)") }
        let meant = tag.map { tag in entries.filter { $0.tag == tag } } ?? entries
        guard let only = meant.first, meant.count == 1 else {
            let known = entries.compactMap(\.tag).prefix(10).map { "`\($0.printable)`" }.joined(separator: ", ")
            throw fail(
                meant.isEmpty
                    ? "it has no image\(tag.map { " `\($0.printable)`" } ?? "")\(known.isEmpty ? "" : "; it has \(known)")"
                    : "it has several images: name one of \(known) behind a colon"
            )
        }
        return try await document(only.reference)
    }

    /// Reads a blob that is a document.
    package func document(_ reference: OCIReference) async throws -> SourceDocument {
        guard let bytes = try read(path(of: reference.digest)) else { throw fail("\(reference.digest) is missing") }
        let document: SourceDocument
        do {
            let declared = OCIMediaType(rawValue: reference.mediaType)
            document = try SourceDocument(bytes, declared: declared, algorithm: reference.digest.algorithm)
        } catch { throw fail("\(reference.digest) cannot be read: \(error.reason.printable)") }
        guard document.digest == reference.digest else { throw fail("\(reference.digest) has other bytes") }
        return document
    }

    /// Reads a blob, which must be as long as its document says.
    package func bytes(of blob: OCIReference, from offset: Int64) -> BodyStream {
        let (path, missing) = (path(of: blob.digest), fail("\(blob.digest) is missing"))
        let changed = fail("\(blob.digest) has not the \(blob.size.bytes) bytes that its manifest says")
        return BodyStream {
            var file: OpenFile?
            var sent = offset
            return BodyStream.Iterator {
                guard let open = try file ?? OpenFile(path, from: offset) else { throw missing }
                file = open
                guard let piece = try open.next(Self.pieceSize) else {
                    guard sent == blob.size.bytes else { throw changed }
                    return nil
                }
                sent += Int64(piece.readableBytes)
                guard sent <= blob.size.bytes else { throw changed }
                return piece
            }
        }
    }

    private func path(of digest: ContentDigest) -> FilePath {
        let digits = digest.description.dropFirst(digest.algorithm.rawValue.count + 1)
        return folder.appending("blobs").appending(digest.algorithm.rawValue).appending(String(digits))
    }

    private func read(_ path: FilePath) throws -> [UInt8]? {
        do { return try HostFiles.read(path, upTo: OCIDocument.sizeLimit) } catch is FileTooLarge {
            throw fail("`\(path.string.printable)` is larger than \(OCIDocument.sizeLimit)")
        }
    }

    private func fail(_ reason: String) -> ImageSourceError { ImageSourceError(source: name, reason: reason) }
}

/// A file that is read piece by piece, and closed with its last reference.
private final class OpenFile {
    private let descriptor: SystemPackage.FileDescriptor

    /// Nil where there is no such file.
    init?(_ path: FilePath, from offset: Int64) throws {
        do {
            descriptor = try SystemPackage.FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
        } catch Errno.noSuchFileOrDirectory { return nil }
        try descriptor.seek(offset: offset, from: .start)
    }

    /// A descriptor that was only read has nothing to lose.
    deinit { try? descriptor.close() }

    func next(_ size: Int) throws -> ByteBuffer? {
        var buffer = ByteBufferAllocator().buffer(capacity: size)
        // Safety: the system writes into the free part of the buffer, and only what it says is counted.
        let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { try descriptor.read(into: $0) }
        return count == 0 ? nil : buffer
    }
}
