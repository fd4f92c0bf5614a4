// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import MicroVM

/// A saved machine on disk is what was saved, or nothing.
struct MachineTemplateFileTests {
    private static let memory = ByteCount.mebibytes(3)
    private static let rate: UInt64 = 2_000_000

    /// A page here and there, one run over the border of two pieces, the last bytes; the rest is a hole.
    private static func make() throws -> MachineTemplate {
        let template = try MachineTemplate(memory: memory)
        try template.memory.write([UInt8](repeating: 7, count: 100), at: 4096)
        try template.memory.write([UInt8](repeating: 8, count: 9000), at: (1 << 20) - 4500)
        try template.memory.write([9], at: memory.bytes - 1)
        try template.memory.write([UInt8](repeating: 0, count: 40_000), at: 2 << 20)
        try template.state.write(Array("the state of the devices".utf8), at: 0)
        try template.seal()
        return template
    }

    private static func withFile(
        _ body: (MachineTemplateFile, FilePath) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { folder in
            let file = MachineTemplateFile(path: folder.appending("key"))
            try await file.write(try make(), counterKilohertz: rate, staging: folder.appending("staging"))
            try await body(file, folder)
        }
    }

    @Test func comesBackAsItWas() async throws {
        try await Self.withFile { file, folder in
            #expect(try HostFiles.mode(of: file.path) == 0o600)
            // Holes and zeros take no room.
            let size = try #require(try HostFiles.size(of: file.path))
            #expect(size < .mebibytes(1))
            let back = try #require(try file.read(memory: Self.memory, counterKilohertz: Self.rate + 3000))
            let original = try Self.make()
            #expect(try back.memory.contents() == original.memory.contents())
            #expect(try back.state.contents() == original.state.contents())
            #expect(throws: (any Error).self) { try back.memory.write([1], at: 0) }
            #expect(throws: (any Error).self) { try back.state.write([1], at: 0) }
            #expect(try HostFiles.entries(of: folder.appending("staging")).isEmpty)
        }
    }

    @Test func isNothingWhereThereIsNone() throws {
        try withTemporaryDirectory { folder in
            let file = MachineTemplateFile(path: folder.appending("key"))
            let found = try file.read(memory: Self.memory, counterKilohertz: Self.rate)
            #expect(found.map { _ in 1 } == nil)
        }
    }

    @Test func isNotTakenFromAnotherHost() async throws {
        try await Self.withFile { file, _ in
            #expect(throws: TemplateFileError.otherHost) {
                try file.read(memory: Self.memory, counterKilohertz: Self.rate * 2)
            }
            #expect(throws: TemplateFileError.damaged) {
                try file.read(memory: .mebibytes(4), counterKilohertz: Self.rate)
            }
        }
    }

    @Test func isRefusedWhereverItIsDamaged() async throws {
        try await Self.withFile { file, _ in
            let whole = try #require(try HostFiles.read(file.path, upTo: .mebibytes(1)))
            var broken = (0..<60).map { Array(whole.prefix(whole.count * $0 / 60)) } + [whole + [0]]
            for place in stride(from: 0, to: whole.count, by: whole.count / 97) {
                var bytes = whole
                bytes[place] ^= 0x41
                broken.append(bytes)
            }
            // A length that would take all memory, and a place outside of it.
            for place in [16 + 16, 16 + 24 + 24, 16 + 24 + 24 + 8] {
                var bytes = whole
                bytes.replaceSubrange(place..<(place + 8), with: [UInt8](repeating: 0xFF, count: 8))
                broken.append(bytes)
            }
            for bytes in broken {
                try HostFiles.write(bytes, to: file.path)
                #expect(throws: TemplateFileError.damaged, "\(bytes.count)") {
                    try file.read(memory: Self.memory, counterKilohertz: Self.rate)
                }
            }
        }
    }
}
