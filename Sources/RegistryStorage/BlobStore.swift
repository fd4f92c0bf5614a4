// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import SystemPackage
package import WorkerModel

/// Bytes that are named by their SHA-256 and never change.
///
/// Nothing is held whole in memory: bytes come and go in pieces of the caller's size.
package protocol BlobStore: Sendable {
    /// Starts an upload of at most `limit` bytes.
    ///
    /// Nothing can be read before its `finish` returns.
    ///
    /// The caller ends it with `finish`, `suspend` or `abandon`. One that is ended by none of them is swept later.
    /// With a name it can be continued when it was suspended, and takes the place of one that was; but while another
    /// of that name is under way, a new one goes its own way, as without a name.
    ///
    /// - Throws: `BlobStorageError`.
    func beginUpload(_ name: UploadName?, upTo limit: ByteCount) async throws -> any BlobUpload

    /// Continues an upload that was suspended, behind the `offset` bytes that have arrived; at zero it begins anew.
    ///
    /// - Throws: `BlobStorageError.uploadOffset` where another number of bytes has arrived; `.uploadUnderWay`.
    func continueUpload(
        _ name: UploadName,
        at offset: ByteCount,
        upTo limit: ByteCount
    ) async throws -> any BlobUpload

    /// Makes an upload that nobody has sent anything for yet, suspended, for `continueUpload`.
    func openUpload(_ name: UploadName) async throws

    /// Gives up a suspended upload.
    ///
    /// - Returns: whether it was there.
    /// - Throws: `BlobStorageError.uploadUnderWay`.
    func discardUpload(_ name: UploadName) async throws -> Bool

    /// How many uploads of an account are unfinished, those among them that are under way.
    func unfinishedUploads(of account: AccountName) async throws -> Int

    /// How many bytes of a suspended upload have arrived; nil where there is none.
    ///
    /// - Throws: `BlobStorageError.uploadUnderWay`.
    func suspendedUpload(_ name: UploadName) async throws -> ByteCount?

    /// How many bytes the suspended uploads of an account have.
    func suspendedUploads(of account: AccountName) async throws -> ByteCount

    /// What is stored under a digest; nil when nothing is.
    func blob(_ digest: Digest) async throws -> StoredBlob?

    /// A piece of a blob: the bytes of `range` that there are, fewer than asked for only at the end.
    ///
    /// - Throws: `BlobStorageError.notFound`.
    func bytes(of digest: Digest, in range: Range<Int64>) async throws -> [UInt8]

    /// Makes a blob as young as one that was stored at `now`, so that no collector takes it.
    ///
    /// - Returns: whether it is there.
    func renew(_ digest: Digest, at now: Timestamp) async throws -> Bool

    /// Looks whether more can be stored, by storing a little.
    ///
    /// - Throws: `BlobStorageError`: `.storageFull`, `.failed`.
    func probe() async throws

    /// Deletes a blob, unless it was stored or renewed at `moment` or later.
    ///
    /// - Returns: whether it was deleted; false also when it is not there.
    func delete(_ digest: Digest, ifOlderThan moment: Timestamp) async throws -> Bool

    /// Stored blobs in the order of their digests: those after one, at most `limit`.
    func blobs(after digest: Digest?, limit: Int) async throws -> [StoredBlob]

    /// Deletes what unfinished uploads left behind that nobody has written to since `moment`, suspended ones too.
    ///
    /// - Returns: how many there were.
    @discardableResult
    func sweepUploads(olderThan moment: Timestamp) async throws -> Int
}

extension BlobStore {
    package func contains(_ digest: Digest) async throws -> Bool { try await blob(digest) != nil }

    /// Starts an upload that cannot be continued.
    package func beginUpload(upTo limit: ByteCount) async throws -> any BlobUpload {
        try await beginUpload(nil, upTo: limit)
    }
}

/// What an upload is known by while it is unfinished: who sends it, and what it is going to be.
///
/// Nobody can put bytes into the upload of another account.
package struct UploadName: Hashable, Sendable {
    package let account: AccountName
    package let digest: Digest

    package init(account: AccountName, digest: Digest) {
        self.account = account
        self.digest = digest
    }
}

/// One blob that is stored whole and verified.
package struct StoredBlob: Hashable, Sendable {
    package let digest: Digest
    package let size: ByteCount
    /// When it was stored or last renewed.
    package let storedAt: Timestamp
    /// The file that holds it, where the store keeps files: for the kernel to send.
    ///
    /// Read only.
    package let file: FilePath?

    package init(digest: Digest, size: ByteCount, storedAt: Timestamp, file: FilePath?) {
        self.digest = digest
        self.size = size
        self.storedAt = storedAt
        self.file = file
    }
}

/// One upload under way.
///
/// Its calls come one after the other, not at once.
package protocol BlobUpload: AnyObject, Sendable {
    /// Adds bytes, hashing them on the way.
    ///
    /// They may be written after this returns: what goes wrong with that is thrown by the next call.
    ///
    /// - Throws: `BlobStorageError.tooLarge` beyond the limit, `.storageFull`. The upload is over then.
    func append(_ bytes: [UInt8]) async throws

    /// Makes the blob readable under its digest, durable when this returns.
    ///
    /// It takes the place of one that is stored already, which may be damaged: storing the same bytes twice, also at once,
    /// is a success, and whoever reads the one before reads it to its end.
    ///
    /// With nil it is stored under the digest that it has.
    ///
    /// - Throws: `BlobStorageError.digestMismatch`, with nothing kept, when the bytes are not what was expected.
    func finish(expecting digest: Digest?, at now: Timestamp) async throws -> StoredBlob

    /// Stops for now: what has arrived is kept for `continueUpload`, where the upload has a name.
    ///
    /// Safe after the end and after a failure, where it does nothing.
    func suspend() async

    /// Gives up: nothing is kept.
    ///
    /// Safe after the end and after a failure, where it does nothing.
    func abandon() async
}

/// Why a blob could not be stored or read.
package enum BlobStorageError: CodedError, Hashable {
    case digestMismatch(expected: Digest, found: Digest)
    case tooLarge(limit: ByteCount)
    case notFound(Digest)
    case storageFull
    /// The upload was ended before.
    case uploadEnded
    /// An upload was to be continued elsewhere than where it stopped.
    case uploadOffset(expected: ByteCount)
    /// Another request sends the same bytes for the same account.
    case uploadUnderWay
    case failed(operation: String, subject: String, reason: String)

    package var code: ErrorCode {
        switch self {
        case .digestMismatch, .tooLarge, .notFound: .download
        case .storageFull: .storageFull
        case .uploadOffset, .uploadUnderWay: .download
        case .uploadEnded: .internalError
        case .failed: .storageIO
        }
    }

    package var message: String {
        switch self {
        case .digestMismatch(let expected, let found): "the bytes have SHA-256 \(found), but \(expected) was expected"
        case .tooLarge(let limit): "the upload is larger than \(limit)"
        case .notFound(let digest): "there is no blob sha256:\(digest)"
        case .storageFull: "the disk of the registry's blobs is full"
        case .uploadEnded: "the upload was ended before"
        case .uploadOffset(let expected): "the upload goes on at byte \(expected.bytes)"
        case .uploadUnderWay: "another request is sending these bytes"
        case .failed(let operation, let subject, let reason): "could not \(operation) `\(subject)`: \(reason)"
        }
    }

    package var hints: [String] {
        switch self {
        case .storageFull: ["free some space, then upload again: nothing was kept"]
        case .digestMismatch: ["upload again: the bytes changed on the way, or the digest is of another file"]
        case .uploadOffset(let expected): ["send the bytes from \(expected.bytes) on, or upload the whole"]
        case .uploadUnderWay: ["wait until it is done or cut, or upload the whole"]
        default: []
        }
    }
}
