// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
package import WorkerModel

/// Bytes on their way in: what is missing is told, and what arrives is stored under its digest, in the name of an account.
///
/// What an account has sent and no version names has a limit: parts of blobs, whole blobs, and what is under way together.
package struct ReceiveBlob: Sendable {
    /// Uploads that an account has begun and not ended: each is a file.
    static let mostUnfinished = 1000

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
        // What somebody is sending cannot be continued now.
        do {
            return try await arrived(UploadName(account: caller.account, digest: digest)) ?? .zero
        } catch BlobStorageError
            .uploadUnderWay
        { return .zero }
    }

    /// How much has arrived of an upload that an account has suspended; nil where there is none.
    func arrived(_ name: UploadName) async throws -> ByteCount? { try await blobs.suspendedUpload(name) }

    /// Makes an upload that anything may become.
    ///
    /// - Throws: `RegistryServiceError.tooManyUnfinished`; what the store throws.
    func open(_ name: UploadName) async throws {
        guard try await blobs.unfinishedUploads(of: name.account) < Self.mostUnfinished else {
            throw RegistryServiceError.tooManyUnfinished(limit: Self.mostUnfinished)
        }
        try await blobs.openUpload(name)
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
    ) async throws -> BlobReception {
        let name = UploadName(account: caller.account, digest: digest)
        return try await begin(name, at: offset, upTo: limit, coming: coming, from: caller)
    }

    /// Begins to receive what may be continued under a name, or under none; otherwise as `begin` of a digest.
    func begin(
        _ name: UploadName?,
        at offset: ByteCount?,
        upTo limit: ByteCount,
        coming: ByteCount?,
        from caller: Caller
    ) async throws -> BlobReception {
        let place = try underWay.enter(caller.account)
        let arrived = offset ?? .zero
        let reception = BlobReception(arrived: arrived, caller: caller, place: place, receiver: self)
        try await reception.expect(min(coming ?? .zero, ByteCount(max(0, limit.bytes - arrived.bytes))))
        let upload =
            if let name, let offset { try await blobs.continueUpload(name, at: offset, upTo: limit) } else {
                try await blobs.beginUpload(name, upTo: limit)
            }
        reception.begin(upload)
        return reception
    }

    /// Takes a part of what an account may send.
    func reserve(_ size: ByteCount, for account: AccountName) async throws -> AccountTally.Share {
        try await quota.reserve(size, for: account) { account in try await unreferenced(account) }
    }

    /// What an account has sent that no version names.
    private func unreferenced(_ account: AccountName) async throws -> ByteCount {
        let since = surroundings.now().adding(.zero - CollectBlobs.patience)
        let whole = try await store.read { try $0.unreferencedUploads(of: account, since: since) }
        return whole + (try await blobs.suspendedUploads(of: account))
    }
}
