// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
package import SystemPackage
import WorkerModel

/// Packs files into a zip, reproducibly: the bytes depend on the paths, contents and executable bits alone.
///
/// Shape: entries sorted by the bytes of their paths, none for folders; deflate at level 9, sizes behind the contents;
/// modes 0644 and 0755; one time for all, at the earliest 1980, where zip begins.
package enum ZipWriter {
    /// Packs `files` to `path`; the parameters and errors are those of `TarGzipWriter.write`.
    package static func write(
        _ files: [PackedFile],
        to path: FilePath,
        time: Int64 = 0,
        limits: ArchiveLimits
    ) throws(ArchiveError) -> PackedArchive {
        let temporary = HostFiles.temporarySibling(of: path)
        do throws(ArchiveError) {
            var packing = try ZipPacking(temporary, time: DOSTime(secondsSince1970: time), limits: limits)
            for file in files.sorted(by: { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }) {
                try packing.add(file)
            }
            let archive = try packing.finish()
            do throws(HostError) { try HostFiles.rename(temporary, to: path) } catch { throw .host(error) }
            return archive
        } catch {
            // What went wrong before is what counts.
            try? HostFiles.removeFile(temporary)
            throw error
        }
    }
}

/// Date and time as zip keeps them: local, in steps of two seconds, from 1980 to 2107.
struct DOSTime: Hashable {
    let date: UInt16
    let time: UInt16

    /// The time as UTC; what zip cannot hold becomes the nearest that it can.
    init(secondsSince1970 seconds: Int64) {
        let (earliest, latest): (Int64, Int64) = (315_532_800, 4_354_819_198)
        let seconds = min(max(seconds, earliest), latest)
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        // Days to a civil date: years of 365.2425 days that begin in March, so that a leap day comes last.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        date = UInt16((year - 1980) << 9 | month << 5 | day)
        time = UInt16((rest / 3600) << 11 | (rest % 3600 / 60) << 5 | rest % 60 / 2)
    }
}

/// A zip file in the making.
private struct ZipPacking: ~Copyable {
    private struct Member {
        let path: String
        let isExecutable: Bool
        let offset: UInt32
        var checksum: UInt32 = 0
        var compressed: UInt32 = 0
        var size: UInt32 = 0
    }

    /// Sizes follow the contents; paths are UTF-8.
    private static let flags: UInt16 = 0x0808
    private static let deflate: UInt16 = 8
    private static let level: Int32 = 9

    private var file: OutputFile
    private var policy: EntryPolicy
    private let limits: ArchiveLimits
    private let time: DOSTime
    private let buffer = Slab()
    private let deflated = Slab()
    private var members: [Member] = []
    private var unpacked = ByteCount.zero

    init(_ path: FilePath, time: DOSTime, limits: ArchiveLimits) throws(ArchiveError) {
        do throws(HostError) {
            file = try OutputFile(in: OutputFile.currentDirectory, named: path.string, path: path, mode: 0o644)
        } catch { throw .host(error) }
        self.time = time
        self.limits = limits
        policy = EntryPolicy(limits: limits)
    }

    mutating func add(_ packed: PackedFile) throws(ArchiveError) {
        switch packed.source {
        case .bytes(let bytes):
            var rest = bytes[...]
            try add(packed, size: Int64(bytes.count)) { memory throws(ArchiveError) in
                let piece = rest.prefix(memory.count)
                memory.copyBytes(from: piece)
                rest = rest.dropFirst(piece.count)
                return piece.count
            }
        case .file(let path):
            var source = try SourceFile(path)
            try add(packed, size: source.size) { memory throws(ArchiveError) in try source.read(into: memory) }
        }
    }

    private mutating func add(
        _ packed: PackedFile,
        size: Int64,
        read: (UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int
    ) throws(ArchiveError) {
        try admit(packed, size: size)
        var member = Member(path: packed.path, isExecutable: packed.isExecutable, offset: UInt32(file.size.bytes))
        try write(LittleEndian(0x0403_4B50, 32).adding(20, 16).adding(common(member), name: member.path))
        let start = file.size.bytes
        var deflater = try Deflater(level: Self.level)
        var crc = CRC32()
        var remaining = size
        while true {
            buffer.count = try read(buffer.memory)
            remaining -= Int64(buffer.count)
            if remaining < 0 { break }
            crc.update(buffer.bytes)
            let isLast = buffer.count == 0
            try deflate(buffer.bytes, with: &deflater, isLast: isLast)
            if isLast { break }
        }
        if remaining != 0 { throw .packing(.changed, path: packed.path) }
        member.checksum = crc.value
        member.compressed = UInt32(file.size.bytes - start)
        member.size = UInt32(size)
        try write(LittleEndian(0x0807_4B50, 32).adding(sizes(member)))
        members.append(member)
        unpacked = unpacked + ByteCount(size)
    }

    private mutating func admit(_ packed: PackedFile, size: Int64) throws(ArchiveError) {
        do throws(ArchiveFault) {
            let path: EntryPath
            do throws(PathFault) { path = try EntryPath(parsing: packed.path.utf8, isDirectory: false) } catch {
                throw .path(error)
            }
            try policy.count()
            try policy.admit(
                ArchiveEntry(path: path, kind: .file, size: ByteCount(size), isExecutable: packed.isExecutable)
            )
        } catch { throw .packing(.rule(error), path: packed.path) }
        // Beyond are the sizes and places of ZIP64, which our readers refuse.
        if size + file.size.bytes > Int64(Int32.max) { throw .packing(.tooLarge, path: packed.path) }
    }

    private mutating func deflate(
        _ bytes: UnsafeRawBufferPointer,
        with deflater: inout Deflater,
        isLast: Bool
    ) throws(ArchiveError) {
        var rest = bytes
        var isDone = false
        while !isDone {
            let step = deflater.run(rest, into: deflated.memory, isLast: isLast)
            deflated.count = step.produced
            do throws(HostError) { try file.write(deflated.bytes) } catch { throw .host(error) }
            rest = UnsafeRawBufferPointer(rebasing: rest[step.consumed...])
            isDone = isLast ? step.isEnd : rest.isEmpty && !deflated.isFull
        }
    }

    /// Writes the directory and the end record, syncs the file and closes it.
    consuming func finish() throws(ArchiveError) -> PackedArchive {
        let start = file.size.bytes
        for member in members {
            // Made on Unix, whose modes stand in the upper half of the attributes.
            let mode: UInt64 = member.isExecutable ? 0o100755 : 0o100644
            var record = LittleEndian(0x0201_4B50, 32).adding(3 << 8 | 20, 16).adding(20, 16)
            record = record.adding(common(member)).adding(UInt64(member.path.utf8.count), 16)
            // No extra field, no comment, the first disk, no internal attributes.
            record = record.adding(0, 16).adding(0, 16).adding(0, 16).adding(0, 16)
            record = record.adding(mode << 16, 32).adding(UInt64(member.offset), 32)
            try write(record.adding(Array(member.path.utf8)))
        }
        let size = file.size.bytes - start
        let count = UInt64(members.count)
        let end = LittleEndian(0x0605_4B50, 32).adding(0, 16).adding(0, 16).adding(count, 16).adding(count, 16)
        try write(end.adding(UInt64(size), 32).adding(UInt64(start), 32).adding(0, 16))
        let total = file.size
        if total > limits.compressed { throw .tooLarge(limit: limits.compressed) }
        let unpacked = self.unpacked
        do throws(HostError) {
            try file.sync()
            return PackedArchive(digest: try file.finish(), size: total, unpacked: unpacked)
        } catch { throw .host(error) }
    }

    /// What both headers have, from the flags to the sizes.
    private func common(_ member: Member) -> [UInt8] {
        LittleEndian(UInt64(Self.flags), 16).adding(UInt64(Self.deflate), 16)
            .adding(UInt64(time.time), 16).adding(UInt64(time.date), 16).adding(sizes(member)).bytes
    }

    private func sizes(_ member: Member) -> [UInt8] {
        LittleEndian(UInt64(member.checksum), 32).adding(UInt64(member.compressed), 32)
            .adding(UInt64(member.size), 32).bytes
    }

    private mutating func write(_ record: LittleEndian) throws(ArchiveError) {
        do throws(HostError) {
            try record.bytes.span.bytes.withUnsafeBytes { bytes throws(HostError) in try file.write(bytes) }
        } catch { throw .host(error) }
    }
}

/// The bytes of a record whose numbers have their lowest byte first.
private struct LittleEndian {
    private(set) var bytes: [UInt8] = []

    init(_ number: UInt64, _ bits: Int) { append(number, bits) }

    func adding(_ number: UInt64, _ bits: Int) -> LittleEndian {
        var record = self
        record.append(number, bits)
        return record
    }

    func adding(_ more: [UInt8]) -> LittleEndian {
        var record = self
        record.bytes += more
        return record
    }

    /// Adds the fields of a local header with the path behind it.
    func adding(_ fields: [UInt8], name: String) -> LittleEndian {
        adding(fields).adding(UInt64(name.utf8.count), 16).adding(0, 16).adding(Array(name.utf8))
    }

    private mutating func append(_ number: UInt64, _ bits: Int) {
        for shift in stride(from: 0, to: bits, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
}
