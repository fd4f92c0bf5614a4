// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A place in a YAML text.
package struct YAMLPosition: Hashable, Sendable {
    /// Bytes from the first byte of the text, a byte order mark included.
    package var offset: Int
    /// Counted from 1.
    ///
    /// A line ends with LF, CR LF or CR.
    package var line: Int
    /// Characters (Unicode scalars) from the start of the line, counted from 1.
    ///
    /// A byte order mark does not count.
    package var column: Int

    package init(offset: Int, line: Int, column: Int) {
        self.offset = offset
        self.line = line
        self.column = column
    }

    /// The first character of a text without a byte order mark.
    package static let start = YAMLPosition(offset: 0, line: 1, column: 1)
}

extension YAMLPosition: Comparable {
    package static func < (left: YAMLPosition, right: YAMLPosition) -> Bool { left.offset < right.offset }
}

extension YAMLPosition: CustomStringConvertible {
    /// For people: `line 3, column 5`.
    package var description: String { "line \(line), column \(column)" }
}

/// A stretch of a YAML text; the end is the place after its last character.
package struct YAMLSpan: Hashable, Sendable {
    package var start: YAMLPosition
    package var end: YAMLPosition

    package init(start: YAMLPosition, end: YAMLPosition) {
        self.start = start
        self.end = end
    }

    /// The bytes of the text that are covered.
    package var offsets: Range<Int> { start.offset..<end.offset }
    package var isEmpty: Bool { start.offset == end.offset }
}
