// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// A platform that a binary is built for, such as `x86_64-unknown-linux-gnu`.
///
/// Any text of letters, digits, `-`, `_` and `.` up to 64 characters is a target; the registry keeps no list.
package struct TargetTriple: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Throws: `TargetTripleError` for a text that cannot be a target.
    package init(parsing text: some StringProtocol) throws(TargetTripleError) {
        let name = String(text)
        let isWellFormed = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        }
        guard (1...64).contains(name.utf8.count), isWellFormed, name.utf8.contains(UInt8(ascii: "-")),
            name.utf8.first != UInt8(ascii: "-"), name.utf8.first != UInt8(ascii: ".")
        else { throw TargetTripleError(text: name) }
        description = name
    }

    fileprivate init(known: String) { description = known }

    /// Whether programs are built for this target: whether it is among `known`.
    package var isKnown: Bool { Self.known.contains(self) }

    /// The targets that compilers name, those of hosts first.
    package static let known: [TargetTriple] = [
        "x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl", "aarch64-unknown-linux-gnu",
        "aarch64-unknown-linux-musl", "armv7-unknown-linux-gnueabihf", "armv7-unknown-linux-musleabihf",
        "i686-unknown-linux-gnu", "i686-unknown-linux-musl", "x86_64-apple-darwin", "aarch64-apple-darwin",
        "x86_64-pc-windows-msvc", "i686-pc-windows-msvc", "aarch64-pc-windows-msvc", "x86_64-pc-windows-gnu",
        "i686-pc-windows-gnu", "aarch64-pc-windows-gnullvm", "x86_64-pc-windows-gnullvm",
        "riscv64gc-unknown-linux-gnu", "riscv64gc-unknown-linux-musl", "powerpc64le-unknown-linux-gnu",
        "powerpc64le-unknown-linux-musl", "powerpc64-unknown-linux-gnu", "s390x-unknown-linux-gnu",
        "loongarch64-unknown-linux-gnu", "loongarch64-unknown-linux-musl", "x86_64-unknown-freebsd",
        "aarch64-unknown-freebsd",
    ].map { TargetTriple(known: $0) }

    /// The known targets that somebody may have meant by this one, best first.
    package var meant: [TargetTriple] {
        let words = description.lowercased()
        func first(_ table: [(String, [String])]) -> String? {
            table.first { $0.1.contains { words.contains($0) } }?.0
        }
        let processor = first([
            ("x86_64", ["x86_64", "x86-64", "x64", "amd64"]), ("aarch64", ["aarch64", "arm64"]), ("armv7", ["arm"]),
            ("i686", ["i686", "i386", "x86"]), ("riscv64gc", ["riscv"]),
        ])
        let system = first([
            ("apple-darwin", ["darwin", "macos", "apple", "osx"]),
            ("-windows-", ["windows", "win32", "win64", "msvc"]),
            ("-linux-musl", ["musl", "alpine"]), ("-linux-gnu", ["linux", "gnu"]),
        ])
        let like = Likeness.nearest(to: description, among: Self.known.map(\.description))
        if let found = like.first { return [TargetTriple(known: found)] }
        guard let system else { return [] }
        return Self.known.filter { target in
            let text = target.description
            return text.contains(system) && processor.map { text.hasPrefix($0) } ?? true
        }
    }

    /// Whether archives for this target are zip files rather than tar.gz.
    package var usesZip: Bool { description.contains("-windows-") }

    /// The file name of the executable of a worker on this target.
    package func executableName(of worker: WorkerName) -> String {
        usesZip ? "\(worker).exe" : worker.description
    }

    /// The targets whose builds run on a host of this target, best first: a gnu host also runs musl builds.
    package var runnable: [TargetTriple] {
        guard description.hasSuffix("-linux-gnu") || description.hasSuffix("-linux-gnueabihf") else { return [self] }
        let musl =
            description.hasSuffix("-gnu")
            ? description.dropLast(3) + "musl" : description.dropLast(9) + "musleabihf"
        return [self, TargetTriple(known: String(musl))]
    }
}

extension TargetTriple: Comparable {
    package static func < (left: TargetTriple, right: TargetTriple) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}

extension TargetTriple {
    /// The C library of a Linux host.
    package enum CLibrary: String, Sendable { case gnu, musl }

    /// The operating system of a host, as far as targets tell them apart.
    package enum OperatingSystem: Hashable, Sendable {
        case linux(CLibrary)
        case macOS
        case windows
    }

    /// The processor of a host, as far as targets tell them apart.
    package enum Processor: String, Hashable, Sendable {
        case arm64 = "aarch64"
        case armv7
        case x86 = "i686"
        // swift-format-ignore: AlwaysUseLowerCamelCase
        case x86_64
    }

    /// The target of a host, nil where nobody builds for that combination.
    package init?(_ processor: Processor, _ system: OperatingSystem) {
        switch (processor, system) {
        case (.arm64, .macOS), (.x86_64, .macOS): self.init(known: "\(processor.rawValue)-apple-darwin")
        case (.armv7, .linux(let library)): self.init(known: "armv7-unknown-linux-\(library.rawValue)eabihf")
        case (_, .linux(let library)): self.init(known: "\(processor.rawValue)-unknown-linux-\(library.rawValue)")
        case (.armv7, _), (.x86, .macOS): return nil
        case (_, .windows): self.init(known: "\(processor.rawValue)-pc-windows-msvc")
        }
    }
}

/// Why a text is no target.
///
/// W101.
package struct TargetTripleError: CodedError, Hashable {
    package let text: String

    package var code: ErrorCode { .invalidSource }
    package var message: String { "`\(PrintableText(text, limit: 80))` is not a target" }
    package var hints: [String] { ["a target looks like `x86_64-unknown-linux-gnu` or `aarch64-apple-darwin`"] }
}
