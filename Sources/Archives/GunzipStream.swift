// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Unpacks gzip members whose bytes come in pieces.
///
/// Anything but exactly one whole member is refused; where several are taken, anything but whole members.
struct GunzipStream: ~Copyable {
    private enum Part {
        case header(GzipHeaderReader)
        case body
        case trailer([UInt8])
        case done
    }

    private var part = Part.header(GzipHeaderReader())
    private var inflater: Inflater
    private var crc = CRC32()
    private var length: UInt32 = 0
    /// What follows the trailer, at most two bytes: enough to tell another member from noise.
    private var excess: [UInt8] = []
    private let engine: InflateEngine
    private let takesSeveralMembers: Bool

    /// - Throws: `ArchiveError.outOfMemory`.
    init(engine: InflateEngine, takesSeveralMembers: Bool = false) throws(ArchiveError) {
        inflater = try Inflater(engine: engine)
        self.engine = engine
        self.takesSeveralMembers = takesSeveralMembers
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
        var produced = 0
        while true {
            let room = UnsafeMutableRawBufferPointer(rebasing: output[produced...])
            do {
                produced += try step(&input, into: room)
            } catch { throw .refused(.gzip(error)) }
            guard case .done = part, takesSeveralMembers, !input.isEmpty else { return produced }
            (part, crc, length) = (.header(GzipHeaderReader()), CRC32(), 0)
            inflater = try Inflater(engine: engine)
        }
    }

    /// - Throws: `ArchiveError.refused` unless the member was whole.
    func finish() throws(ArchiveError) {
        switch part {
        case .done: break
        case .header(let reader) where !reader.isStarted: throw .refused(.gzip(.notGzip))
        default: throw .refused(.gzip(.truncated))
        }
        if !excess.isEmpty { throw .refused(.gzip(.bytesAfterEnd)) }
    }

    private mutating func step(
        _ input: inout UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(GzipFault) -> Int {
        if case .header = part { try readHeader(&input) }
        var produced = 0
        if case .body = part { produced = try inflate(&input, into: output) }
        if case .body = part { return produced }
        while let byte = input.first {
            if case .done = part, takesSeveralMembers { break }
            try takeAfterBody(byte)
            input = UnsafeRawBufferPointer(rebasing: input[1...])
        }
        return produced
    }

    private mutating func readHeader(_ input: inout UnsafeRawBufferPointer) throws(GzipFault) {
        guard case .header(var reader) = part else { return }
        var count = 0
        while count < input.count, !reader.isDone {
            try reader.take(input[count])
            count += 1
        }
        input = UnsafeRawBufferPointer(rebasing: input[count...])
        part = reader.isDone ? .body : .header(reader)
    }

    private mutating func inflate(
        _ input: inout UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(GzipFault) -> Int {
        var produced = 0
        while produced < output.count {
            let room = UnsafeMutableRawBufferPointer(rebasing: output[produced...])
            guard let step = inflater.run(input, into: room) else { throw .brokenStream }
            account(for: UnsafeRawBufferPointer(rebasing: room[..<step.produced]))
            produced += step.produced
            input = UnsafeRawBufferPointer(rebasing: input[step.consumed...])
            if let unused = step.unused {
                part = .trailer([])
                for byte in unused { try takeAfterBody(byte) }
                break
            }
            if step.produced == 0, step.consumed == 0 {
                // Bytes on both sides and nothing done: no stream goes on from here.
                if !input.isEmpty { throw .brokenStream }
                break
            }
        }
        return produced
    }

    private mutating func account(for bytes: UnsafeRawBufferPointer) {
        crc.update(bytes)
        length &+= UInt32(truncatingIfNeeded: bytes.count)
    }

    private mutating func takeAfterBody(_ byte: UInt8) throws(GzipFault) {
        switch part {
        case .trailer(var trailer):
            trailer.append(byte)
            part = .trailer(trailer)
            if trailer.count == 8 { try check(trailer) }
        default:
            excess.append(byte)
            if excess == [0x1F, 0x8B] { throw .severalMembers }
            if excess.count > 1 || byte != 0x1F { throw .bytesAfterEnd }
        }
    }

    private mutating func check(_ trailer: [UInt8]) throws(GzipFault) {
        func word(at index: Int) -> UInt32 {
            trailer[index..<index + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        if word(at: 0) != crc.value { throw .checksum }
        if word(at: 4) != length { throw .length }
        part = .done
    }
}
