// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// Why a text is refused as YAML, and where.
///
/// W131.
package struct YAMLError: CodedError, Hashable {
    /// What is wrong at the place.
    package enum Problem: Hashable, Sendable {
        case tooLarge(limit: Int)
        case tooDeep(limit: Int)
        case tooManyNodes(limit: Int)
        case notUTF8
        case tooManyMarks
        /// A character that only some readers take for the end of a line, or that hides.
        case refusedCharacter(Unicode.Scalar)
        /// A tab where YAML wants blanks.
        case tab
        /// The scanner's or parser's own words.
        case syntax(String)
        case severalDocuments
        case anchor(String)
        case alias(String)
        case unknownAlias(String)
        case recursiveAlias(String)
        case tag(String)
        /// A tag that says one type over text of another.
        case tagMismatch(tag: String, text: String)
        case collectionAsKey
        case duplicateKey(String, firstLine: Int)
        /// Placeholders, and no private character that could stand for a part of one.
        case noPrivateCharacters
        case outOfMemory
    }

    package let problem: Problem
    package let position: YAMLPosition

    package init(_ problem: Problem, at position: YAMLPosition) {
        self.problem = problem
        self.position = position
    }

    package var code: ErrorCode { .configParse }
    package var message: String { "invalid YAML at \(position): \(reason)" }
    package var details: [(key: String, value: String)] {
        [("line", String(position.line)), ("column", String(position.column)), ("reason", reason)]
    }
}

extension YAMLError {
    /// What is wrong, as the end of a sentence, without the place.
    package var reason: String {
        switch problem {
        case .tooLarge(let limit): "the text is longer than \(limit) bytes"
        case .tooDeep(let limit): "more than \(limit) lists and maps inside each other"
        case .tooManyNodes(let limit): "more than \(limit) values"
        case .notUTF8: "a byte that is not UTF-8"
        case .tooManyMarks: "\(StreamSafeText.complaint)"
        case .refusedCharacter(let scalar):
            "the character U+\(Self.hexadecimal(scalar)), which YAML readers understand differently"
        case .tab: "a tab cannot be used to indent"
        case .syntax(let text): "\(PrintableText(text, limit: 200))"
        case .severalDocuments: "a second document begins; only one is read"
        case .anchor(let name): "the anchor `&\(Self.shown(name))` is not allowed"
        case .alias(let name): "the alias `*\(Self.shown(name))` is not allowed"
        case .unknownAlias(let name): "the alias `*\(Self.shown(name))` has no anchor above it"
        case .recursiveAlias(let name): "the alias `*\(Self.shown(name))` stands inside its own anchor"
        case .tag(let tag): "the tag `\(Self.shown(tag))` is not allowed"
        case .tagMismatch(let tag, let text): "`\(Self.shown(text))` does not fit the tag `\(Self.shown(tag))`"
        case .collectionAsKey: "a list or map cannot be a key"
        case .duplicateKey(let key, let line): "the key `\(Self.shown(key))` was given before, on line \(line)"
        case .noPrivateCharacters: "characters of all private kinds, which leave none to read `${NAME}` with"
        case .outOfMemory: "there is not enough memory to read it"
        }
    }

    package var hints: [String] {
        switch problem {
        case .refusedCharacter(let scalar):
            ["write it as `\\u\(Self.hexadecimal(scalar))` inside double quotes, or leave it out"]
        case .tab: ["indent with blanks"]
        case .severalDocuments: ["remove the `---` line and what follows it"]
        case .anchor, .alias: ["write the value out where it is used"]
        default: []
        }
    }

    private static func shown(_ text: String) -> String { PrintableText(text, limit: 80).description }

    private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
