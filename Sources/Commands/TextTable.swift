// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// Rows in columns that line up.
enum TextTable {
    private static let gap = "  "
    /// The least room for the last column, where others are cut for it.
    private static let leastForLast = 24
    /// What no column is cut below.
    private static let least = 12

    /// Pads every cell but the last to the widest of its column, two blanks apart.
    ///
    /// With a width no line is longer: the last column goes on below itself, and where it would be too narrow the widest
    /// of the others but the first are cut.
    static func lines(_ rows: [[String]], width: Int? = nil) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        var widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].columns : 0 }.max() ?? 0 }
        if let width { shrink(&widths, to: width) }
        return rows.flatMap { row in lines(of: row, widths, width) }
    }

    private static func lines(of row: [String], _ widths: [Int], _ width: Int?) -> [String] {
        guard let last = row.last else { return [""] }
        let head = zip(row.dropLast(), widths).map { cell, width in
            cell.cut(toColumns: width).padded(toColumns: width) + gap
        }.joined()
        guard let width, head.columns + last.columns > width else { return [(head + last).withoutBlanksAtEnd] }
        let parts = last.wrapped(toColumns: max(width - head.columns, least))
        let indent = String(repeating: " ", count: head.columns)
        return parts.enumerated().map { (($0.offset == 0 ? head : indent) + $0.element).withoutBlanksAtEnd }
    }

    /// Takes from the widest columns between the first and the last until the last has room.
    private static func shrink(_ widths: inout [Int], to width: Int) {
        guard widths.count > 2 else { return }
        let needed = min(widths[widths.count - 1], leastForLast)
        var excess = widths.dropLast().reduce(0) { $0 + $1 + gap.count } + needed - width
        while excess > 0 {
            let middle = widths.indices.dropFirst().dropLast()
            guard let widest = middle.max(by: { widths[$0] < widths[$1] }), widths[widest] > least else { return }
            widths[widest] -= 1
            excess -= 1
        }
    }
}

extension Printer {
    /// Prints rows in columns that line up, with a head where there is one; on a terminal no line is longer than it is
    /// wide.
    ///
    /// A last column in which no row has anything is left out.
    func table(head: [String] = [], _ rows: [[String]]) {
        var (head, rows) = (head, rows)
        if !head.isEmpty, !rows.isEmpty, rows.allSatisfy({ $0.count == head.count && $0.last?.isEmpty == true }) {
            head.removeLast()
            rows = rows.map { $0.dropLast() }
        }
        let lines = TextTable.lines(head.isEmpty ? rows : [head] + rows, width: resultWidth)
        for (index, line) in lines.enumerated() {
            result(index == 0 && !head.isEmpty ? colours.output.painted(line, .bold) : line)
        }
    }
}

extension String {
    fileprivate var withoutBlanksAtEnd: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

extension Int {
    /// `1 file`, `2 files`.
    func of(_ thing: String) -> String { self == 1 ? "1 \(thing)" : "\(self) \(thing)s" }
}
