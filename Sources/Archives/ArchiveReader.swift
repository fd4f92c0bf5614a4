// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// Reads a tar.gz whose bytes come in pieces, in one place and at one time.
///
/// Memory is the same whatever the size of the archive. `ArchivePipeline` does the same on two processors.
package struct ArchiveReader<Sink: ArchiveSink>: ~Copyable {
    private var gunzip: GunzipStream
    private var tar: TarReader<Sink>
    private var compressed: Int64 = 0
    private let limits: ArchiveLimits
    private let buffer: Slab

    /// - Throws: `ArchiveError.outOfMemory`.
    package init(sink: Sink, limits: ArchiveLimits, engine: InflateEngine = .fastest) throws(ArchiveError) {
        gunzip = try GunzipStream(engine: engine)
        tar = TarReader(sink: sink, limits: limits)
        self.limits = limits
        buffer = Slab()
    }

    /// Takes the next bytes of the archive, cut anywhere; they are not needed after the call.
    ///
    /// - Throws: `ArchiveError`; the reader is of no use afterwards.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        compressed += Int64(bytes.count)
        if compressed > limits.compressed.bytes { throw .tooLarge(limit: limits.compressed) }
        var rest = bytes
        repeat {
            buffer.count = try gunzip.read(&rest, into: buffer.memory)
            try tar.feed(buffer.bytes)
        } while !rest.isEmpty || buffer.isFull
    }

    /// Ends the archive.
    ///
    /// - Returns: what the sink made of it.
    /// - Throws: `ArchiveError` for an archive that is not whole.
    package mutating func finish() throws(ArchiveError) -> Sink.Output {
        try gunzip.finish()
        return try tar.finish()
    }
}
