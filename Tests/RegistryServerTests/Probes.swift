// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import NIOCore
import NIOPosix
import RegistryStorage
import Synchronization
import SystemPackage
import WorkerModel

/// A connection that sends what no client sends.
enum RawConnection {
    /// Sends bytes and closes the connection when `isSeen` has returned.
    static func send(_ bytes: [UInt8], to port: Int, isSeen: () async -> Void) async throws {
        let channel = try await connect(port)
        try await channel.executeThenClose { _, outbound in
            try await outbound.write(ByteBuffer(bytes: bytes))
            await isSeen()
        }
    }

    /// Sends bytes and what `more` sends, and reads until the server ends the connection.
    static func exchange(
        _ bytes: [UInt8],
        with port: Int,
        more: (NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws -> Void = { _ in }
    ) async throws -> String {
        try await exchange(bytes, over: try await connect(port), more: more)
    }

    /// Sends bytes and what `sending` writes to the channel itself, each write over when the socket has it, and reads until
    /// the server ends the connection.
    static func exchange(
        _ bytes: [UInt8],
        with port: Int,
        sending: (any Channel) async throws -> Void
    ) async throws -> String {
        let channel = try await connect(port)
        return try await exchange(bytes, over: channel) { _ in try await sending(channel.channel) }
    }

    /// Sends bytes and says that no more will come, and reads until the server ends the connection.
    static func exchangeAll(_ bytes: [UInt8], with port: Int) async throws -> String {
        let channel = try await connect(port, isHalfClosed: true)
        return try await exchange(bytes, over: channel) { outbound in outbound.finish() }
    }

    private static func exchange(
        _ bytes: [UInt8],
        over channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>,
        more: (NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws -> Void
    ) async throws -> String {
        try await channel.executeThenClose { inbound, outbound in
            do {
                try await outbound.write(ByteBuffer(bytes: bytes))
                try await more(outbound)
            } catch ChannelError.ioOnClosedChannel {
                // The server has ended the connection: what it said is still to be read.
            }
            var answer = ByteBuffer()
            for try await piece in inbound { answer.writeImmutableBuffer(piece) }
            return String(buffer: answer)
        }
    }

    private static func connect(
        _ port: Int,
        isHalfClosed: Bool = false
    ) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "localhost", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: isHalfClosed)
                    )
                }
            }
    }
}

/// How much was sent and not yet stored.
final class FlowProbe: Sendable {
    private struct State {
        var sent = 0
        var stored = 0
        var mostUnderWay = 0
        var largestPiece = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var mostUnderWay: Int { state.withLock { $0.mostUnderWay } }
    var largestPiece: Int { state.withLock { $0.largestPiece } }

    func noteSent(_ count: Int) {
        state.withLock { state in
            state.sent += count
            state.mostUnderWay = max(state.mostUnderWay, state.sent - state.stored)
        }
    }

    func noteStored(_ count: Int) {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.stored += count
            state.largestPiece = max(state.largestPiece, count)
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when something has been stored.
    func waitForStored() async {
        await withCheckedContinuation { continuation in
            let isStored = state.withLock { state in
                if state.stored == 0 { state.waiting.append(continuation) }
                return state.stored > 0
            }
            if isStored { continuation.resume() }
        }
    }
}

/// A place where a request waits until a test lets it go on.
final class Gate: Sendable {
    private let arrivals = AsyncStream<Void>.makeStream()
    private let departures = AsyncStream<Void>.makeStream()

    /// Waits until a request has come here.
    func reached() async { _ = await arrivals.stream.first { _ in true } }

    func open() { departures.continuation.finish() }

    func pass() async {
        arrivals.continuation.yield()
        for await _ in departures.stream {}
    }
}

/// A store that tells a probe what was stored, and whose uploads wait at a gate before they begin.
struct WatchedBlobStore: BlobStore {
    let store: any BlobStore
    var probe: FlowProbe?
    var gate: Gate?
    /// Whether nothing more can be stored.
    var isFull = false

    func beginUpload(_ name: UploadName?, upTo limit: ByteCount) async throws -> any BlobUpload {
        await gate?.pass()
        return Upload(upload: try await store.beginUpload(name, upTo: limit), probe: probe)
    }
    func continueUpload(
        _ name: UploadName,
        at offset: ByteCount,
        upTo limit: ByteCount
    ) async throws -> any BlobUpload {
        Upload(upload: try await store.continueUpload(name, at: offset, upTo: limit), probe: probe)
    }
    func openUpload(_ name: UploadName) async throws { try await store.openUpload(name) }
    func discardUpload(_ name: UploadName) async throws -> Bool { try await store.discardUpload(name) }
    func unfinishedUploads(of account: AccountName) async throws -> Int {
        try await store.unfinishedUploads(of: account)
    }
    func suspendedUpload(_ name: UploadName) async throws -> ByteCount? { try await store.suspendedUpload(name) }
    func suspendedUploads(of account: AccountName) async throws -> ByteCount {
        try await store.suspendedUploads(of: account)
    }

    func probe() async throws {
        if isFull { throw BlobStorageError.storageFull }
        try await store.probe()
    }
    func blob(_ digest: Digest) async throws -> StoredBlob? { try await store.blob(digest) }
    func bytes(of digest: Digest, in range: Range<Int64>) async throws -> [UInt8] {
        try await store.bytes(of: digest, in: range)
    }
    func renew(_ digest: Digest, at now: Timestamp) async throws -> Bool { try await store.renew(digest, at: now) }
    func delete(_ digest: Digest, ifOlderThan moment: Timestamp) async throws -> Bool {
        try await store.delete(digest, ifOlderThan: moment)
    }
    func blobs(after digest: Digest?, limit: Int) async throws -> [StoredBlob] {
        try await store.blobs(after: digest, limit: limit)
    }
    func sweepUploads(olderThan moment: Timestamp) async throws -> Int {
        try await store.sweepUploads(olderThan: moment)
    }

    private final class Upload: BlobUpload {
        let upload: any BlobUpload
        let probe: FlowProbe?

        init(upload: any BlobUpload, probe: FlowProbe?) {
            self.upload = upload
            self.probe = probe
        }

        func append(_ bytes: [UInt8]) async throws {
            try await upload.append(bytes)
            probe?.noteStored(bytes.count)
        }

        func finish(expecting digest: Digest?, at now: Timestamp) async throws -> StoredBlob {
            try await upload.finish(expecting: digest, at: now)
        }

        func suspend() async { await upload.suspend() }
        func abandon() async { await upload.abandon() }
    }
}
