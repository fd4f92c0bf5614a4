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
