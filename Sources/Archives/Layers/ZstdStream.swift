// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CCompression

/// A zstd stream whose bytes come in pieces; it may have several frames.
struct ZstdStream: ~Copyable {
    // Safety: made in `init`, freed in `deinit`, never handed out; a noncopyable type has one owner.
    private let stream: OpaquePointer
    private var isAtEndOfFrame = false

    /// - Throws: `ArchiveError.noZstd` where the machine has no libzstd.
    init() throws(ArchiveError) {
        guard let stream = iii_zstd_open() else { throw .noZstd }
        self.stream = stream
    }

    deinit { iii_zstd_close(stream) }

    /// As `GunzipStream.read`.
    mutating func read(
        _ input: inout UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Int {
        var produced = 0
        repeat {
            let room = UnsafeMutableRawBufferPointer(rebasing: output[produced...])
            let step = iii_zstd_run(stream, input.baseAddress, input.count, room.baseAddress, room.count)
            guard step.status >= 0 else { throw .refused(.layer(.brokenStream(.zstd))) }
            // At the end of the input the last answer says whether a frame ended there.
            if step.consumed > 0 || step.produced > 0 { isAtEndOfFrame = step.status == 1 }
            input = UnsafeRawBufferPointer(rebasing: input[step.consumed...])
            produced += step.produced
            if step.consumed == 0, step.produced == 0 { break }
        } while !input.isEmpty && produced < output.count
        return produced
    }

    /// - Throws: `ArchiveError.refused` unless the last frame was whole.
    func finish() throws(ArchiveError) {
        if !isAtEndOfFrame { throw .refused(.layer(.brokenStream(.zstd))) }
    }
}
