// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Text made safe for a terminal: what came from outside cannot move the cursor, change colours, reorder what is read, or
/// fill the screen.
///
/// Control characters (C0, C1, DEL), bidirectional controls, zero-width characters and other invisible format
/// characters are dropped, and so are combining marks that follow 30 others; tabs and line ends become one blank.
package struct PrintableText: Sendable, Hashable, CustomStringConvertible {
    /// The most lines of one kind that a message has: warnings, hints, problems.
    package static let mostLines = 20

    /// The cleaned text.
    package let description: String

    /// Cleans `text` and cuts it to at most `limit` bytes of UTF-8, between characters, with `…` where it was cut.
    package init(_ text: some StringProtocol, limit: Int = 4096) {
        var scalars = String.UnicodeScalarView()
        var bytes = 0
        var marks = 0
        for scalar in text.unicodeScalars {
            let shown: Unicode.Scalar
            switch scalar {
            case "\t", "\n", "\r": shown = " "
            case _ where scalar.isUnseen: continue
            default: shown = scalar
            }
            marks = shown.properties.canonicalCombiningClass == .notReordered ? 0 : marks + 1
            if marks > StreamSafeText.longestRun { continue }
            bytes += UTF8.width(shown)
            if bytes > limit {
                scalars.append("…")
                break
            }
            scalars.append(shown)
        }
        description = String(scalars)
    }

    /// The first of some lines, and one that says how many there are besides.
    package static func firstLines(of lines: [String], upTo limit: Int = mostLines) -> [String] {
        lines.count > limit ? lines.prefix(limit) + ["… and \(lines.count - limit) more"] : lines
    }
}

extension Unicode.Scalar {
    /// Whether it shows nothing itself, but may hide or move what is around it.
    fileprivate var isUnseen: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }

    /// Whether it turns the direction of the text behind it, as `U+202E` does: text that is shown says what it says.
    package var turnsDirection: Bool {
        switch value {
        case 0x061C, 0x200E...0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

extension StringProtocol {
    /// This text, made safe for a terminal.
    package var printable: String { PrintableText(self).description }
}
