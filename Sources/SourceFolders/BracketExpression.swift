// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The bytes that `[…]` of a pattern stands for: `[abc]`, `[a-z]`, `[!a]`, `[^a]`, `[[:digit:]]`, `[\]]`, `[]a]`.
///
/// Never the `/` between the parts of a path.
enum BracketExpression {
    /// Reads what stands behind a `[`.
    ///
    /// - Returns: the bytes, and the place behind the `]`; nil where there is no end, or a class that nobody knows.
    static func read(_ pattern: [UInt8], behind start: Int) -> (set: ByteSet, end: Int)? {
        /// The end of the pattern reads as NUL, which no pattern holds.
        func at(_ index: Int) -> UInt8 { pattern.indices.contains(index) ? pattern[index] : 0 }
        var set = ByteSet()
        var index = start
        let isNegated = at(index) == UInt8(ascii: "!") || at(index) == UInt8(ascii: "^")
        if isNegated { index += 1 }
        /// The byte before, where it may begin a range.
        var previous: UInt8 = 0
        // A `]` that comes first stands for itself.
        repeat {
            var byte = at(index)
            switch byte {
            case 0: return nil
            case UInt8(ascii: "\\"):
                index += 1
                byte = at(index)
                if byte == 0 { return nil }
                set.insert(byte)
            case UInt8(ascii: "-") where previous != 0 && at(index + 1) != 0 && at(index + 1) != UInt8(ascii: "]"):
                index += 1
                if at(index) == UInt8(ascii: "\\") { index += 1 }
                let last = at(index)
                if last == 0 { return nil }
                if previous <= last { for member in previous...last { set.insert(member) } }
                byte = 0
            case UInt8(ascii: "[") where at(index + 1) == UInt8(ascii: ":"):
                guard let end = pattern[index...].firstIndex(of: UInt8(ascii: "]")) else { return nil }
                guard end - index >= 3, pattern[end - 1] == UInt8(ascii: ":") else {
                    set.insert(byte)
                    break
                }
                let name = String(decoding: pattern[(index + 2)..<(end - 1)], as: UTF8.self)
                guard let isMember = classes[name] else { return nil }
                for member in UInt8.min...0x7F where isMember(member) { set.insert(member) }
                index = end
                byte = 0
            default: set.insert(byte)
            }
            previous = byte
            index += 1
        } while at(index) != UInt8(ascii: "]")
        return (ByteSet { $0 != UInt8(ascii: "/") && set.contains($0) != isNegated }, index + 1)
    }

    /// Of ASCII alone, in every language.
    private static let classes: [String: @Sendable (UInt8) -> Bool] = [
        "alnum": { isLetter($0) || isDigit($0) }, "alpha": isLetter, "blank": { $0 == 0x20 || $0 == 0x09 },
        "cntrl": { $0 < 0x20 || $0 == 0x7F }, "digit": isDigit, "graph": isVisible, "lower": isLower,
        "print": { isVisible($0) || $0 == 0x20 },
        "punct": { isVisible($0) && !isLetter($0) && !isDigit($0) },
        "space": { [0x20, 0x09, 0x0A, 0x0D].contains($0) }, "upper": isUpper,
        "xdigit": { isDigit($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0) },
    ]

    @Sendable private static func isUpper(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
    @Sendable private static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    @Sendable private static func isLetter(_ byte: UInt8) -> Bool { isUpper(byte) || isLower(byte) }
    @Sendable private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    @Sendable private static func isVisible(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }
}
