// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Turns the bytes of a layer, packed as its media type says, into those of its tar archive.
struct LayerDecoder: ~Copyable {
    private var gunzip: GunzipStream?
    private var zstd: ZstdStream?
    private let compression: LayerCompression
    /// The first bytes, until they have told that they are what they should be.
    private var hasBegun = false

    /// - Throws: `ArchiveError.outOfMemory`, `.noZstd`.
    init(_ compression: LayerCompression, engine: InflateEngine) throws(ArchiveError) {
        self.compression = compression
        gunzip = compression == .gzip ? try GunzipStream(engine: engine, takesSeveralMembers: true) : nil
        zstd = compression == .zstd ? try ZstdStream() : nil
    }

    /// Takes bytes from the front of `input` and gives unpacked ones to `output`.
    ///
    /// Returns with `input` empty, or with `output` full; with both when there may be more to come of what was taken.
    ///
    /// - Returns: how many bytes of `output` were written.
    /// - Throws: `ArchiveError.refused`.
    mutating func read(
        _ input: inout UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Int {
        if !hasBegun {
            hasBegun = true
            // Two readers must not see two things in one layer.
            if Self.compression(of: input) != compression { throw .refused(.layer(.otherCompression(compression))) }
        }
        switch compression {
        case .gzip: return try gunzip?.read(&input, into: output) ?? 0
        case .zstd: return try zstd?.read(&input, into: output) ?? 0
        case .none:
            let count = min(input.count, output.count)
            output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
            input = UnsafeRawBufferPointer(rebasing: input[count...])
            return count
        }
    }

    /// - Throws: `ArchiveError.refused` for data that are not whole.
    func finish() throws(ArchiveError) {
        // A file of no bytes at all is an empty archive, and nothing else.
        guard hasBegun || compression == .none else { throw .refused(.layer(.brokenStream(compression))) }
        switch compression {
        case .gzip: try gunzip?.finish()
        case .zstd: try zstd?.finish()
        case .none: break
        }
    }

    /// What the first bytes tell; a tar archive begins with a name, or with zeros.
    private static func compression(of bytes: UnsafeRawBufferPointer) -> LayerCompression {
        if bytes.starts(with: [0x1F, 0x8B]) { return .gzip }
        if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
        // A frame that is to be skipped may come first.
        if bytes.count >= 4, bytes[0] & 0xF0 == 0x50, bytes.dropFirst().starts(with: [0x2A, 0x4D, 0x18]) {
            return .zstd
        }
        return .none
    }
}
