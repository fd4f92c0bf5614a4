// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Sandboxing
import SystemPackage
import WorkerModel

/// A template on disk.
///
/// Shape, little endian: 16 bytes that name the format, `u64` rate of the counter in kHz, `u64` size of the memory, `u64` size
/// of the state, the state; for each run of memory `u64 offset | u64 length | bytes`, the last of length 0; then the SHA-256
/// of all that.
struct MachineTemplateFile: Sendable {
    let path: FilePath

    private static let name = Array("iii-machine 001\n".utf8)
    private static let piece = 1 << 20

    /// Writes it beside its place in `staging`, and renames it.
    func write(_ template: MachineTemplate, counterKilohertz: UInt64, staging: FilePath) async throws {
        try await StagingFolder.with(below: staging) { folder in
            let temporary = folder.appending("template")
            try write(template, counterKilohertz, to: temporary)
            try HostFiles.rename(temporary, to: path)
        }
        try HostFiles.syncDirectory(path.removingLastComponent())
    }

    private func write(_ template: MachineTemplate, _ rate: UInt64, to temporary: FilePath) throws {
        var output = DigestingOutput(
            try FileDescriptor.open(
                temporary,
                .writeOnly,
                options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite]
            )
        )
        defer { output.close() }
        let (memory, state) = (try template.memory.size, try template.state.size)
        try output.write(Self.name)
        for number in [rate, UInt64(memory), UInt64(state)] { try output.write(LittleEndian.bytes(number)) }
        try output.write(try template.state.contents())
        try template.memory.eachRun { offset, bytes in
            try output.write(LittleEndian.bytes(UInt64(offset)) + LittleEndian.bytes(UInt64(bytes.count)))
            try output.write(bytes)
        }
        try output.write(LittleEndian.bytes(UInt64(memory)) + LittleEndian.bytes(UInt64(0)))
        try output.finish()
    }

    /// Reads it whole.
    ///
    /// - Returns: nil where there is none.
    /// - Throws: `TemplateFileError`; what the system says.
    func read(memory: ByteCount, counterKilohertz: UInt64) throws -> MachineTemplate? {
        guard try HostFiles.kind(of: path) == .file else { return nil }
        var input = DigestingInput(try FileDescriptor.open(path, .readOnly, options: [.noFollow, .closeOnExec]))
        defer { input.close() }
        guard try input.read(Self.name.count) == Self.name else { throw TemplateFileError.damaged }
        let (rate, size, state) = (try input.number(), try input.number(), try input.number())
        guard size == UInt64(memory.bytes), state <= UInt64(MachineTemplate.maximumState.bytes) else {
            throw TemplateFileError.damaged
        }
        let template = try MachineTemplate(memory: memory)
        try template.state.write(try input.read(Int(state)), at: 0)
        while true {
            let (offset, length) = (try input.number(), try input.number())
            if length == 0 { break }
            guard length <= Self.piece, offset <= size, length <= size - offset else { throw TemplateFileError.damaged }
            try template.memory.write(try input.read(Int(length)), at: Int64(offset))
        }
        guard try input.endsAsItSays() else { throw TemplateFileError.damaged }
        // Of a rate that is measured the last digits are noise.
        guard rate.distance(to: counterKilohertz).magnitude <= counterKilohertz / 500 else {
            throw TemplateFileError.otherHost
        }
        try template.seal()
        return template
    }
}

/// Writes a file, and its digest behind it.
private struct DigestingOutput {
    private let file: FileDescriptor
    private var hasher = DigestHasher()
    private var waiting: [UInt8] = []

    init(_ file: FileDescriptor) { self.file = file }

    mutating func write(_ bytes: some Collection<UInt8>) throws {
        waiting += bytes
        if waiting.count >= 1 << 20 { try flush() }
    }

    private mutating func flush() throws {
        hasher.update(waiting)
        try file.writeAll(waiting)
        waiting.removeAll(keepingCapacity: true)
    }

    mutating func finish() throws {
        try flush()
        try file.writeAll(hasher.finalize().bytes)
        try HostFiles.sync(file)
    }

    func close() { try? file.close() }
}

/// Reads a file that has its digest at its end.
private struct DigestingInput {
    private let file: FileDescriptor
    private var hasher = DigestHasher()

    init(_ file: FileDescriptor) { self.file = file }

    /// So many bytes; fewer are `damaged`.
    mutating func read(_ count: Int) throws -> [UInt8] {
        let bytes = try plain(count)
        hasher.update(bytes)
        return bytes
    }

    mutating func number() throws -> UInt64 { LittleEndian.number(try read(8)) ?? 0 }

    mutating func endsAsItSays() throws -> Bool { try plain(32) == hasher.finalize().bytes && (try rest()).isEmpty }

    private func rest() throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: 1) { buffer, initialized in
            // Safety: read writes at most `buffer.count` bytes and returns how many.
            initialized = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    private func plain(_ count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            // Safety: each read writes into what is left of `buffer` and returns how much.
            let buffer = UnsafeMutableRawBufferPointer(buffer)
            while initialized < count {
                let got = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[initialized..<count]))
                guard got > 0 else { throw TemplateFileError.damaged }
                initialized += got
            }
        }
    }

    func close() { try? file.close() }
}
