// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// Reads an archive on two processors at once: one task hashes and, for a tar.gz, inflates what comes in, another parses,
/// and hands contents to the sink.
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
        format: ArchiveFormat = .tarGzip,
        limits: ArchiveLimits,
        engine: InflateEngine = .fastest,
        into makeSink: @escaping @Sendable () throws(ArchiveError) -> Sink
    ) async throws -> Outcome<Sink.Output> where Body.Element: Collection<UInt8> {
        var feeder = try ArchiveFeeder(
            channel: SlabChannel(slabs: slabs),
            format: format,
            limits: limits,
            engine: engine
        )
        let result = try await run(&feeder, body, format, limits, engine, into: makeSink)
        guard let digest = feeder.digest else { preconditionFailure("a feeder hashes unless it is told not to") }
        return Outcome(digest: digest, size: feeder.size, result: result)
    }

    /// Reads an archive whose bytes were held against their digest before, without hashing them again.
    ///
    /// - Returns: what the sink made of it, or the rule that the archive breaks.
    /// - Throws: as `read`.
    @concurrent
    package static func readVerified<Body: AsyncSequence & Sendable, Sink: ArchiveSink>(
        _ body: Body,
        format: ArchiveFormat = .tarGzip,
        limits: ArchiveLimits,
        into makeSink: @escaping @Sendable () throws(ArchiveError) -> Sink
    ) async throws -> Result<Sink.Output, ArchiveError> where Body.Element: Collection<UInt8> {
        var feeder = try ArchiveFeeder(
            channel: SlabChannel(slabs: slabs),
            isHashing: false,
            format: format,
            limits: limits,
            engine: .fastest
        )
        return try await run(&feeder, body, format, limits, .fastest, into: makeSink)
    }

    @concurrent
    private static func run<Body: AsyncSequence & Sendable, Sink: ArchiveSink>(
        _ feeder: inout ArchiveFeeder,
        _ body: Body,
        _ format: ArchiveFormat,
        _ limits: ArchiveLimits,
        _ engine: InflateEngine,
        into makeSink: @escaping @Sendable () throws(ArchiveError) -> Sink
    ) async throws -> Result<Sink.Output, ArchiveError> where Body.Element: Collection<UInt8> {
        let channel = feeder.channel
        async let output = consume(channel) { () throws(ArchiveError) -> any EntryReader<Sink.Output> in
            let sink = try makeSink()
            return switch format {
            case .tarGzip: TarReader(sink: sink, limits: limits)
            case .zip: ZipReader(sink: sink, limits: limits, engine: engine)
            }
        }
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
        return unpacked.flatMap { result }
    }

    @concurrent
    private static func consume<Output>(
        _ channel: SlabChannel,
        with makeReader: @Sendable () throws(ArchiveError) -> any EntryReader<Output>
    ) async -> Result<Output, ArchiveError> {
        do throws(ArchiveError) {
            return .success(try await consume(channel, try makeReader()))
        } catch {
            channel.abandon(because: error)
            return .failure(error)
        }
    }

    private static func consume<Reader: EntryReader>(
        _ channel: SlabChannel,
        _ reader: Reader
    ) async throws(ArchiveError) -> Reader.Output {
        var reader = reader
        while let slab = await channel.next() {
            try reader.feed(slab.bytes)
            channel.recycle(slab)
        }
        // Whoever broke off knows a better reason.
        guard channel.end == .complete else { throw .refused(.tar(.truncated)) }
        return try reader.finish()
    }
}
