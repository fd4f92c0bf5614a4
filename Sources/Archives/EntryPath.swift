// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// The path of an entry that may be made below a folder on any of the systems we run on.
///
/// Shape: `assets/logo.png`, relative, parts joined by `/`, nothing at the end. The root of the archive has no parts.
package struct EntryPath: Sendable, Hashable {
    /// Bytes of UTF-8 of a whole path.
    package static let maximumLength = 4096
    /// Bytes of UTF-8 of one part.
    package static let maximumComponentLength = 255

    package let components: [String]

    /// The parts joined by `/`; empty for the root.
    package var description: String { components.joined(separator: "/") }
    package var isRoot: Bool { components.isEmpty }

    private init(components: [String]) { self.components = components }

    /// Reads a path as an archive has it.
    ///
    /// One leading `./` is dropped, and for a folder one `/` at the end; `.` is the root, for a folder only.
    ///
    /// - Throws: `PathFault`, the first rule of the archive policy that it breaks.
    package init(parsing bytes: some Collection<UInt8>, isDirectory: Bool) throws(PathFault) {
        if bytes.isEmpty { throw .empty }
        if bytes.count > Self.maximumLength { throw .tooLong }
        if bytes.contains(0) { throw .nul }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        guard text.isStreamSafe else { throw .tooManyMarks }
        try self.init(text: text, isDirectory: isDirectory)
    }

    private init(text: String, isDirectory: Bool) throws(PathFault) {
        if text.utf8.first == UInt8(ascii: "/") { throw .absolute }
        if text.utf8.contains(UInt8(ascii: "\\")) { throw .backslash }
        var rest = text.utf8[...]
        if isDirectory, rest.last == UInt8(ascii: "/") { rest = rest.dropLast() }
        if isDirectory, rest.elementsEqual(".".utf8) {
            self.init(components: [])
            return
        }
        if rest.starts(with: "./".utf8) { rest = rest.dropFirst(2) }
        var components: [String] = []
        for part in rest.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let component = String(Substring(part))
            try Self.check(component)
            components.append(component)
        }
        try Self.checkDrive(components)
        self.init(components: components)
    }

    private static func check(_ component: String) throws(PathFault) {
        if component.isEmpty { throw .emptyComponent }
        if component == "." { throw .dotComponent }
        if component == ".." { throw .climbs }
        if component.utf8.count > maximumComponentLength { throw .componentTooLong }
        if component.unicodeScalars.contains(where: isControl) { throw .controlCharacter }
        if let last = component.unicodeScalars.last, last == "." || last.properties.isWhitespace {
            throw .trailingDotOrBlank
        }
        if isDeviceName(component) { throw .deviceName }
    }

    /// `C:`, `c:file`: Windows would leave the folder.
    private static func checkDrive(_ components: [String]) throws(PathFault) {
        guard let first = components.first?.utf8, first.count >= 2 else { return }
        let letter = first[first.startIndex] | 0x20
        if (0x61...0x7A).contains(letter), first[first.index(after: first.startIndex)] == UInt8(ascii: ":") {
            throw .drive
        }
    }

    /// C0, C1, DEL, line and paragraph separators, and the characters that turn the direction of text.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x2029: true
        default: scalar.turnsDirection
        }
    }

    /// `nul`, `COM1.txt`, `con .log`: on Windows these name devices in every folder, whatever follows a dot.
    private static func isDeviceName(_ component: String) -> Bool {
        var stem = component.unicodeScalars.prefix { $0 != "." }
        while stem.last == " " { stem = stem.dropLast() }
        let name = String(String.UnicodeScalarView(stem)).uppercased()
        if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"].contains(name) { return true }
        guard name.count == 4, name.hasPrefix("COM") || name.hasPrefix("LPT"), let digit = name.last else {
            return false
        }
        return "0123456789¹²³".contains(digit)
    }
}

extension PathFault: Error {}
