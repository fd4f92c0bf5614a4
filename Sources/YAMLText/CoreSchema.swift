// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Which type an unquoted scalar has: the core schema, YAML 1.2.2 section 10.3.2.
enum CoreSchema {
    static func kind(of text: String) -> YAMLScalar.Kind {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "false", "False", "FALSE": return .bool
        case ".nan", ".NaN", ".NAN": return .float
        default: break
        }
        // Most scalars are words: one look at the first byte tells.
        guard let first = text.utf8.first, isDigit(first) || "+-.".utf8.contains(first) else { return .string }
        if isDecimal(text) || isPrefixed(text) { return .integer }
        return isFloat(text) ? .float : .string
    }

    /// `[-+]?[0-9]+`.
    static func isDecimal(_ text: String) -> Bool {
        let digits = unsigned(text)
        return !digits.isEmpty && digits.allSatisfy(isDigit)
    }

    /// The number of a decimal integer or a finite float as JSON writes it.
    static func normalized(_ text: String) -> String {
        let body = unsigned(text)
        let mantissa = body.prefix { $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") }
        let exponent = body[mantissa.endIndex...]
        let parts = mantissa.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let whole = parts[0].drop { $0 == UInt8(ascii: "0") }
        let sign = text.utf8.first == UInt8(ascii: "-") ? "-" : ""
        var number = sign + (whole.isEmpty ? "0" : String(decoding: whole, as: UTF8.self))
        if parts.count == 2 { number += "." + (parts[1].isEmpty ? "0" : String(decoding: parts[1], as: UTF8.self)) }
        return number + String(decoding: exponent, as: UTF8.self)
    }

    /// A float as readers of YAML 1.1 take it for one too: with a dot, and with a sign before its exponent; `1e-07`
    /// becomes `1.0e-07`.
    static func readByAll(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard let mark = bytes.firstIndex(where: { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }),
            kind(of: text) == .float
        else { return text }
        let (mantissa, exponent) = (bytes[..<mark], bytes[(mark + 1)...])
        let dot = mantissa.contains(UInt8(ascii: ".")) ? "" : ".0"
        let sign = exponent.first.map { "+-".utf8.contains($0) } ?? true ? "" : "+"
        return String(decoding: mantissa, as: UTF8.self) + dot + "e" + sign + String(decoding: exponent, as: UTF8.self)
    }

    /// `0o[0-7]+` and `0x[0-9a-fA-F]+`.
    private static func isPrefixed(_ text: String) -> Bool {
        let digits = text.utf8.dropFirst(2)
        guard !digits.isEmpty else { return false }
        if text.hasPrefix("0o") { return digits.allSatisfy { (0x30...0x37).contains($0) } }
        if text.hasPrefix("0x") {
            return digits.allSatisfy { isDigit($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0) }
        }
        return false
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` and `[-+]?\.(inf|Inf|INF)`.
    private static func isFloat(_ text: String) -> Bool {
        var rest = unsigned(text)
        if [".inf", ".Inf", ".INF"].contains(String(decoding: rest, as: UTF8.self)) { return true }
        let whole = rest.prefix(while: isDigit)
        rest = rest[whole.endIndex...]
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: isDigit)
            if whole.isEmpty, fraction.isEmpty { return false }
            rest = rest[fraction.endIndex...]
        } else if whole.isEmpty {
            return false
        }
        guard let mark = rest.first else { return true }
        guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return false }
        let exponent = withoutSign(rest.dropFirst())
        return !exponent.isEmpty && exponent.allSatisfy(isDigit)
    }

    private static func unsigned(_ text: String) -> ArraySlice<UInt8> { withoutSign(ArraySlice(text.utf8)) }

    private static func withoutSign(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        text.first == UInt8(ascii: "+") || text.first == UInt8(ascii: "-") ? text.dropFirst() : text
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
