// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
package import SystemPackage
package import WorkerModel

/// Reads the layers of an image on two processors at once: one task inflates and hashes, another parses, and hands contents
/// to the sink.
///
/// A few slabs of memory lie between them, so memory is flat and neither runs ahead.
package enum LayerPipeline {
    /// The file of a layer as it was fetched.
    package struct Source: Sendable {
        package let path: FilePath
        package let compression: LayerCompression

        package init(_ path: FilePath, _ compression: LayerCompression) {
            self.path = path
            self.compression = compression
        }
    }

    private static let slabs = 6

    /// Reads `count` layers, the lowest first.
    ///
    /// The sink is made and used in a task of its own.
    ///
    /// - Parameters:
    ///   - count: how many layers there are.
    ///   - limits: the most that they may hold.
    ///   - engine: what inflates.
    ///   - open: gives a layer's file, and may wait until there is one.
    ///   - check: is told the digest of each layer's archive as it is without compression; what it throws ends the reading.
    ///   - makeSink: makes what takes the entries.
    /// - Returns: what the sink made of them.
    /// - Throws: what `open` and `check` throw; `ArchiveError`; `CancellationError`.
    @concurrent
    package static func read<Sink: LayerSink>(
        _ count: Int,
        limits: LayerLimits = LayerLimits(),
        engine: InflateEngine = .fastest,
        open: @escaping @Sendable (Int) async throws -> Source,
        check: @Sendable (Int, Digest) throws -> Void,
        into makeSink: @escaping @Sendable () throws(ArchiveError) -> Sink
    ) async throws -> Sink.Output {
        let channel = SlabChannel(slabs: slabs)
        async let output = consume(channel, limits, makeSink)
        do {
            for index in 0..<count where channel.abandonment == nil {
                let feeder = try LayerFeeder(
                    channel: channel,
                    source: try await open(index),
                    limits: limits,
                    engine: engine
                )
                if let digest = try await feeder.feed() { try check(index, digest) }
            }
            try Task.checkCancellation()
        } catch {
            // The other task waits for slabs: it must hear that none come before this scope can end.
            channel.finish(.broken)
            throw error
        }
        channel.finish(.complete)
        return try await output.get()
    }

    @concurrent
    private static func consume<Sink: LayerSink>(
        _ channel: SlabChannel,
        _ limits: LayerLimits,
        _ makeSink: @Sendable () throws(ArchiveError) -> Sink
    ) async -> Result<Sink.Output, ArchiveError> {
        do throws(ArchiveError) {
            var reader = LayerReader(sink: try makeSink(), limits: limits)
            while let slab = await channel.next() {
                try reader.feed(slab.bytes)
                if slab.endsLayer { try reader.endLayer() }
                channel.recycle(slab)
            }
            // Whoever broke off knows a better reason.
            guard channel.end == .complete else { throw .refused(.tar(.truncated)) }
            return .success(try reader.finish())
        } catch {
            channel.abandon(because: error)
            return .failure(error)
        }
    }
}

/// The first half for one layer: reads its file, unpacks and hashes what is in it.
private final class LayerFeeder {
    private static let pieceSize = 256 << 10

    private let channel: SlabChannel
    private let path: FilePath
    private let descriptor: FileDescriptor
    private var decoder: LayerDecoder
    private var hasher = DigestHasher()
    private var size: Int64 = 0
    private let mostBytes: Int64

    init(
        channel: SlabChannel,
        source: LayerPipeline.Source,
        limits: LayerLimits,
        engine: InflateEngine
    ) throws(ArchiveError) {
        self.channel = channel
        path = source.path
        decoder = try LayerDecoder(source.compression, engine: engine)
        let compressed: Int64
        do throws(HostError) {
            compressed = try HostFiles.size(of: path)?.bytes ?? 0
        } catch { throw .host(error) }
        let (product, overflows) = compressed.multipliedReportingOverflow(by: limits.ratio)
        mostBytes = min(limits.unpacked.bytes, max(overflows ? .max : product, limits.ratioFloor.bytes))
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch { throw .host(HostError(.read, path, error as? Errno ?? .ioError)) }
    }

    deinit { try? descriptor.close() }

    /// Sends all of it.
    ///
    /// - Returns: the digest of its archive; nil where nobody reads any more.
    func feed() async throws -> Digest? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize, alignment: 64)
        // Safety: the buffer lives as long as this call, which alone reads and writes it.
        defer { buffer.deallocate() }
        guard var slab = await channel.emptySlab() else { return nil }
        while true {
            try Task.checkCancellation()
            let count = try read(into: buffer)
            if count == 0 { break }
            var rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
            var hasMore = true
            while hasMore {
                slab.count += try decoder.read(&rest, into: slab.room)
                hasMore = !rest.isEmpty || slab.isFull
                guard slab.isFull else { continue }
                try account(for: slab)
                channel.send(slab)
                guard let next = await channel.emptySlab() else { return nil }
                slab = next
            }
        }
        try decoder.finish()
        try account(for: slab)
        slab.endsLayer = true
        channel.send(slab)
        return hasher.finalize()
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        do { return try descriptor.read(into: buffer) } catch {
            throw .host(HostError(.read, path, error as? Errno ?? .ioError))
        }
    }

    private func account(for slab: Slab) throws(ArchiveError) {
        hasher.update(slab.bytes)
        size += Int64(slab.count)
        if size > mostBytes { throw .refused(.layer(.ratio(limit: ByteCount(mostBytes)))) }
    }
}
