// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import WorkerModel

/// What a file is, as its first bytes say: a program of some platforms, or none.
package enum ProgramFormat: Hashable, Sendable {
    /// A program, and the processors that it runs on.
    case program(System, [Processor])
    /// What a file is that is no program, as it reads behind "is".
    case other(String)

    package enum System: String, Sendable {
        case linux = "Linux"
        case macOS = "macOS"
        case windows = "Windows"
        case freeBSD = "FreeBSD"
    }

    /// Raw values are the first parts of targets.
    package enum Processor: String, Sendable {
        // swift-format-ignore: AlwaysUseLowerCamelCase
        case x86_64, aarch64, armv7, i686, riscv64gc, powerpc64le, powerpc64, s390x, loongarch64
        case unknown = "another processor"
    }

    /// How many bytes tell it.
    static let needed = 4096

    init(of start: [UInt8]) {
        let bytes = ByteOrder(start)
        if start.isEmpty {
            self = .other("empty")
        } else if start.starts(with: [0x7F, 0x45, 0x4C, 0x46]) {
            self = Self.elf(bytes)
        } else if start.starts(with: "MZ".utf8) {
            self = Self.portableExecutable(bytes)
        } else if let found = Self.machO(bytes) {
            self = found
        } else {
            self = .other(Self.noun(of: start))
        }
    }

    private static func elf(_ bytes: ByteOrder) -> ProgramFormat {
        let isBig = bytes.byte(5) == 2
        guard let kind = bytes.number(16, 2, isBig: isBig), let machine = bytes.number(18, 2, isBig: isBig) else {
            return .other("the beginning of an ELF file")
        }
        // Programs, and programs that can stand anywhere in memory.
        guard kind == 2 || kind == 3 else {
            return .other(kind == 1 ? "an object file, not linked yet" : "a core dump")
        }
        let is64 = bytes.byte(4) == 2
        let processor: Processor =
            switch (machine, is64, isBig) {
            case (62, true, false): .x86_64
            case (183, true, false): .aarch64
            case (40, false, false): .armv7
            case (3, false, false): .i686
            case (243, true, false): .riscv64gc
            case (21, true, false): .powerpc64le
            case (21, true, true): .powerpc64
            case (22, true, true): .s390x
            case (258, true, false): .loongarch64
            default: .unknown
            }
        return .program(bytes.byte(7) == 9 ? .freeBSD : .linux, [processor])
    }

    private static func portableExecutable(_ bytes: ByteOrder) -> ProgramFormat {
        guard let place = bytes.number(0x3C, 4, isBig: false), place < needed - 6,
            bytes.number(place, 4, isBig: false) == 0x4550, let machine = bytes.number(place + 4, 2, isBig: false)
        else { return .other("a program for DOS") }
        let processor: Processor =
            switch machine {
            case 0x8664: .x86_64
            case 0xAA64: .aarch64
            case 0x014C: .i686
            default: .unknown
            }
        return .program(.windows, [processor])
    }

    /// Nil for what is neither a Mach-O file nor several in one.
    private static func machO(_ bytes: ByteOrder) -> ProgramFormat? {
        func processor(_ type: Int?) -> Processor {
            switch type {
            case 0x0100_0007: .x86_64
            case 0x0100_000C: .aarch64
            case 7: .i686
            default: .unknown
            }
        }
        switch bytes.number(0, 4, isBig: true) {
        case 0xCFFA_EDFE, 0xCEFA_EDFE:
            let kind = bytes.number(12, 4, isBig: false)
            if kind == 1 { return .other("an object file, not linked yet") }
            return .program(.macOS, [processor(bytes.number(4, 4, isBig: false))])
        case let magic? where magic == 0xCAFE_BABE || magic == 0xCAFE_BABF:
            // Classes of Java begin so too, with a version of 45 or more in this place.
            guard let count = bytes.number(4, 4, isBig: true), (1..<20).contains(count) else { return nil }
            let width = magic == 0xCAFE_BABE ? 20 : 32
            return .program(.macOS, (0..<count).map { processor(bytes.number(8 + $0 * width, 4, isBig: true)) })
        default: return nil
        }
    }

    private static func noun(of start: [UInt8]) -> String {
        if start.starts(with: "#!".utf8) {
            let line = start.dropFirst(2).prefix { $0 != 0x0A && $0 != 0x0D }
            return "a script for `\(String(decoding: line.prefix(80), as: UTF8.self).printable)`"
        }
        let known: [([UInt8], String)] = [
            ([0x1F, 0x8B], "a gzip file"), (Array("PK".utf8), "a zip file"),
            ([0xCA, 0xFE, 0xBA, 0xBE], "a class of Java"),
            ([0x00, 0x61, 0x73, 0x6D], "WebAssembly"), (Array("!<arch>".utf8), "a library of object files"),
            ([0x28, 0xB5, 0x2F, 0xFD], "a zstd file"), ([0xFD, 0x37, 0x7A, 0x58], "an xz file"),
        ]
        if let found = known.first(where: { start.starts(with: $0.0) }) { return found.1 }
        return start.contains(0) ? "in no format of programs that is known" : "text"
    }
}

extension ProgramFormat {
    /// Whether the program is for a target.
    func isFor(_ target: TargetTriple) -> Bool {
        guard case .program(let system, let processors) = self else { return false }
        let parts = target.description.split(separator: "-")
        return system == Self.system(of: target) && processors.contains { parts.first.map(String.init) == $0.rawValue }
    }

    private static func system(of target: TargetTriple) -> System? {
        let text = target.description
        if text.contains("-linux-") { return .linux }
        if text.contains("-apple-darwin") { return .macOS }
        if text.contains("-windows-") { return .windows }
        return text.contains("-freebsd") ? .freeBSD : nil
    }

    /// As it reads behind "is": `a program for Linux on x86_64`.
    var noun: String {
        switch self {
        case .program(let system, let processors):
            "a program for \(system.rawValue) on \(processors.map(\.rawValue).joined(separator: " and "))"
        case .other(let noun): noun
        }
    }

    /// Whether a shell or an interpreter would run it.
    var isText: Bool { if case .other(let noun) = self { noun == "text" || noun.hasPrefix("a script") } else { false } }
}

/// Numbers at the beginning of a file.
private struct ByteOrder {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func byte(_ place: Int) -> UInt8 { bytes.indices.contains(place) ? bytes[place] : 0 }

    /// Nil where the file is too short.
    func number(_ place: Int, _ width: Int, isBig: Bool) -> Int? {
        guard place >= 0, place + width <= bytes.count else { return nil }
        let field = bytes[place..<(place + width)]
        return (isBig ? Array(field) : field.reversed()).reduce(0) { $0 << 8 | Int($1) }
    }
}
