// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Transport
import WorkerModel

/// How far a download is, and how it goes on after a cut: what to ask for, and what to make of the answer.
struct ResumePoint: Sendable {
    /// What to do with an answer.
    enum Verdict: Hashable {
        /// Its body is to be read, without the first bytes.
        case read(skipping: Int64)
        /// A part was asked for and not given as asked: ask for the whole.
        case askAgain
        /// The reader has all of it.
        case ended
    }

    let limit: ByteCount
    /// The bytes that the reader has.
    private(set) var offset: Int64 = 0
    /// How many bytes there are in all, as far as the server says.
    private(set) var total: Int64?
    private var entityTag: String?
    private var lastModified: String?
    private var usesRanges = true

    init(limit: ByteCount) { self.limit = limit }

    /// Goes on behind what an earlier download left.
    init(limit: ByteCount, behind count: Int64, of origin: PartialDownload.Origin) {
        self.limit = limit
        offset = count
        total = origin.total
        entityTag = origin.entityTag
        lastModified = origin.lastModified
    }

    /// What there is to go on by in another process; nil where a server named no size or nothing to know the file by.
    var origin: PartialDownload.Origin? {
        guard let total, validator != nil else { return nil }
        return PartialDownload.Origin(total: total, entityTag: entityTag, lastModified: lastModified)
    }

    /// Whether only the end of the connection told that the answer ended, and there is a way to ask for what may follow.
    var endIsUncertain: Bool { !knowsEnd && offset > 0 && usesRanges && validator != nil }

    /// Whether the last answer told where it ends, by a size or in pieces of its own.
    private var knowsEnd = true

    /// Whether bytes are missing that the server has promised.
    var isIncomplete: Bool { total.map { offset < $0 } ?? false }

    /// Whether all bytes are here that the server has promised.
    var isComplete: Bool { offset == total }

    /// The headers to ask for what is missing.
    ///
    /// Without a validator the whole is asked for again, and what the reader has is skipped: the digest over all
    /// of it tells whether it was the same file.
    var headers: HeaderFields {
        var headers: HeaderFields = ["Accept-Encoding": "identity"]
        guard asksForPart else { return headers }
        headers.append("Range", "bytes=\(offset)-")
        if let validator { headers.append("If-Range", validator) }
        return headers
    }

    /// Looks at the head of an answer.
    ///
    /// - Throws: the reason where nothing can be made of it.
    mutating func receive(_ response: TransportResponse) throws(DownloadError.Reason) -> Verdict {
        switch response.status {
        case 200:
            try check(response)
            return .read(skipping: try begin(response))
        case 206 where asksForPart:
            guard let range = ContentRange(response.headers["Content-Range"]), range.first == offset else {
                return askForWhole()
            }
            try check(response)
            if let length = range.total { try learn(total: length) }
            guard isSame(response) else { throw .changed }
            return .read(skipping: 0)
        case 416 where asksForPart:
            // There is nothing behind what the reader has: a file that never told its size has ended.
            if total == nil, ContentRange.size(response.headers["Content-Range"]) == offset { return .ended }
            return askForWhole()
        default: throw .status(response.status)
        }
    }

    /// Counts bytes that go to the reader.
    ///
    /// - Throws: `tooLarge` where there are more than allowed.
    mutating func advance(by count: Int) throws(DownloadError.Reason) {
        offset += Int64(count)
        if offset > limit.bytes { throw .tooLarge(limit: limit) }
    }

    private var asksForPart: Bool { offset > 0 && usesRanges && validator != nil }

    /// What `If-Range` takes: a strong entity tag, else a date.
    private var validator: String? {
        if let entityTag, !entityTag.hasPrefix("W/") { return entityTag }
        return lastModified
    }

    private mutating func askForWhole() -> Verdict {
        usesRanges = false
        return .askAgain
    }

    /// The start of a whole file; gives how much of it the reader has already.
    private mutating func begin(_ response: TransportResponse) throws(DownloadError.Reason) -> Int64 {
        if offset == 0 {
            total = nil
            entityTag = response.headers["ETag"]
            lastModified = response.headers["Last-Modified"]
        } else if !isSame(response) {
            throw .changed
        }
        if let length = response.declaredLength { try learn(total: length.bytes) }
        knowsEnd = total != nil || response.headers["Transfer-Encoding"] != nil
        return offset
    }

    private mutating func learn(total length: Int64) throws(DownloadError.Reason) {
        if length > limit.bytes { throw .tooLarge(limit: limit) }
        if let total, total != length { throw .changed }
        total = length
    }

    /// Whether an answer is about the file that the download began with, as far as it says.
    private func isSame(_ response: TransportResponse) -> Bool {
        if let entityTag, let other = response.headers["ETag"] { return entityTag == other }
        if let lastModified, let other = response.headers["Last-Modified"] { return lastModified == other }
        return true
    }

    private func check(_ response: TransportResponse) throws(DownloadError.Reason) {
        // Many servers call an archive that is packed with gzip encoded with it. Nothing is unpacked here, and the digest is
        // that of the bytes as they come.
        if let encoding = response.headers["Content-Encoding"],
            !["identity", "gzip", "x-gzip"].contains(encoding.lowercased())
        {
            throw .contentEncoding(encoding)
        }
        if let type = response.headers["Content-Type"], !type.lowercased().hasPrefix("application/") {
            throw .contentType(type)
        }
    }
}
