// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// How a piece of text is written so that every YAML reader takes it for just that text.
///
/// Plain where nobody can read it as something else, of YAML 1.1 and 1.2 readers alike; else in single quotes; in
/// double quotes, with escapes, what single quotes cannot hold on one line. Text is never a placeholder: `${NAME}` is
/// written `"\x24{NAME}"`, which is the text again for every reader that fills placeholders in, before it parses or after.
enum ScalarQuoting {
    static func written(_ text: String, inFlow: Bool) -> String {
        if looksLikePlaceholder(text) { return doubleQuoted(text) }
        if isPlain(text, inFlow: inFlow) { return text }
        guard text.unicodeScalars.allSatisfy(isHarmless) else { return doubleQuoted(text) }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    private static func looksLikePlaceholder(_ text: String) -> Bool {
        zip(text.utf8, text.utf8.dropFirst()).contains { $0 == UInt8(ascii: "$") && $1 == UInt8(ascii: "{") }
    }

    private static func isPlain(_ text: String, inFlow: Bool) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, isPlainStart(first), last != UInt8(ascii: " "),
            last != UInt8(ascii: ":"), text.unicodeScalars.allSatisfy(isHarmless)
        else { return false }
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: ":") where inFlow || bytes[index + 1] == UInt8(ascii: " "): return false
            case UInt8(ascii: "#") where index > 0 && bytes[index - 1] == UInt8(ascii: " "): return false
            case _ where inFlow && ",[]{}?".utf8.contains(byte): return false
            default: continue
            }
        }
        return CoreSchema.kind(of: text) == .string && !isAmbiguous(bytes)
    }

    /// Letters, digits, a few signs that mean nothing at the start of a scalar, and all beyond ASCII.
    private static func isPlainStart(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...: true
        default: "_./^~$+(<;=\\".utf8.contains(byte)
        }
    }

    /// Whether a character can stand in a line as it is.
    ///
    /// Tabs cannot: some readers trim them. Nor can the private planes, which our own reader needs for placeholders.
    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E: true
        case 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0xEFFFF: true
        default: false
        }
    }

    /// Whether readers of YAML 1.1, or our own with other eyes, could take the text for something else.
    private static func isAmbiguous(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        if ["y", "n", "yes", "no", "on", "off", "null", "true", "false", "<<", "="].contains(text.lowercased()) {
            return true
        }
        // At the start of a line it ends the document.
        if text.hasPrefix("...") { return true }
        guard bytes.contains(where: isDigit) else { return false }
        if CoreSchema.kind(of: String(decoding: bytes.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)) != .string {
            return true
        }
        return isBinary(bytes) || isSexagesimal(bytes) || isDate(bytes)
    }

    /// `0b101` and, with a sign, `+0x1F` and `+0o17`.
    private static func isBinary(_ bytes: [UInt8]) -> Bool {
        let body = bytes.drop { "+-".utf8.contains($0) }
        guard body.count > 2, body.first == UInt8(ascii: "0") else { return false }
        let digits = body.dropFirst(2)
        return switch body[body.startIndex + 1] {
        case UInt8(ascii: "b"), UInt8(ascii: "B"): digits.allSatisfy { "01_".utf8.contains($0) }
        case UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "o"), UInt8(ascii: "O"): true
        default: false
        }
    }

    /// `12:30:45`, `1:30.5`.
    private static func isSexagesimal(_ bytes: [UInt8]) -> Bool {
        bytes.contains(UInt8(ascii: ":")) && bytes.allSatisfy { isDigit($0) || "+-_:.".utf8.contains($0) }
    }

    /// `2024-01-31`, `2024-1-1T00:00:00Z`.
    private static func isDate(_ bytes: [UInt8]) -> Bool {
        bytes.count > 5 && bytes[..<4].allSatisfy(isDigit) && bytes[4] == UInt8(ascii: "-") && isDigit(bytes[5])
    }

    private static func doubleQuoted(_ text: String) -> String {
        var quoted = "\""
        let followers = text.unicodeScalars.dropFirst().map { Optional($0) } + [nil]
        for (scalar, next) in zip(text.unicodeScalars, followers) {
            switch scalar {
            case "$" where next == "{": quoted += "\\x24"
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where isHarmless(scalar): quoted.unicodeScalars.append(scalar)
            case _ where scalar.value <= 0xFF: quoted += "\\x" + hexadecimal(scalar.value, digits: 2)
            case _ where scalar.value <= 0xFFFF: quoted += "\\u" + hexadecimal(scalar.value, digits: 4)
            default: quoted += "\\U" + hexadecimal(scalar.value, digits: 8)
            }
        }
        return quoted + "\""
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
