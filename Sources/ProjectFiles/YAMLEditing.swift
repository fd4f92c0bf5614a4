// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import YAMLText

/// Where values of a YAML text begin and end in lines, and edits of its lists and maps.
///
/// Every edit is a proposal: who makes it parses the result and compares.
struct YAMLEditing {
    let source: SourceText
    /// By how many blanks what is inside a map is indented.
    let step: Int

    /// The last line that a value has a part in; blank lines below a block scalar that does not keep them are not.
    func lastLine(of node: YAMLNode) -> Int {
        if let last = node.isBlock ? node.pairs?.last?.value ?? node.items?.last : nil {
            return max(lastLine(of: last), node.pairs?.last?.key.span.end.line ?? 0)
        }
        let end = node.span.end
        guard node.style == .literal || node.style == .folded else { return end.line }
        var line = end.column == 1 && end.line > node.span.start.line ? end.line - 1 : end.line
        let header = source.text(node.span.start.offset..<source.content(ofLine: node.span.start.line).upperBound)
        let keeps = header.prefix { $0 != "#" }.contains("+")
        while !keeps, line > node.span.start.line, source.firstMark(ofLine: line) == nil { line -= 1 }
        return line
    }

    /// The last of the comment lines directly below a line that stand at `column` or further right; else the line.
    func lastComment(below line: Int, from column: Int) -> Int {
        var line = line
        while line < source.lineCount, let mark = source.firstMark(ofLine: line + 1), mark.byte == UInt8(ascii: "#"),
            mark.column >= column
        { line += 1 }
        return line
    }

    /// The last of the blank lines directly below a line; else the line.
    func lastBlank(below line: Int) -> Int {
        var line = line
        while line < source.lineCount, source.firstMark(ofLine: line + 1) == nil { line += 1 }
        return line
    }

    /// The line and column of the `-` before an item of a block list.
    func dash(before item: YAMLNode) -> (line: Int, column: Int)? {
        for line in stride(from: item.span.start.line, through: 1, by: -1) {
            guard let mark = source.firstMark(ofLine: line) else { continue }
            if mark.byte == UInt8(ascii: "-") { return (line, mark.column) }
            if mark.byte != UInt8(ascii: "#"), line < item.span.start.line { return nil }
        }
        return nil
    }

    /// The place behind anchor and tag of a value, where its own text begins.
    func contentStart(of node: YAMLNode) -> Int {
        var index = node.span.start.offset
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        while index < node.span.end.offset, [UInt8(ascii: "&"), UInt8(ascii: "!")].contains(source.bytes[index]) {
            index = source.bytes[index...].firstIndex { blanks.contains($0) } ?? source.bytes.count
            index = source.bytes[index...].firstIndex { !blanks.contains($0) } ?? source.bytes.count
        }
        return min(index, node.span.end.offset)
    }

    /// The column at which the pairs of a block map begin: that of the `?` where the key has one.
    func column(of pair: YAMLPair) -> Int {
        let start = pair.key.span.start
        let mark = source.firstMark(ofLine: start.line)
        return mark?.byte == UInt8(ascii: "?") ? mark?.column ?? start.column : start.column
    }

    /// The place behind the colon of a pair, nil where there is none on the key's line.
    func colonEnd(of pair: YAMLPair) -> Int? {
        let start = pair.key.span.end.offset
        let rest = source.bytes[start..<max(start, source.content(ofLine: pair.key.span.end.line).upperBound)]
        guard let colon = rest.firstIndex(where: { $0 != 0x20 && $0 != 0x09 }), rest[colon] == UInt8(ascii: ":")
        else { return nil }
        return colon + 1
    }
}

/// Block style.
extension YAMLEditing {
    /// Appends pairs to a map that is not an alias.
    func appending(_ members: [YAMLValue.Member], to map: YAMLNode) -> TextEdit? {
        guard let pairs = map.pairs, !map.isAlias else { return nil }
        guard map.isBlock, let first = pairs.first else {
            return appendingInFlow(members.map(\.flowText).joined(separator: ", "), to: map, after: pairs.last?.span)
        }
        let column = column(of: first)
        let last = lastComment(below: lastLine(of: map), from: max(column, 2))
        return source.inserting(lines(of: members, indentedBy: column - 1), afterLine: last)
    }

    /// Puts a pair behind another one of a map that is not an alias.
    func inserting(_ member: YAMLValue.Member, after pair: YAMLPair, in map: YAMLNode) -> TextEdit {
        guard map.isBlock else {
            let place = pair.span.end.offset
            return TextEdit(range: place..<place, text: ", " + member.flowText)
        }
        let lines = lines(of: [member], indentedBy: pair.key.span.start.column - 1)
        return source.inserting(lines, afterLine: max(lastLine(of: pair.value), pair.key.span.end.line))
    }

    /// Writes a pair in the place of another, its comments behind the value included.
    func replacing(_ pair: YAMLPair, in map: YAMLNode, by member: YAMLValue.Member) -> TextEdit {
        let start = pair.key.span.start
        guard map.isBlock else {
            return TextEdit(range: start.offset..<pair.span.end.offset, text: member.flowText)
        }
        // A comment behind a value on one line is about the key, one inside a block goes with the block.
        let isOneLine = pair.span.end.line == start.line
        let last = max(lastLine(of: pair.value), start.line)
        let end = isOneLine ? pair.span.end.offset : source.content(ofLine: last).upperBound
        let lineEnd = source.lineEnd(near: start.line)
        let lines = lines(of: [member], indentedBy: start.column - 1)
        let text = lines.joined(separator: lineEnd).dropFirst(start.column - 1)
        return TextEdit(range: start.offset..<end, text: String(text))
    }

    /// Takes a pair out of a map that has others, on demand with the blank lines below it; nil for an alias.
    func removing(_ index: Int, from map: YAMLNode, withBlankLines: Bool = false) -> [TextEdit]? {
        guard let pairs = map.pairs, pairs.count > 1, !map.isAlias else { return nil }
        guard map.isBlock else { return removingInFlow(index, spans: pairs.map(\.span)) }
        let pair = pairs[index]
        let start = pair.key.span.start
        let last = max(lastLine(of: pair.value), start.line)
        guard let mark = source.firstMark(ofLine: start.line), mark.column < start.column, index + 1 < pairs.count
        else {
            return [source.removing(start.line...(withBlankLines ? lastBlank(below: last) : last))]
        }
        // The first pair shares its line with the dash: the next one moves up, unless a comment stands between.
        let next = pairs[index + 1].key.span.start.offset
        let hasComment = source.bytes[pair.span.end.offset..<next].contains(UInt8(ascii: "#"))
        let end = hasComment ? pair.span.end.offset : next
        return [TextEdit(range: start.offset..<end, text: "")]
    }

    private func lines(of members: [YAMLValue.Member], indentedBy blanks: Int) -> [String] {
        members.flatMap { $0.blockLines(step: step) }.map { String(repeating: " ", count: blanks) + $0 }
    }
}

/// Flow style.
extension YAMLEditing {
    /// Puts an item or a pair behind the last one, or behind the opening bracket where there is none.
    func appendingInFlow(_ text: String, to node: YAMLNode, after last: YAMLSpan?) -> TextEdit {
        guard let last else {
            let place = contentStart(of: node) + 1
            return TextEdit(range: place..<place, text: text)
        }
        return TextEdit(range: last.end.offset..<last.end.offset, text: ", " + text)
    }

    /// Takes an item or a pair away, with the comma that parted it from its neighbour, and no comment.
    func removingInFlow(_ index: Int, spans: [YAMLSpan]) -> [TextEdit] {
        let own = spans[index].offsets
        if index > 0, let between = plain(spans[index - 1].end.offset..<own.lowerBound) {
            return [TextEdit(range: between.lowerBound..<own.upperBound, text: "")]
        }
        if index + 1 < spans.count, let between = plain(own.upperBound..<spans[index + 1].start.offset) {
            return [TextEdit(range: own.lowerBound..<between.upperBound, text: "")]
        }
        guard let comma = comma(from: own.upperBound) else { return [TextEdit(range: own, text: "")] }
        return [TextEdit(range: own, text: ""), TextEdit(range: comma..<comma + 1, text: "")]
    }

    /// The range, where it is on one line and holds no comment.
    private func plain(_ range: Range<Int>) -> Range<Int>? {
        source.bytes[range].contains { [0x0A, 0x0D, UInt8(ascii: "#")].contains($0) } ? nil : range
    }

    /// The next comma behind blanks, line ends and comments.
    private func comma(from start: Int) -> Int? {
        var isComment = false
        for index in start..<source.bytes.count {
            switch source.bytes[index] {
            case UInt8(ascii: "#"): isComment = true
            case 0x0A, 0x0D: isComment = false
            case UInt8(ascii: ",") where !isComment: return index
            case 0x20, 0x09: continue
            case _ where isComment: continue
            default: return nil
            }
        }
        return nil
    }
}

extension YAMLNode {
    /// Whether this is a list or map that is told by its indentation.
    var isBlock: Bool { style == .block }
}
