// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import RegistryStorage
package import WorkerModel

/// Bytes on their way in: what is missing is told, and what arrives is stored under its digest, in the name of an account.
///
/// What an account has sent and no version names has a limit: parts of blobs, whole blobs, and what is under way together.
package struct ReceiveBlob: Sendable {
    let store: any RegistryStore
    let blobs: any BlobStore
    let served: ServedBlobs
    let surroundings: Surroundings
    let quota: UploadQuota
    let underWay: UploadsUnderWay

    /// Whether a blob is there and is what it should be; it is then as young as one that was sent now, so that no
    /// collector takes it.
    ///
    /// One that is damaged is not there: whoever has the right bytes sends them, and they take its place.
    package func isStored(_ digest: Digest) async throws -> Bool {
        guard try await served.isSound(digest) else { return false }
        return try await served.renew(digest, at: surroundings.now())
    }

    /// How much has arrived of a blob that an account began to send.
    package func arrived(_ digest: Digest, from caller: Caller) async throws -> ByteCount {
        try await blobs.suspendedUpload(UploadName(account: caller.account, digest: digest)) ?? .zero
    }

    /// Begins to receive a blob of at most `limit` bytes, or, with an offset, goes on.
    ///
    /// `coming` is how many bytes are still to come, where the client says it.
    ///
    /// - Throws: `RegistryServiceError.uploadQuota`, `.tooManyUploads`; what the store throws.
    package func begin(
        _ digest: Digest,
        at offset: ByteCount?,
        upTo limit: ByteCount,
        coming: ByteCount?,
        from caller: Caller
    ) async throws -> Reception {
        let place = try underWay.enter(caller.account)
        let name = UploadName(account: caller.account, digest: digest)
        let room = ByteCount(max(0, limit.bytes - (offset ?? .zero).bytes))
        let share = try await quota.reserve(coming.map { min($0, room) } ?? room, for: caller.account) { account in
            try await unreferenced(account)
        }
        let upload =
            if let offset { try await blobs.continueUpload(name, at: offset, upTo: limit) } else {
                try await blobs.beginUpload(name, upTo: limit)
            }
        return Reception(
            upload: upload,
            arrived: offset ?? .zero,
            caller: caller,
            share: share,
            place: place,
            receiver: self
        )
    }

    /// What an account has sent that no version names.
    private func unreferenced(_ account: AccountName) async throws -> ByteCount {
        let since = surroundings.now().adding(.zero - CollectBlobs.patience)
        let whole = try await store.read { try $0.unreferencedUploads(of: account, since: since) }
        return whole + (try await blobs.suspendedUploads(of: account))
    }

    /// One blob that is being received.
    package struct Reception: Sendable {
        package let upload: any BlobUpload
        /// What had come before it began.
        fileprivate let arrived: ByteCount
        fileprivate let caller: Caller
        /// Given back when the last reference to it goes.
        fileprivate let share: AccountTally.Share
        fileprivate let place: AccountTally.Share
        fileprivate let receiver: ReceiveBlob

        /// Stores what has arrived, where it is what it should be and who sent it may still send.
        ///
        /// - Throws: `RegistryServiceError.keyUnknown`, `.keyExpired`, `.accountSuspended`; what `BlobUpload.finish`
        ///   throws. Nothing is kept then.
        package func finish(expecting digest: Digest) async throws {
            let (now, caller) = (receiver.surroundings.now(), caller)
            // What had come before leaves the unfinished uploads a moment before it is written down.
            let before = receiver.quota.hold(arrived, for: caller.account)
            defer { withExtendedLifetime(before) {} }
            do {
                try await receiver.store.read { _ = try caller.lookedUpAgain(in: $0, at: now) }
                let blob = try await upload.finish(expecting: digest, at: now)
                receiver.served.stored(blob)
                try await receiver.store.write(by: caller, at: now) { caller, session in
                    try session.recordUpload(of: digest, size: blob.size, by: caller.account, at: now)
                }
            } catch {
                await upload.abandon()
                throw error
            }
        }
    }
}
