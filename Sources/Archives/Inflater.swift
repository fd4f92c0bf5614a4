// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CCompression

/// A library that inflates.
///
/// Both accept the same streams, but for broken code tables that ISA-L lets pass; where both accept a stream they give
/// the same bytes.
package enum InflateEngine: Sendable, Hashable, CaseIterable {
    /// About twice as fast, where the machine has it.
    case isal
    case zlib

    /// ISA-L where there is one, zlib otherwise.
    package static var fastest: InflateEngine { isal.isAvailable ? .isal : .zlib }

    package var isAvailable: Bool { self == .zlib || iii_isal_is_available() }
}

/// One raw deflate stream, read in pieces.
struct Inflater: ~Copyable {
    /// What one call did.
    struct Step {
        var consumed: Int
        var produced: Int
        /// At the end of the stream: bytes that were consumed and do not belong to it.
        ///
        /// They precede what is left of the input.
        var unused: [UInt8]?
    }

    // Safety: made in `init`, freed in `deinit`, never handed out; a noncopyable type has one owner.
    private let stream: OpaquePointer

    /// - Throws: `ArchiveError.outOfMemory`.
    init(engine: InflateEngine) throws(ArchiveError) {
        guard let stream = iii_inflate_open(engine == .isal) else { throw .outOfMemory }
        self.stream = stream
    }

    deinit { iii_inflate_close(stream) }

    /// Inflates some of `input` to `output`, nil for a broken stream.
    ///
    /// While `output` comes back full there may be more.
    mutating func run(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Step? {
        let step = iii_inflate_run(stream, input.baseAddress, input.count, output.baseAddress, output.count)
        guard step.status >= 0 else { return nil }
        let unused = step.status == 0 ? nil : withUnsafeBytes(of: step.unused) { Array($0.prefix(step.unused_count)) }
        return Step(consumed: step.consumed, produced: step.produced, unused: unused)
    }
}

/// The CRC-32 of gzip and zip, of bytes that come in pieces.
struct CRC32: Sendable {
    private(set) var value: UInt32 = 0

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        value = iii_crc32(value, bytes.baseAddress, bytes.count)
    }
}
