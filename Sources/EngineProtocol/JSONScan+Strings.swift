// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension JSONScan {
    /// Passes a string whose opening quote is next.
    mutating func string(in bytes: Span<UInt8>) throws(JSONFault) {
        index += 1
        while true {
            skipPlainCharacters(in: bytes)
            guard index < bytes.count else { throw fault(.unexpectedEnd) }
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return
            case UInt8(ascii: "\\"): try escape(in: bytes)
            case 0..<0x20: throw fault(.syntax)
            case 0x80...: try sequence(in: bytes)
            default: index += 1
            }
        }
    }

    /// Passes ASCII characters that mean nothing to a string, eight at a time; stops at the first other one, or less than
    /// eight bytes before the end.
    private mutating func skipPlainCharacters(in bytes: Span<UInt8>) {
        let raw = bytes.bytes
        while index + 8 <= raw.byteCount {
            // Safety: eight bytes from `index` lie within the span, and any bits are an integer.
            let word = raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
            let special = Self.specialBytes(in: word)
            guard special == 0 else {
                index += special.trailingZeroBitCount / 8
                return
            }
            index += 8
        }
    }

    /// The high bit of each byte that is a quote, a backslash, below 0x20 or above 0x7F; exact for the lowest such byte.
    private static func specialBytes(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        let found =
            ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes) | ((word &- ones &* 0x20) & ~word)
        return (found | word) & highs
    }

    /// Passes an escape; that a half of a surrogate pair has its other half is not asked.
    private mutating func escape(in bytes: Span<UInt8>) throws(JSONFault) {
        index += 1
        guard index < bytes.count else { throw fault(.unexpectedEnd) }
        switch bytes[index] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 1
        case UInt8(ascii: "u"):
            index += 1
            for _ in 0..<4 {
                guard index < bytes.count else { throw fault(.unexpectedEnd) }
                switch bytes[index] {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                    UInt8(ascii: "A")...UInt8(ascii: "F"):
                    index += 1
                default: throw fault(.syntax)
                }
            }
        default: throw fault(.syntax)
        }
    }

    /// Passes one character of two to four bytes (RFC 3629: no overlong forms, no surrogates).
    private mutating func sequence(in bytes: Span<UInt8>) throws(JSONFault) {
        let length: Int
        let second: ClosedRange<UInt8>
        switch bytes[index] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw fault(.invalidUTF8)
        }
        guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { throw fault(.invalidUTF8) }
        for place in (index + 2)..<max(index + 2, index + length) where bytes[place] & 0xC0 != 0x80 {
            throw fault(.invalidUTF8)
        }
        index += length
    }
}
