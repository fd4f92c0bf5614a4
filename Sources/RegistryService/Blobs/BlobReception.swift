// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Synchronization
package import WorkerModel

/// One blob that is being received, for an account that has room for it.
///
/// Its calls come one after the other, not at once.
package final class BlobReception: Sendable {
    /// So much more room is taken at a time where the client does not say how much comes.
    private static let step: Int64 = 64 << 20

    private struct State {
        var upload: (any BlobUpload)?
        /// Given back when the reception goes.
        var shares: [AccountTally.Share] = []
        var room: Int64 = 0
        var received: Int64 = 0
    }

    /// What had come before it began.
    private let arrived: ByteCount
    private let caller: Caller
    private let place: AccountTally.Share
    private let receiver: ReceiveBlob
    private let state = Mutex(State())

    init(arrived: ByteCount, caller: Caller, place: AccountTally.Share, receiver: ReceiveBlob) {
        self.arrived = arrived
        self.caller = caller
        self.place = place
        self.receiver = receiver
    }

    /// How many bytes there are, with those that had come before.
    package var size: ByteCount { ByteCount(arrived.bytes + state.withLock { $0.received }) }

    func begin(_ upload: any BlobUpload) { state.withLock { $0.upload = upload } }

    /// Takes room for so many bytes more.
    ///
    /// - Throws: `RegistryServiceError.uploadQuota`.
    func expect(_ size: ByteCount) async throws {
        guard size > .zero else { return }
        let share = try await receiver.reserve(size, for: caller.account)
        state.withLock { state in
            state.shares.append(share)
            state.room += size.bytes
        }
    }

    /// Adds bytes.
    ///
    /// - Throws: what `BlobUpload.append` throws; `RegistryServiceError.uploadQuota`. The upload is over then.
    package func append(_ bytes: [UInt8]) async throws {
        let missing = state.withLock { state in
            state.received += Int64(bytes.count)
            return state.received - state.room
        }
        do {
            if missing > 0 { try await expect(ByteCount(max(missing, Self.step))) }
            try await upload().append(bytes)
        } catch {
            await abandon()
            throw error
        }
    }

    /// Stops for now, where the upload can be continued.
    package func suspend() async { await state.withLock { $0.upload }?.suspend() }

    /// Gives up: nothing is kept.
    package func abandon() async { await state.withLock { $0.upload }?.abandon() }

    /// Stores what has arrived, where it is what it should be and who sent it may still send.
    ///
    /// - Throws: `RegistryServiceError.keyUnknown`, `.keyExpired`, `.accountSuspended`; what `BlobUpload.finish`
    ///   throws. Nothing is kept then.
    package func finish(expecting digest: Digest) async throws {
        _ = try await finish(expecting: digest) { _, _, _ in }
    }

    /// Stores what has arrived; `note` writes down in the same transaction what else there is to know of it.
    ///
    /// With nil it is stored as what it is, and `check` looks whether that is right before anything is written down.
    ///
    /// - Throws: as `finish(expecting:)`; what `check` and `note` throw.
    func finish(
        expecting digest: Digest?,
        check: (StoredBlob) async throws -> Void = { _ in },
        note: @escaping @Sendable (Caller, StoredBlob, any RegistrySession) throws -> Void
    ) async throws -> StoredBlob {
        let (now, caller) = (receiver.surroundings.now(), caller)
        // What had come before leaves the unfinished uploads a moment before it is written down.
        let before = receiver.quota.hold(arrived, for: caller.account)
        defer { withExtendedLifetime(before) {} }
        do {
            try await receiver.store.read { _ = try caller.lookedUpAgain(in: $0, at: now) }
            let blob = try await upload().finish(expecting: digest, at: now)
            receiver.served.stored(blob)
            try await check(blob)
            try await receiver.store.write(by: caller, at: now) { caller, session in
                try session.recordUpload(of: blob.digest, size: blob.size, by: caller.account, at: now)
                try note(caller, blob, session)
            }
            return blob
        } catch {
            await abandon()
            throw error
        }
    }

    private func upload() throws(BlobStorageError) -> any BlobUpload {
        guard let upload = state.withLock({ $0.upload }) else { throw .uploadEnded }
        return upload
    }
}
