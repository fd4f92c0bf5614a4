// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// `${VAR}` and `${VAR:default}` in the text of a configuration, replaced before it is parsed.
///
/// A name is any run without `}` and `:`, a default any run without `}`. A variable that is set to nothing counts as set.
/// Lines that are comments from their first character are left as they are.
package enum VariableExpansion {
    /// Expands a text.
    ///
    /// - Throws: `MissingVariables` with every name that is neither set nor has a default.
    package static func expand(_ text: [UInt8], _ value: (String) -> String?) throws(MissingVariables) -> [UInt8] {
        var result: [UInt8] = []
        var missing: [String] = []
        var index = 0
        var isLineStart = true
        var isComment = false
        while index < text.count {
            let byte = text[index]
            if !isComment, byte == UInt8(ascii: "$"), let (expression, end) = expression(in: text, at: index) {
                if let expanded = expression.value(value) {
                    result += expanded.utf8
                } else if !missing.contains(expression.name) {
                    missing.append(expression.name)
                }
                index = end
                continue
            }
            switch byte {
            case 0x0A, 0x0D: (isLineStart, isComment) = (true, false)
            case UInt8(ascii: "#") where isLineStart: isComment = true
            case 0x20, 0x09: break
            default: isLineStart = false
            }
            result.append(byte)
            index += 1
        }
        if !missing.isEmpty { throw MissingVariables(names: missing) }
        return result
    }

    private struct Expression {
        let name: String
        let fallback: String?

        func value(_ value: (String) -> String?) -> String? { value(name) ?? fallback }
    }

    private static func expression(in text: [UInt8], at start: Int) -> (Expression, end: Int)? {
        guard start + 1 < text.count, text[start + 1] == UInt8(ascii: "{"),
            let close = text[(start + 2)...].firstIndex(of: UInt8(ascii: "}"))
        else { return nil }
        let inner = text[(start + 2)..<close]
        let colon = inner.firstIndex(of: UInt8(ascii: ":"))
        let name = String(decoding: inner[..<(colon ?? close)], as: UTF8.self)
        guard !name.isEmpty else { return nil }
        let fallback = colon.map { String(decoding: inner[($0 + 1)...], as: UTF8.self) }
        return (Expression(name: name, fallback: fallback), close + 1)
    }
}

/// A configuration that needs variables which are not set.
///
/// W131.
package struct MissingVariables: CodedError, Hashable {
    package let names: [String]

    package var code: ErrorCode { .configParse }
    package var message: String {
        "the configuration needs " + names.map { "`\($0.printable)`" }.joined(separator: ", ")
            + (names.count == 1 ? ", which is not set" : ", which are not set")
    }
    package var hints: [String] { ["set it, or give it a default: `${\(names.first?.printable ?? "NAME"):default}`"] }
}
