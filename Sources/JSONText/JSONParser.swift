// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// What a JSON text may cost its reader.
package struct JSONLimits: Sendable {
    /// The most bytes of text.
    package var bytes: Int
    /// The most arrays and objects inside each other.
    package var depth: Int

    package init(bytes: Int, depth: Int = 128) {
        self.bytes = bytes
        self.depth = depth
    }

    /// 8 MiB, 128 levels.
    package static let standard = JSONLimits(bytes: 8 << 20)
}

extension JSONValue {
    /// Reads one JSON text (RFC 8259, UTF-8, no duplicate keys, nothing after the value, strings that keep the rule of
    /// `StreamSafeText`).
    ///
    /// - Throws: `JSONSyntaxError` with line and column.
    package init(parsing text: some Sequence<UInt8>, limits: JSONLimits = .standard) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: Array(text), limits: limits)
        self = try parser.document()
    }

    /// Reads one JSON text from a string.
    package init(parsing text: String, limits: JSONLimits = .standard) throws(JSONSyntaxError) {
        try self.init(parsing: text.utf8, limits: limits)
    }
}

/// A recursive-descent reader whose recursion is bounded by `JSONLimits.depth`.
struct JSONParser {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var index = 0
    private var depth = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        guard bytes.count <= limits.bytes else { throw failure(.tooLarge(limit: limits.bytes), at: 0) }
        let value = try value()
        skipBlanks()
        guard index == bytes.count else { throw failure(.trailingText) }
        return value
    }

    private func failure(_ reason: JSONSyntaxError.Reason, at position: Int? = nil) -> JSONSyntaxError {
        JSONSyntaxError(reason: reason, offset: position ?? index, in: bytes)
    }

    private mutating func skipBlanks() {
        while index < bytes.count,
            bytes[index] == 0x20 || bytes[index] == 0x0A || bytes[index] == 0x0D || bytes[index] == 0x09
        {
            index += 1
        }
    }

    private mutating func value() throws(JSONSyntaxError) -> JSONValue {
        skipBlanks()
        guard index < bytes.count else { throw failure(.unexpectedEnd) }
        switch bytes[index] {
        case UInt8(ascii: "{"): return .object(try nested { (parser) throws(JSONSyntaxError) in try parser.object() })
        case UInt8(ascii: "["): return .array(try nested { (parser) throws(JSONSyntaxError) in try parser.array() })
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func nested<Value>(
        _ read: (inout JSONParser) throws(JSONSyntaxError) -> Value
    ) throws(JSONSyntaxError) -> Value {
        depth += 1
        guard depth <= limits.depth else { throw failure(.tooDeep(limit: limits.depth)) }
        index += 1
        let value = try read(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws(JSONSyntaxError) -> JSONObject {
        var members: [JSONObject.Member] = []
        var keys: Set<String> = []
        if takeAfterBlanks(UInt8(ascii: "}")) { return JSONObject(unique: members) }
        repeat {
            skipBlanks()
            let start = index
            guard index < bytes.count else { throw failure(.unexpectedEnd) }
            guard bytes[index] == UInt8(ascii: "\"") else { throw failure(.expected("a key in quotes")) }
            let key = try string()
            guard keys.insert(key).inserted else { throw failure(.duplicateKey(key), at: start) }
            try expectAfterBlanks(UInt8(ascii: ":"), "`:`")
            members.append(JSONObject.Member(key, try value()))
        } while takeAfterBlanks(UInt8(ascii: ","))
        try expectAfterBlanks(UInt8(ascii: "}"), "`,` or `}`")
        return JSONObject(unique: members)
    }

    private mutating func array() throws(JSONSyntaxError) -> [JSONValue] {
        var elements: [JSONValue] = []
        if takeAfterBlanks(UInt8(ascii: "]")) { return elements }
        repeat { elements.append(try value()) } while takeAfterBlanks(UInt8(ascii: ","))
        try expectAfterBlanks(UInt8(ascii: "]"), "`,` or `]`")
        return elements
    }

    private mutating func takeAfterBlanks(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func expectAfterBlanks(_ byte: UInt8, _ name: String) throws(JSONSyntaxError) {
        if takeAfterBlanks(byte) { return }
        throw failure(index < bytes.count ? .expected(name) : .unexpectedEnd)
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        guard bytes[index...].starts(with: text.utf8) else { throw failure(.expected("a value")) }
        index += text.utf8.count
        return value
    }

    private mutating func number() throws(JSONSyntaxError) -> JSONNumber {
        let start = index
        if peek == UInt8(ascii: "-") { index += 1 }
        if peek == UInt8(ascii: "0") { index += 1 } else { try digits() }
        if peek == UInt8(ascii: ".") {
            index += 1
            try digits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            index += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        return JSONNumber(checked: String(decoding: bytes[start..<index], as: UTF8.self))
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = index
        while let byte = peek, (0x30...0x39).contains(byte) { index += 1 }
        if index == start { throw failure(index < bytes.count ? .expected("a value") : .unexpectedEnd) }
    }
}

extension JSONParser {
    /// Reads a string whose opening quote is next.
    private mutating func string() throws(JSONSyntaxError) -> String {
        index += 1
        let start = index
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { index += 1 }
        if peek == UInt8(ascii: "\"") {
            defer { index += 1 }
            return try text(of: bytes[start..<index], at: start)
        }
        var unescaped = Array(bytes[start..<index])
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return try text(of: unescaped[...], at: start)
            case UInt8(ascii: "\\"): unescaped.append(contentsOf: String(try escape()).utf8)
            case 0..<0x20: throw failure(.controlCharacter)
            default:
                unescaped.append(byte)
                index += 1
            }
        }
        throw failure(.unexpectedEnd)
    }

    private func text(of slice: ArraySlice<UInt8>, at start: Int) throws(JSONSyntaxError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw failure(.invalidUTF8, at: start) }
        guard StreamSafeText.excess(in: slice) == nil else { throw failure(.tooManyMarks, at: start) }
        return text
    }

    private mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let start = index
        index += 1
        guard let byte = peek else { throw failure(.unexpectedEnd) }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape(startingAt: start)
        default: throw failure(.invalidEscape, at: start)
        }
    }

    private mutating func unicodeEscape(startingAt start: Int) throws(JSONSyntaxError) -> Unicode.Scalar {
        let unit = try fourHexDigits(startingAt: start)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        // A high surrogate is half of a character: its low half must follow.
        guard (0xD800..<0xDC00).contains(unit), bytes[index...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")])
        else {
            throw failure(.invalidEscape, at: start)
        }
        index += 2
        let low = try fourHexDigits(startingAt: start)
        guard (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { throw failure(.invalidEscape, at: start) }
        return scalar
    }

    private mutating func fourHexDigits(startingAt start: Int) throws(JSONSyntaxError) -> UInt32 {
        let digits = bytes[index..<min(index + 4, bytes.count)]
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw failure(.invalidEscape, at: start) }
        index += 4
        return value
    }
}
