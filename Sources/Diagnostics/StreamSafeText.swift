// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The one rule by which readers of text from outside keep its cost in proportion to its length.
///
/// Two strings are equal where their letters are, however their accents are ordered. To compare or hash one, its runs of
/// combining marks are sorted, which takes time with the square of a run. No language stacks more than a few; Unicode's
/// stream-safe text format (UAX #15, section 13) allows 30 non-starters in a row, and so does every reader here: text
/// with more is refused before it is a key, a name or a value.
package enum StreamSafeText {
    /// The most combining marks in a row.
    package static let longestRun = 30
    /// What is wrong with a text that has more, as the end of a sentence.
    package static let complaint = "more than \(longestRun) combining marks in a row"

    /// How the first combining mark, U+0300, begins in UTF-8: no byte below it begins one.
    private static let firstLead: UInt8 = 0xCC

    /// Where in UTF-8 a run of combining marks becomes too long: the bytes before the mark that is one too many, nil in
    /// text that keeps the rule.
    ///
    /// One look at each byte for text without marks. Bytes that are no UTF-8 count as letters.
    package static func excess(in text: some Collection<UInt8>) -> Int? {
        if let found = text.withContiguousStorageIfAvailable({ excess(inStorage: $0) }) { return found }
        return Array(text).withUnsafeBufferPointer { excess(inStorage: $0) }
    }

    // Safety: the bytes are read while the call lasts, at places within their count.
    private static func excess(inStorage bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var index = 0
        var run = 0
        while index < bytes.count {
            guard bytes[index] >= firstLead, let (scalar, width) = scalar(at: index, in: bytes) else {
                run = 0
                index += 1
                continue
            }
            let marks = marks(in: scalar)
            run = marks == 0 ? 0 : run + marks
            if run > longestRun { return index }
            index += width
        }
        return nil
    }

    /// How many non-starters a character becomes when it is decomposed and begins with one; 0 for a letter.
    private static func marks(in scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        // Two marks each, and three of them pass for letters until they are decomposed.
        case 0x0344, 0x0F73, 0x0F75, 0x0F81: 2
        default: scalar.properties.canonicalCombiningClass == .notReordered ? 0 : 1
        }
    }

    private static func scalar(at index: Int, in bytes: UnsafeBufferPointer<UInt8>) -> (Unicode.Scalar, width: Int)? {
        let lead = bytes[index]
        let width = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
        guard index + width <= bytes.count else { return nil }
        var value = UInt32(lead) & (0xFF >> UInt32(width + 1))
        for place in (index + 1)..<(index + width) {
            guard bytes[place] & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(bytes[place] & 0x3F)
        }
        return Unicode.Scalar(value).map { ($0, width) }
    }
}

extension StringProtocol {
    /// Whether no run of combining marks in it is longer than any language needs: `StreamSafeText`.
    package var isStreamSafe: Bool { StreamSafeText.excess(in: utf8) == nil }
}
