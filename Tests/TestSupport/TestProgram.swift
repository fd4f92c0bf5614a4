// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Small programs, as native workers are published: what is no program of a platform is refused.
package enum TestProgram {
    /// A program for a Linux host of this processor that runs a script of the shell, with its own environment.
    ///
    /// It is nothing but `execve("/bin/sh", {"/bin/sh", "-c", script}, environment)`.
    package static func running(_ script: String) -> [UInt8] {
        #if arch(x86_64)
        elf(
            machine: 62,
            code: [
                0x48, 0x8B, 0x0C, 0x24, 0x48, 0x8D, 0x54, 0xCC, 0x10, 0x31, 0xC0, 0x50, 0x48, 0x8D, 0x05, 0x35, 0, 0, 0,
                0x50,
                0x48, 0x8D, 0x05, 0x27, 0, 0, 0, 0x50, 0x48, 0x8D, 0x3D, 0x17, 0, 0, 0, 0x57, 0x48, 0x89, 0xE6, 0xB8,
                0x3B,
                0, 0, 0, 0x0F, 0x05, 0xBF, 0x7F, 0, 0, 0, 0xB8, 0x3C, 0, 0, 0, 0x0F, 0x05, 0x2F, 0x62, 0x69, 0x6E, 0x2F,
                0x73, 0x68, 0, 0x2D, 0x63, 0, 0x0F, 0x1F, 0,
            ] + Array(script.utf8) + [0]
        )
        #else
        elf(
            machine: 183,
            code: [
                0xE3, 0x03, 0x40, 0xF9, 0xE2, 0x6F, 0x23, 0x8B, 0x42, 0x40, 0, 0x91, 0x80, 0x01, 0, 0x10, 0xA4, 0x01, 0,
                0x10,
                0xA5, 0x01, 0, 0x10, 0xFF, 0x83, 0, 0xD1, 0xE0, 0x13, 0, 0xA9, 0xE5, 0x7F, 0x01, 0xA9, 0xE1, 0x03, 0,
                0x91,
                0xA8, 0x1B, 0x80, 0xD2, 0x01, 0, 0, 0xD4, 0xE0, 0x0F, 0x80, 0xD2, 0xA8, 0x0B, 0x80, 0xD2, 0x01, 0, 0,
                0xD4,
                0x2F, 0x62, 0x69, 0x6E, 0x2F, 0x73, 0x68, 0, 0x2D, 0x63, 0, 0,
            ] + Array(script.utf8) + [0]
        )
        #endif
    }

    /// What begins as a program for a target does, and holds a text; nobody can run it.
    package static func `for`(_ target: String, holding text: String = "") -> [UInt8] {
        let processor = target.prefix { $0 != "-" }
        if target.contains("-windows-") {
            let machine: UInt16 = ["x86_64": 0x8664, "aarch64": 0xAA64][processor] ?? 0x014C
            let start = Array("MZ".utf8) + [UInt8](repeating: 0, count: 58) + little(UInt32(64))
            return start + Array("PE".utf8) + [0, 0] + little(machine) + [UInt8](repeating: 0, count: 18)
                + Array(text.utf8)
        }
        if target.contains("-apple-") {
            let machine: UInt32 = processor == "x86_64" ? 0x0100_0007 : 0x0100_000C
            return little(UInt32(0xFEED_FACF)) + little(machine) + little(UInt32(0)) + little(UInt32(2))
                + [UInt8](repeating: 0, count: 16) + Array(text.utf8)
        }
        let machine: UInt16 = ["x86_64": 62, "aarch64": 183, "armv7": 40, "riscv64gc": 243][processor] ?? 3
        return elf(machine: machine, is64: !["i686", "armv7"].contains(processor), code: Array(text.utf8))
    }

    private static func elf(machine: UInt16, is64: Bool = true, code: [UInt8]) -> [UInt8] {
        let base: UInt64 = 0x40_0000
        var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, is64 ? 2 : 1, 1, 1] + [UInt8](repeating: 0, count: 9)
        bytes += little(UInt16(2)) + little(machine) + little(UInt32(1))
        guard is64 else { return bytes + [UInt8](repeating: 0, count: 28) + code }
        let length = UInt64(120 + code.count)
        bytes += little(base + 120) + little(UInt64(64)) + little(UInt64(0)) + little(UInt32(0))
        for field in [64, 56, 1, 64, 0, 0] as [UInt16] { bytes += little(field) }
        // One segment: this very file, to be read and run.
        bytes += little(UInt32(1)) + little(UInt32(5)) + little(UInt64(0))
        for field in [base, base, length, length, 0x1000] { bytes += little(field) }
        return bytes + code
    }

    private static func little(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<(value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
