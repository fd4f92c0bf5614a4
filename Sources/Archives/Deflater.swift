// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CCompression

/// One raw deflate stream, written in pieces by zlib.
struct Deflater: ~Copyable {
    struct Step {
        let consumed: Int
        let produced: Int
        let isEnd: Bool
    }

    // Safety: made in `init`, freed in `deinit`, never handed out; a noncopyable type has one owner.
    private let stream: OpaquePointer

    /// - Throws: `ArchiveError.outOfMemory`.
    init(level: Int32) throws(ArchiveError) {
        guard let stream = iii_deflate_open(level) else { throw .outOfMemory }
        self.stream = stream
    }

    deinit { iii_deflate_close(stream) }

    /// Begins another stream, as after `init`.
    mutating func reset() { iii_deflate_reset(stream) }

    mutating func run(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        isLast: Bool
    ) -> Step {
        let step = iii_deflate_run(stream, input.baseAddress, input.count, output.baseAddress, output.count, isLast)
        // zlib fails only on a state that it did not make itself.
        precondition(step.status >= 0, "the deflate stream belongs to this value alone")
        return Step(consumed: step.consumed, produced: step.produced, isEnd: step.status == 1)
    }
}
