// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Text made safe for a terminal: what came from outside cannot move the cursor, change colours or reorder what is read.
///
/// Control characters (C0, C1, DEL), bidirectional controls, zero-width characters and other invisible format
/// characters are dropped; tabs and line ends become one blank.
package struct PrintableText: Sendable, Hashable, CustomStringConvertible {
    /// The cleaned text.
    package let description: String

    /// Cleans `text` and cuts it to at most `limit` characters, with `…` where it was cut.
    package init(_ text: some StringProtocol, limit: Int = 4096) {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\t", "\n", "\r": scalars.append(" ")
            case _ where Self.isInvisible(scalar): continue
            default: scalars.append(scalar)
            }
        }
        let cleaned = String(scalars)
        description = cleaned.count > limit ? String(cleaned.prefix(limit)) + "…" : cleaned
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }
}

extension StringProtocol {
    /// This text, made safe for a terminal.
    package var printable: String { PrintableText(self).description }
}
