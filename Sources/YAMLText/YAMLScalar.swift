// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A scalar with its type after the core schema of YAML 1.2.
package struct YAMLScalar: Hashable, Sendable {
    /// What a scalar stands for.
    package enum Kind: String, Hashable, Sendable {
        case null
        case bool = "true or false"
        case integer = "a whole number"
        case float = "a number"
        case string = "text"
    }

    /// The text without quotes, escapes and folds.
    package let text: String
    package let kind: Kind

    package init(text: String, kind: Kind) {
        self.text = text
        self.kind = kind
    }

    /// A scalar as it stands without quotes: the text decides the type.
    package init(plain text: String) { self.init(text: text, kind: CoreSchema.kind(of: text)) }

    /// The value of `true` and `false`, nil for every other scalar.
    package var bool: Bool? {
        kind == .bool ? text.utf8.first == UInt8(ascii: "t") || text.utf8.first == UInt8(ascii: "T") : nil
    }

    /// The value of a whole number that fits, in decimal, `0x…` or `0o…` notation.
    package var integer: Int? { kind == .integer ? Int(exactly: text) : nil }

    /// A number as JSON writes it: `+007` is `7`, `.5` is `0.5`.
    ///
    /// Nil for what is no number or has no JSON form (infinities, not-a-number, hexadecimal beyond 64 bits).
    package var jsonNumber: String? {
        switch kind {
        case .integer where CoreSchema.isDecimal(text): CoreSchema.normalized(text)
        case .integer: Int(exactly: text).map(String.init)
        case .float: text.utf8.contains { (0x30...0x39).contains($0) } ? CoreSchema.normalized(text) : nil
        case .null, .bool, .string: nil
        }
    }
}

extension Int {
    /// A whole number in one of the notations of the core schema.
    fileprivate init?(exactly text: String) {
        if text.hasPrefix("0x") {
            self.init(text.dropFirst(2), radix: 16)
        } else if text.hasPrefix("0o") {
            self.init(text.dropFirst(2), radix: 8)
        } else {
            self.init(text)
        }
    }
}
