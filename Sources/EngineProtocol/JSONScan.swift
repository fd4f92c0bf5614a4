// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Why a text is no JSON, and where.
package struct JSONFault: Error, Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        case unexpectedEnd
        case syntax
        case invalidUTF8
        case tooDeep
        case notAnObject
        case duplicateMember
    }

    package let reason: Reason
    /// Bytes before the place.
    package let offset: Int
}

/// A walk over JSON text that checks all of it and builds nothing.
///
/// What it accepts is RFC 8259 in UTF-8, with two exceptions that the published SDKs need: halves of surrogate pairs in
/// escapes pass, and so do the words `NaN`, `Infinity` and `-Infinity`, which are remembered in `isStandard`.
struct JSONScan {
    let maximumDepth: Int
    var index = 0
    /// False once a word was met that JSON does not have.
    var isStandard = true
    /// Whether a key two levels down may be the mark of the caller.
    var isSuspect = false

    init(maximumDepth: Int, from index: Int = 0) {
        self.maximumDepth = maximumDepth
        self.index = index
    }

    /// Passes one value with the blanks before it.
    mutating func value(in bytes: Span<UInt8>, depth: Int = 0) throws(JSONFault) {
        skipBlanks(in: bytes)
        guard index < bytes.count else { throw fault(.unexpectedEnd) }
        switch bytes[index] {
        case UInt8(ascii: "\""): try string(in: bytes)
        case UInt8(ascii: "{"): try object(in: bytes, depth: depth + 1)
        case UInt8(ascii: "["): try array(in: bytes, depth: depth + 1)
        case UInt8(ascii: "t"): try word("true", in: bytes)
        case UInt8(ascii: "f"): try word("false", in: bytes)
        case UInt8(ascii: "n"): try word("null", in: bytes)
        case UInt8(ascii: "N"): try foreignWord("NaN", in: bytes)
        case UInt8(ascii: "I"): try foreignWord("Infinity", in: bytes)
        default: try number(in: bytes)
        }
    }

    mutating func skipBlanks(in bytes: Span<UInt8>) {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            default: return
            }
        }
    }

    /// Passes a byte with the blanks before it, if it is next.
    mutating func take(_ byte: UInt8, in bytes: Span<UInt8>) -> Bool {
        skipBlanks(in: bytes)
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    mutating func expect(_ byte: UInt8, in bytes: Span<UInt8>) throws(JSONFault) {
        if take(byte, in: bytes) { return }
        throw fault(index < bytes.count ? .syntax : .unexpectedEnd)
    }

    func fault(_ reason: JSONFault.Reason) -> JSONFault { JSONFault(reason: reason, offset: index) }

    private mutating func object(in bytes: Span<UInt8>, depth: Int) throws(JSONFault) {
        guard depth <= maximumDepth else { throw fault(.tooDeep) }
        index += 1
        if take(UInt8(ascii: "}"), in: bytes) { return }
        repeat {
            let key = try key(in: bytes)
            if depth == 2, CallerMark.couldBe(key, in: bytes) { isSuspect = true }
            try value(in: bytes, depth: depth)
        } while take(UInt8(ascii: ","), in: bytes)
        try expect(UInt8(ascii: "}"), in: bytes)
    }

    /// Passes a key with the blanks and the colon around it, and tells where its characters are.
    mutating func key(in bytes: Span<UInt8>) throws(JSONFault) -> Range<Int> {
        skipBlanks(in: bytes)
        guard index < bytes.count else { throw fault(.unexpectedEnd) }
        guard bytes[index] == UInt8(ascii: "\"") else { throw fault(.syntax) }
        let start = index + 1
        try string(in: bytes)
        let end = index - 1
        try expect(UInt8(ascii: ":"), in: bytes)
        return start..<end
    }

    private mutating func array(in bytes: Span<UInt8>, depth: Int) throws(JSONFault) {
        guard depth <= maximumDepth else { throw fault(.tooDeep) }
        index += 1
        if take(UInt8(ascii: "]"), in: bytes) { return }
        repeat { try value(in: bytes, depth: depth) } while take(UInt8(ascii: ","), in: bytes)
        try expect(UInt8(ascii: "]"), in: bytes)
    }

    private mutating func word(_ word: StaticString, in bytes: Span<UInt8>) throws(JSONFault) {
        for letter in word.description.utf8 {
            guard index < bytes.count else { throw fault(.unexpectedEnd) }
            guard bytes[index] == letter else { throw fault(.syntax) }
            index += 1
        }
    }

    private mutating func foreignWord(_ text: StaticString, in bytes: Span<UInt8>) throws(JSONFault) {
        try word(text, in: bytes)
        isStandard = false
    }

    private mutating func number(in bytes: Span<UInt8>) throws(JSONFault) {
        if bytes[index] == UInt8(ascii: "-") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "I") { return try foreignWord("Infinity", in: bytes) }
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: "0") { index += 1 } else { try digits(in: bytes) }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            try digits(in: bytes)
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            try digits(in: bytes)
        }
    }

    private mutating func digits(in bytes: Span<UInt8>) throws(JSONFault) {
        let start = index
        while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
        if index == start { throw fault(index < bytes.count ? .syntax : .unexpectedEnd) }
    }
}
