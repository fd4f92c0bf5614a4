// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// A text that was found fit to be parsed, and the way from the parser's marks back to its bytes.
///
/// The parser counts characters and does not see the byte order mark; positions count bytes and do.
struct YAMLSource {
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// The bytes without a byte order mark.
    let body: ArraySlice<UInt8>
    /// What the parser is to read, where that is not the body.
    private let placeholders: YAMLPlaceholders?
    /// The value of a variable; nil where placeholders stay as they are written.
    private let variable: ((String) -> String?)?
    /// How long the byte order mark is: 0 or 3.
    private let lead: Int
    /// Where each character begins in the body; empty where every character is one byte.
    private let starts: [Int]

    /// - Throws: `YAMLError` for text beyond the limit, bytes that are not UTF-8, characters that end a line for some
    ///   readers only (U+0085, U+2028, U+2029) or do not show (U+FEFF), and what `StreamSafeText` does not allow.
    init(_ bytes: [UInt8], rules: YAMLRules, filling variable: ((String) -> String?)?) throws(YAMLError) {
        guard bytes.count <= rules.maximumBytes else {
            throw YAMLError(.tooLarge(limit: rules.maximumBytes), at: .start)
        }
        lead = bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
        body = bytes[lead...]
        starts = body.allSatisfy { $0 < 0x80 } ? [] : try Self.characterStarts(of: body)
        placeholders = rules.readsPlaceholders ? try YAMLPlaceholders(hiddenIn: body) : nil
        self.variable = variable
    }

    /// What the parser reads: as many characters as the body has.
    var parsed: ArraySlice<UInt8> { placeholders.map { $0.text[...] } ?? body }

    /// A text of the parser as it was written, or with what stands for its placeholders.
    ///
    /// `unset` gets the names of variables that have no value.
    func text(_ text: String, unset: inout [String]) -> String {
        guard let placeholders else { return text }
        guard let variable else { return placeholders.restored(text) }
        return placeholders.filled(text, variable, unset: &unset)
    }

    /// The position of the character that comes after `index` others.
    func position(index: Int, line: Int, column: Int) -> YAMLPosition {
        let offset = starts.isEmpty ? min(index, body.count) : starts[min(index, starts.count - 1)]
        return YAMLPosition(offset: lead + offset, line: line + 1, column: column + 1)
    }

    /// The position of a byte of what the parser reads.
    func position(ofByte offset: Int) -> YAMLPosition {
        let seen = String(decoding: parsed.prefix(max(0, offset)), as: UTF8.self)
        let read = placeholders?.restored(seen) ?? seen
        let before = body.prefix(read.utf8.count)
        let lineStart = before.lastIndex { $0 == UInt8(ascii: "\n") }.map { $0 + 1 } ?? body.startIndex
        return YAMLPosition(
            offset: before.endIndex,
            line: before.count { $0 == UInt8(ascii: "\n") } + 1,
            column: String(decoding: before[lineStart...], as: UTF8.self).unicodeScalars.count + 1
        )
    }

    /// The byte at a position, nil at the end.
    func byte(at position: YAMLPosition) -> UInt8? {
        body.indices.contains(position.offset) ? body[position.offset] : nil
    }

    /// The offset of every character, and of the end.
    private static func characterStarts(of body: ArraySlice<UInt8>) throws(YAMLError) -> [Int] {
        var starts: [Int] = []
        starts.reserveCapacity(body.count + 1)
        var decoder = UTF8()
        var bytes = body.makeIterator()
        var place = YAMLPosition(offset: body.startIndex, line: 1, column: 1)
        let excess = StreamSafeText.excess(in: body)
        while true {
            if let excess, place.offset - body.startIndex == excess { throw YAMLError(.tooManyMarks, at: place) }
            starts.append(place.offset - body.startIndex)
            switch decoder.decode(&bytes) {
            case .emptyInput: return starts
            case .error: throw YAMLError(.notUTF8, at: place)
            case .scalarValue(let scalar):
                if [0x85, 0x2028, 0x2029, 0xFEFF].contains(scalar.value) {
                    throw YAMLError(.refusedCharacter(scalar), at: place)
                }
                place.advance(over: scalar, width: UTF8.width(scalar))
            }
        }
    }
}

extension YAMLPosition {
    /// Goes on by one character.
    ///
    /// Lines are counted by LF: good enough for a place in a message.
    fileprivate mutating func advance(over scalar: Unicode.Scalar, width: Int) {
        offset += width
        if scalar == "\n" {
            line += 1
            column = 1
        } else {
            column += 1
        }
    }
}
