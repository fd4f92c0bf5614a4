// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// Text in HTML or XML that is safe to send, whoever wrote what stands in it.
///
/// What is written in the source is markup; every value that is put into it is text, and is escaped; marks in it that
/// turn the direction of text are left out, so that it reads as it is:
///
///     let row: Markup = "<td title=\"\(reason)\">\(name)</td>"
///
/// Attributes stand in quotation marks. Addresses are checked before: escaping makes no address harmless.
package struct Markup: Hashable, Sendable, ExpressibleByStringInterpolation {
    package let text: String

    package init(stringLiteral value: StaticString) { text = value.description }

    package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// What a renderer of this module has made.
    init(rendered text: String) { self.text = text }

    package static let empty: Markup = ""

    package var bytes: [UInt8] { Array(text.utf8) }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity * 2) }

        package mutating func appendLiteral(_ literal: StaticString) { text += literal.description }

        package mutating func appendInterpolation(_ value: String) { Markup.escape(value, into: &text) }

        package mutating func appendInterpolation(_ value: Int) { text += String(value) }

        package mutating func appendInterpolation(_ value: Markup) { text += value.text }

        package mutating func appendInterpolation(_ values: [Markup]) {
            for value in values { text += value.text }
        }
    }

    private static func escape(_ value: String, into text: inout String) {
        for scalar in value.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            // XML has no words for these at all, and HTML none that anybody wants.
            case "\u{0}"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{7F}", "\u{FFFE}", "\u{FFFF}":
                text += "\u{FFFD}"
            case _ where scalar.turnsDirection: continue
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
