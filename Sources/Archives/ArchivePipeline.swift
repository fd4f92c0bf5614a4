// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// Reads a tar.gz on two processors at once: one task hashes and inflates what comes in, another parses, and hands
/// contents to the sink.
///
/// A few slabs of memory lie between them, so memory is flat and neither runs ahead.
package enum ArchivePipeline {
    /// What is known after the last byte.
    package struct Outcome<Output: Sendable>: Sendable {
        /// The digest of all bytes of the archive.
        package let digest: Digest
        package let size: ByteCount
        /// What the sink made of it, or the rule that the archive breaks.
        ///
        /// All bytes are hashed in either case, so that one can tell a publisher's bad archive from bytes that went
        /// wrong on the way.
        package let result: Result<Output, ArchiveError>
    }

    private static let slabs = 6

    /// Reads the archive that comes as `body`, in pieces of any size.
    ///
    /// The sink is made and used in a task of its own.
    ///
    /// - Throws: what `body` throws; `CancellationError`; `ArchiveError.tooLarge` as soon as more bytes come than the
    ///   limits allow; `ArchiveError.host` for a failure of this machine. A broken rule is not thrown but returned.
    @concurrent
    package static func read<Body: AsyncSequence & Sendable, Sink: ArchiveSink>(
        _ body: Body,
        limits: ArchiveLimits,
        engine: InflateEngine = .fastest,
        into makeSink: @escaping @Sendable () throws(ArchiveError) -> Sink
    ) async throws -> Outcome<Sink.Output> where Body.Element: Collection<UInt8> {
        var feeder = try ArchiveFeeder(channel: SlabChannel(slabs: slabs), limits: limits, engine: engine)
        let channel = feeder.channel
        async let output = consume(channel, limits: limits, into: makeSink)
        let unpacked: Result<Void, ArchiveError>
        do {
            unpacked = try await feeder.feed(body)
        } catch {
            // The other task waits for slabs: it must hear that none come before this scope can end.
            channel.finish(.broken)
            throw error
        }
        let result = await output
        if case .failure(.host(let error)) = result { throw ArchiveError.host(error) }
        return Outcome(digest: feeder.digest, size: feeder.size, result: unpacked.flatMap { result })
    }

    @concurrent
    private static func consume<Sink: ArchiveSink>(
        _ channel: SlabChannel,
        limits: ArchiveLimits,
        into makeSink: @Sendable () throws(ArchiveError) -> Sink
    ) async -> Result<Sink.Output, ArchiveError> {
        do throws(ArchiveError) {
            var reader = TarReader(sink: try makeSink(), limits: limits)
            while let slab = await channel.next() {
                try reader.feed(slab.bytes)
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
