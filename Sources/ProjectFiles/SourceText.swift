// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A replacement of some bytes of a text.
struct TextEdit {
    /// Bytes of the text as it was; empty for an insertion.
    var range: Range<Int>
    var text: String
}

/// A text as lines, for edits that leave all other lines as they are, their ends included.
///
/// Lines count from 1 and end with LF, CR LF or CR. What follows the last line end is a line where it is not empty.
struct SourceText {
    let bytes: [UInt8]
    /// Where each line begins; the first one behind a byte order mark.
    private let starts: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let lead = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var starts = [lead]
        var index = lead
        while index < bytes.count {
            let isPairOfCRLF = bytes[index] == 0x0D && index + 1 < bytes.count && bytes[index + 1] == 0x0A
            if isPairOfCRLF { index += 1 }
            if bytes[index] == 0x0A || bytes[index] == 0x0D { starts.append(index + 1) }
            index += 1
        }
        if starts.last == bytes.count { starts.removeLast() }
        self.starts = starts
    }

    var lineCount: Int { starts.count }

    /// The bytes of a line with its end; none for a line behind the last, where an empty value can stand.
    func line(_ number: Int) -> Range<Int> {
        guard (1...max(1, starts.count)).contains(number), !starts.isEmpty else { return bytes.count..<bytes.count }
        return starts[number - 1]..<(number < starts.count ? starts[number] : bytes.count)
    }

    /// The bytes of a line without its end.
    func content(ofLine number: Int) -> Range<Int> {
        let line = line(number)
        let end = bytes[line].lastIndex { $0 != 0x0A && $0 != 0x0D }.map { $0 + 1 } ?? line.lowerBound
        return line.lowerBound..<end
    }

    /// The first byte of a line that is no blank, with its column; nil for a blank line.
    func firstMark(ofLine number: Int) -> (byte: UInt8, column: Int)? {
        let content = content(ofLine: number)
        guard let index = bytes[content].firstIndex(where: { $0 != 0x20 && $0 != 0x09 }) else { return nil }
        return (bytes[index], index - content.lowerBound + 1)
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// The text of a range without blank lines at its end.
    func textWithoutLastEnds(_ range: Range<Int>) -> String {
        let isBlank = { (byte: UInt8) in [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
        let last =
            bytes[range.clamped(to: 0..<bytes.count)].lastIndex { !isBlank($0) }.map { $0 + 1 } ?? range.lowerBound
        return text(range.lowerBound..<last)
    }

    /// The text of a line without blanks around it.
    func trimmedLine(_ number: Int) -> String {
        let content = bytes[content(ofLine: number)]
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        guard let first = content.firstIndex(where: { !isBlank($0) }),
            let last = content.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return text(first..<last + 1)
    }

    /// Puts lines after line `number`; 0 puts them first.
    ///
    /// A text without a last line end stays without.
    func inserting(_ lines: [String], afterLine number: Int) -> TextEdit {
        let lineEnd = lineEnd(near: number)
        guard number > 0 else {
            let start = starts.first ?? bytes.count
            return TextEdit(range: start..<start, text: lines.map { $0 + lineEnd }.joined())
        }
        let place = line(number).upperBound
        if content(ofLine: number).upperBound < place {
            return TextEdit(range: place..<place, text: lines.map { $0 + lineEnd }.joined())
        }
        return TextEdit(range: place..<place, text: lines.map { lineEnd + $0 }.joined())
    }

    /// Takes lines away.
    ///
    /// Where the last line goes and has no line end, the one before it loses its own.
    func removing(_ lines: ClosedRange<Int>) -> TextEdit {
        let end = line(lines.upperBound).upperBound
        let isUnended = content(ofLine: lines.upperBound).upperBound == end
        let start = line(lines.lowerBound).lowerBound
        guard isUnended, lines.lowerBound > 1 else { return TextEdit(range: start..<end, text: "") }
        return TextEdit(range: content(ofLine: lines.lowerBound - 1).upperBound..<end, text: "")
    }

    /// The end of a line as the lines around it have it.
    func lineEnd(near number: Int) -> String {
        for candidate in [number, 1] where (1...max(1, lineCount)).contains(candidate) && lineCount > 0 {
            let end = text(content(ofLine: candidate).upperBound..<line(candidate).upperBound)
            if !end.isEmpty { return end }
        }
        return "\n"
    }

    /// The text with edits that do not overlap; of two at one place the first comes first.
    func applying(_ edits: [TextEdit]) -> [UInt8] {
        let ordered = edits.enumerated().sorted {
            ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset)
        }
        var result: [UInt8] = []
        var index = 0
        for (_, edit) in ordered {
            result += bytes[index..<max(index, edit.range.lowerBound)]
            result += Array(edit.text.utf8)
            index = max(index, edit.range.upperBound)
        }
        return result + bytes[index...]
    }
}
