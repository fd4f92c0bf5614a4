// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// The first half of the pipeline: hashes the bytes of an archive as they come, where that is wanted, and inflates them
/// into slabs.
struct ArchiveFeeder: ~Copyable {
    let channel: SlabChannel
    private(set) var size = ByteCount.zero
    /// Nil where nobody asks for the digest.
    private var hasher: DigestHasher?
    private var gunzip: GunzipStream
    /// Whether the whole is one gzip member; else its bytes are passed on as they are.
    private let isGzip: Bool
    private let limits: ArchiveLimits
    /// The slab being filled.
    private var slab: Slab?

    /// - Throws: `ArchiveError.outOfMemory`.
    init(
        channel: SlabChannel,
        isHashing: Bool = true,
        format: ArchiveFormat,
        limits: ArchiveLimits,
        engine: InflateEngine
    ) throws(ArchiveError) {
        self.channel = channel
        hasher = isHashing ? DigestHasher() : nil
        self.limits = limits
        isGzip = format == .tarGzip
        gunzip = try GunzipStream(engine: engine)
    }

    /// The digest of all that came, where it was hashed.
    var digest: Digest? { hasher?.finalize() }

    /// Takes the whole of `body`.
    ///
    /// Once something in it is refused, here or by the reader of the slabs, the rest is only hashed. The channel is
    /// finished on return, and not when this throws.
    ///
    /// - Returns: what is wrong with the compressed data.
    mutating func feed<Body: AsyncSequence>(
        _ body: Body
    ) async throws -> Result<Void, ArchiveError> where Body.Element: Collection<UInt8> {
        var fault: ArchiveError?
        for try await chunk in body {
            try Task.checkCancellation()
            try count(chunk)
            if let reason = channel.abandonment {
                if case .host = reason { break }
                continue
            }
            if fault != nil { continue }
            do throws(ArchiveError) {
                try await inflate(chunk)
            } catch {
                fault = error
                channel.finish(.broken)
            }
        }
        // A cancelled sequence may end as if it were complete.
        try Task.checkCancellation()
        return finish(fault)
    }

    private mutating func finish(_ fault: ArchiveError?) -> Result<Void, ArchiveError> {
        defer { channel.finish(.broken) }
        if let fault { return .failure(fault) }
        guard channel.abandonment == nil else { return .success(()) }
        do throws(ArchiveError) {
            if isGzip { try gunzip.finish() }
        } catch { return .failure(error) }
        if let slab { channel.send(slab) }
        slab = nil
        channel.finish(.complete)
        return .success(())
    }

    private mutating func count(_ chunk: some Collection<UInt8>) throws(ArchiveError) {
        size = size + ByteCount(chunk.count)
        if size > limits.compressed { throw .tooLarge(limit: limits.compressed) }
        if hasher == nil { return }
        // Safety: the hasher reads the bytes within the call.
        let isDone: Void? = chunk.withContiguousStorageIfAvailable { hasher?.update(UnsafeRawBufferPointer($0)) }
        if isDone == nil { hasher?.update(Array(chunk)) }
    }

    /// Inflates a chunk, sending slabs as they are full; stops early where the reader has gone.
    private mutating func inflate(_ chunk: some Collection<UInt8>) async throws(ArchiveError) {
        var taken = 0
        var hasMore = true
        while hasMore {
            if slab == nil { slab = await channel.emptySlab() }
            guard let slab else { return }
            taken += try inflate(chunk, from: taken, into: slab)
            hasMore = taken < chunk.count || slab.isFull
            if slab.isFull {
                channel.send(slab)
                self.slab = nil
            }
        }
    }

    /// - Returns: how many bytes of the chunk were taken.
    private mutating func inflate(
        _ chunk: some Collection<UInt8>,
        from start: Int,
        into slab: Slab
    ) throws(ArchiveError) -> Int {
        // Safety: neither the chunk's memory nor the slab's is used after the call.
        let result = chunk.withContiguousStorageIfAvailable { bytes -> Result<Int, ArchiveError> in
            var rest = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[start...]))
            let count = rest.count
            do throws(ArchiveError) {
                slab.count += isGzip ? try gunzip.read(&rest, into: slab.room) : Self.copy(&rest, into: slab.room)
                return .success(count - rest.count)
            } catch { return .failure(error) }
        }
        guard let result else { return try inflate(Array(chunk), from: start, into: slab) }
        return try result.get()
    }

    /// Moves what fits.
    private static func copy(
        _ input: inout UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int {
        let count = min(input.count, output.count)
        output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
        input = UnsafeRawBufferPointer(rebasing: input[count...])
        return count
    }
}
