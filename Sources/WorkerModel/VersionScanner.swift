// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// Reads versions and their parts from the front of a text, and knows where it is.
struct VersionScanner {
    private let text: String
    private let bytes: [UInt8]
    private(set) var index = 0
    private let subject: VersionError.Subject

    init(_ text: String, as subject: VersionError.Subject = .version) {
        self.text = text
        self.subject = subject
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { index == bytes.count }
    var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    func failure(_ reason: String, at position: Int? = nil) -> VersionError {
        VersionError(subject: subject, text: text, position: (position ?? index) + 1, reason: reason)
    }

    func expectLength() throws(VersionError) {
        if bytes.count > SemanticVersion.maximumLength {
            throw failure(
                "it is longer than \(SemanticVersion.maximumLength) characters",
                at: SemanticVersion.maximumLength
            )
        }
    }

    func expectEnd() throws(VersionError) {
        if !isAtEnd { throw failure("unexpected `\(found)`") }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        index += 1
        return true
    }

    mutating func take(_ token: String) -> Bool {
        guard bytes[index...].starts(with: token.utf8) else { return false }
        index += token.utf8.count
        return true
    }

    mutating func skipBlanks() {
        while next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { index += 1 }
    }

    /// Skips blanks and tells whether there was one.
    mutating func tookBlanks() -> Bool {
        let before = index
        skipBlanks()
        return index > before
    }

    mutating func version() throws(VersionError) -> SemanticVersion {
        try expectLength()
        let major = try number()
        try expectDot()
        let minor = try number()
        try expectDot()
        let patch = try number()
        let prerelease = try prereleaseIfAny()
        return SemanticVersion(major, minor, patch, prerelease: prerelease, buildMetadata: try buildMetadataIfAny())
    }

    mutating func number() throws(VersionError) -> UInt64 {
        let start = index
        while let byte = next, isDigit(byte) { index += 1 }
        guard index > start else {
            throw failure(isAtEnd ? "a number is missing" : "expected a number, found `\(found)`")
        }
        if bytes[start] == UInt8(ascii: "0"), index > start + 1 {
            throw failure("a number with a leading zero", at: start)
        }
        // `String(decoding:)` of digits only: the one failure left is the size.
        guard let value = UInt64(String(decoding: bytes[start..<index], as: UTF8.self)) else {
            throw failure("a number that is too large", at: start)
        }
        return value
    }

    mutating func prereleaseIfAny() throws(VersionError) -> [SemanticVersion.PrereleaseIdentifier] {
        guard take(UInt8(ascii: "-")) else { return [] }
        var identifiers: [SemanticVersion.PrereleaseIdentifier] = []
        repeat {
            let start = index
            let part = try identifier()
            guard part.utf8.allSatisfy(isDigit) else {
                identifiers.append(.text(part))
                continue
            }
            if part.utf8.count > 1, part.utf8.first == UInt8(ascii: "0") {
                throw failure("a numeric pre-release part with a leading zero", at: start)
            }
            identifiers.append(.numeric(part))
        } while take(UInt8(ascii: "."))
        return identifiers
    }

    mutating func buildMetadataIfAny() throws(VersionError) -> String {
        guard take(UInt8(ascii: "+")) else { return "" }
        var parts = [try identifier()]
        while take(UInt8(ascii: ".")) { parts.append(try identifier()) }
        return parts.joined(separator: ".")
    }

    private mutating func identifier() throws(VersionError) -> String {
        let start = index
        while let byte = next, isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: "-") { index += 1 }
        guard index > start else { throw failure("an empty part") }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func expectDot() throws(VersionError) {
        guard take(UInt8(ascii: ".")) else {
            throw failure(isAtEnd ? "`.` is missing" : "expected `.`, found `\(found)`")
        }
    }

    private var found: String {
        let rest = String(decoding: bytes[min(index, bytes.count)...], as: UTF8.self)
        return rest.first.map { String($0).printableOrSpace } ?? "the end"
    }

    private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
}

extension String {
    fileprivate var printableOrSpace: String { printable.isEmpty ? "?" : printable }
}
