// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
package import SystemPackage

/// A file that is in memory only; it goes with the last who has it open.
package final class MemoryFile: Sendable {
    package let descriptor: FileDescriptor

    /// An empty file of a size in bytes, which takes memory where it is written only.
    package init(size: Int64 = 0) throws(HostError) {
        descriptor = FileDescriptor(rawValue: iii_memory_file("memory"))
        guard descriptor.rawValue >= 0 else { throw HostError(.create, "a file in memory", .current) }
        guard size == 0 || ftruncate(descriptor.rawValue, off_t(size)) == 0 else {
            let failure = Errno.current
            try? descriptor.close()
            throw HostError(.create, "a file in memory", failure)
        }
    }

    deinit { try? descriptor.close() }

    /// From now on nobody can change it, whoever has it open.
    ///
    /// - Throws: `HostError` where somebody still has it mapped to write.
    package func seal() throws(HostError) {
        if iii_seal(descriptor.rawValue) != 0 { throw HostError(.changeMode, "a file in memory", .current) }
    }

    /// The same file with a place to read from of its own, at its beginning.
    package func reopened() throws -> FileDescriptor {
        try FileDescriptor.open("/proc/self/fd/\(descriptor.rawValue)", .readOnly, options: .closeOnExec)
    }

    package func write(_ bytes: [UInt8], at offset: Int64) throws {
        _ = try bytes.withUnsafeBytes { try descriptor.writeAll(toAbsoluteOffset: offset, $0) }
    }

    /// All of it, from the beginning.
    package func contents() throws -> [UInt8] {
        let size = Int(try size)
        return try [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            // Safety: read writes at most `buffer.count` bytes and returns how many.
            let buffer = UnsafeMutableRawBufferPointer(buffer)
            while initialized < size {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[initialized..<size])
                let count = try descriptor.read(fromAbsoluteOffset: Int64(initialized), into: rest)
                guard count > 0 else { return }
                initialized += count
            }
        }
    }

    package var size: Int64 { get throws { try descriptor.seek(offset: 0, from: .end) } }

    /// Calls `body` with all that is not zero: runs of whole pages, at most 1 MiB each, in their order.
    package func eachRun(_ body: (_ offset: Int64, _ bytes: ArraySlice<UInt8>) throws -> Void) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset: Int64 = 0
        var end: Int64 = 0
        while true {
            offset = iii_next_data(descriptor.rawValue, offset, &end)
            guard offset >= 0 else { return }
            while offset < end {
                let wanted = Int(min(Int64(buffer.count), end - offset))
                let count = try buffer.withUnsafeMutableBytes { buffer in
                    try descriptor.read(
                        fromAbsoluteOffset: offset,
                        into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
                    )
                }
                guard count > 0 else { return }
                for run in Self.runs(in: buffer, count) { try body(offset + Int64(run.lowerBound), buffer[run]) }
                offset += Int64(count)
            }
        }
    }

    private static let page = 4096
    private static let zeros = [UInt8](repeating: 0, count: page)

    private static func runs(in buffer: [UInt8], _ count: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for start in stride(from: 0, to: count, by: page) {
            let end = min(start + page, count)
            // Safety: both regions have at least as many bytes as are compared.
            let isZero = buffer.withUnsafeBytes {
                $0.baseAddress.map { memcmp($0 + start, zeros, end - start) == 0 } ?? true
            }
            if isZero { continue }
            if let last = runs.last, last.upperBound == start {
                runs[runs.count - 1] = last.lowerBound..<end
            } else {
                runs.append(start..<end)
            }
        }
        return runs
    }
}

extension HostDescriptors {
    /// Sends bytes over a Unix socket, with a descriptor that the other side then has too.
    package static func send(
        _ bytes: [UInt8],
        with descriptor: FileDescriptor? = nil,
        over socket: FileDescriptor
    ) throws(HostError) {
        if iii_send_descriptor(socket.rawValue, bytes, bytes.count, descriptor?.rawValue ?? -1) != 0 {
            throw HostError(.write, "a socket", .current)
        }
    }
}
