// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// Why a text is no JSON.
///
/// W105.
package struct JSONSyntaxError: CodedError, Hashable {
    /// What was wrong.
    package enum Reason: Hashable, Sendable {
        case unexpectedEnd
        case expected(String)
        case trailingText
        case duplicateKey(String)
        case controlCharacter
        case invalidEscape
        case invalidUTF8
        case tooManyMarks
        case tooDeep(limit: Int)
        case tooLarge(limit: Int)
    }

    package let reason: Reason
    /// Bytes before the place.
    package let offset: Int
    /// Counted from 1.
    package let line: Int
    /// In bytes, counted from 1.
    package let column: Int

    init(reason: Reason, offset: Int, in bytes: [UInt8]) {
        self.reason = reason
        self.offset = offset
        let before = bytes[..<min(offset, bytes.count)]
        line = 1 + before.count { $0 == 0x0A }
        column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
    }

    package var code: ErrorCode { .badPayload }

    package var message: String { "not valid JSON: \(sentence) (line \(line), column \(column))" }

    private var sentence: String {
        switch reason {
        case .unexpectedEnd: "the text ends too early"
        case .expected(let what): "expected \(what)"
        case .trailingText: "there is text after the value"
        case .duplicateKey(let key): "the key `\(PrintableText(key, limit: 80))` stands twice"
        case .controlCharacter: "a control character inside a string"
        case .invalidEscape: "an escape that does not exist"
        case .invalidUTF8: "a string that is not UTF-8"
        case .tooManyMarks: "a string with \(StreamSafeText.complaint)"
        case .tooDeep(let limit): "more than \(limit) levels of nesting"
        case .tooLarge(let limit): "more than \(limit) bytes"
        }
    }
}
