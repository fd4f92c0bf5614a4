// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// How much room text takes on a terminal, where some letters take two columns and some none.
extension StringProtocol {
    /// The columns of a terminal that this text fills.
    package var columns: Int { reduce(0) { $0 + $1.columns } }

    /// As much of this text as fits into so many columns, with `…` where it was cut.
    package func cut(toColumns limit: Int) -> String {
        if columns <= limit { return String(self) }
        var (kept, used) = ("", 0)
        for letter in self {
            guard used + letter.columns < limit else { break }
            kept.append(letter)
            used += letter.columns
        }
        return kept + "…"
    }

    /// This text with blanks behind it, so that it fills so many columns.
    package func padded(toColumns width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - columns))
    }

    /// The words of this text in lines of at most so many columns; a longer word is broken.
    package func wrapped(toColumns width: Int) -> [String] {
        let width = Swift.max(width, 2)
        var lines: [String] = []
        var (line, used) = ("", 0)
        for word in split(separator: " ") {
            if used > 0, used + 1 + word.columns > width {
                lines.append(line)
                (line, used) = ("", 0)
            }
            if used > 0 { (line, used) = (line + " ", used + 1) }
            for letter in word {
                if used + letter.columns > width {
                    lines.append(line)
                    (line, used) = ("", 0)
                }
                line.append(letter)
                used += letter.columns
            }
        }
        return used > 0 || lines.isEmpty ? lines + [line] : lines
    }
}

extension Character {
    /// 2 for a letter of East Asian scripts and for an emoji, 0 for one that has no place of its own, 1 for all others.
    fileprivate var columns: Int {
        if isASCII { return 1 }
        let scalars = unicodeScalars
        if scalars.contains(where: \.isWide) || scalars.dropFirst().contains("\u{FE0F}") { return 2 }
        return scalars.allSatisfy {
            [.nonspacingMark, .enclosingMark, .format].contains($0.properties.generalCategory)
        }
            ? 0 : 1
    }
}

extension Unicode.Scalar {
    /// Whether the letter is wide in every context, by the blocks of Unicode's East Asian Width.
    fileprivate var isWide: Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
            0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x20000...0x3FFFD:
            true
        default: properties.isEmojiPresentation
        }
    }
}
