// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The contents of one member of a zip file while they are read: unpacked, counted, and held to what its header says.
final class ZipContents {
    let member: ZipMember
    private var inflater: Inflater
    private var crc = CRC32()
    private var compressedSize: Int64 = 0
    private(set) var size: Int64 = 0
    private(set) var isDone = false
    /// What was taken beyond the end of the contents; it precedes the rest of the input.
    private(set) var excess: [UInt8] = []

    /// - Throws: `ArchiveError.outOfMemory`.
    init(of member: ZipMember, engine: InflateEngine) throws(ArchiveError) {
        self.member = member
        inflater = try Inflater(engine: engine)
        isDone = !member.hasDescriptor && member.compressedSize == 0
    }

    /// Takes bytes from the front of `input` and gives unpacked ones to `output`.
    ///
    /// - Returns: how many bytes of `output` were written; zero of them only where more input is needed, or at the end.
    func read(
        _ input: inout UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(ZipFault) -> Int {
        let count =
            member.hasDescriptor ? input.count : min(input.count, Int(Int64(member.compressedSize) - compressedSize))
        let window = UnsafeRawBufferPointer(rebasing: input[..<count])
        let step: (consumed: Int, produced: Int)
        switch member.method {
        case .stored: step = copy(window, into: output)
        case .deflated: step = try inflate(window, into: output)
        }
        input = UnsafeRawBufferPointer(rebasing: input[step.consumed...])
        crc.update(UnsafeRawBufferPointer(rebasing: output[..<step.produced]))
        size += Int64(step.produced)
        if !member.hasDescriptor, size > Int64(member.size) { throw .length }
        return step.produced
    }

    /// The member with checksum and sizes as they were found.
    ///
    /// - Throws: `ZipFault` where the header, or the `descriptor` behind the contents, says something else.
    func finish(_ descriptor: ZipMember.Summary? = nil) throws(ZipFault) -> ZipMember {
        let found = ZipMember.Summary(
            checksum: crc.value,
            compressedSize: UInt32(clamping: compressedSize),
            size: UInt32(clamping: size)
        )
        guard let stated = descriptor else {
            try found.expect(member.summary)
            return member
        }
        try found.expect(stated)
        // What a header says though it need not is true, or nothing.
        if member.summary != stated, member.summary != .unknown { throw .disagreement(field: "size") }
        var member = member
        member.summary = stated
        return member
    }

    private func copy(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) -> (consumed: Int, produced: Int) {
        let count = min(input.count, output.count)
        output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
        compressedSize += Int64(count)
        isDone = compressedSize == Int64(member.compressedSize)
        return (count, count)
    }

    private func inflate(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(ZipFault) -> (consumed: Int, produced: Int) {
        guard let step = inflater.run(input, into: output) else { throw .brokenStream }
        compressedSize += Int64(step.consumed)
        if let unused = step.unused {
            isDone = true
            excess = unused
            compressedSize -= Int64(unused.count)
            if !member.hasDescriptor, compressedSize != Int64(member.compressedSize) { throw .length }
        } else if step.produced == 0, step.consumed == 0 {
            // Bytes on both sides and nothing done, or the end of the input before that of the stream.
            let isExhausted = !member.hasDescriptor && compressedSize == Int64(member.compressedSize)
            if isExhausted || !input.isEmpty { throw .brokenStream }
        }
        return (step.consumed, step.produced)
    }
}

extension ZipMember.Summary {
    fileprivate static let unknown = ZipMember.Summary(checksum: 0, compressedSize: 0, size: 0)

    fileprivate func expect(_ stated: ZipMember.Summary) throws(ZipFault) {
        if checksum != stated.checksum { throw .checksum }
        if compressedSize != stated.compressedSize || size != stated.size { throw .length }
    }
}

extension ZipFault: Error {}
