// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import YAMLText

/// The id of a function, or a pattern of ids in which `*` stands for any characters, none included: `shell::run`,
/// `shell::*`.
///
/// At most 256 bytes, compared as bytes, without blanks and control characters.
package struct CallPattern: Sendable, Hashable, CustomStringConvertible {
    package static let maximumBytes = 256

    /// As it was written.
    package let description: String
    /// What stands between the stars.
    private let parts: [[UInt8]]

    /// - Throws: `CallPatternError`.
    package init(parsing text: String) throws(CallPatternError) {
        guard !text.isEmpty else { throw CallPatternError(text: text, rule: .empty) }
        guard text.utf8.count <= Self.maximumBytes else { throw CallPatternError(text: text, rule: .tooLong) }
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .spaceSeparator, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
        guard isPlain else { throw CallPatternError(text: text, rule: .blank) }
        self.init(trusting: text)
    }

    /// What a worker asks for: as above, and nothing in it can be taken for a placeholder where it is written down.
    ///
    /// - Throws: `CallPatternError`.
    package init(parsingWish text: String) throws(CallPatternError) {
        try self.init(parsing: text)
        if text.utf8.contains(UInt8(ascii: "$")) { throw CallPatternError(text: text, rule: .placeholder) }
    }

    /// A pattern of any characters and any length, as the owner of a listener writes them.
    package init(trusting text: String) {
        description = text
        parts = Array(text.utf8).split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
    }

    /// What every text begins with that it matches.
    package var beginning: Substring { description.prefix { $0 != "*" } }

    /// Whether it names one function.
    package var isExact: Bool { parts.count == 1 }

    /// Looks at each byte of the text a bounded number of times for each star.
    package func matches(_ functionID: String) -> Bool {
        var functionID = functionID
        return functionID.withUTF8 { matches($0.span) }
    }

    /// Whether all that another pattern matches is matched by this one: then whoever has this one need not ask for the
    /// other.
    package func covers(_ other: CallPattern) -> Bool {
        // A star of the other one can be taken up by a star of this one only.
        matches(other.description)
    }

    private func matches(_ text: Span<UInt8>) -> Bool {
        guard let first = parts.first, let last = parts.last else { return false }
        guard parts.count > 1 else { return text.count == first.count && text.has(first, at: 0) }
        guard text.count >= first.count + last.count, text.has(first, at: 0),
            text.has(last, at: text.count - last.count)
        else { return false }
        var place = first.count
        let end = text.count - last.count
        for part in parts.dropFirst().dropLast() {
            while place + part.count <= end, !text.has(part, at: place) { place += 1 }
            guard place + part.count <= end else { return false }
            place += part.count
        }
        return true
    }

    package static func == (left: CallPattern, right: CallPattern) -> Bool { left.parts == right.parts }
    package func hash(into hasher: inout Hasher) { hasher.combine(parts) }
}

extension Span<UInt8> {
    /// Whether some bytes stand at a place from which on there is room for them.
    fileprivate func has(_ bytes: [UInt8], at place: Int) -> Bool {
        for index in bytes.indices where self[place + index] != bytes[index] { return false }
        return true
    }
}

/// Why a text is no pattern of functions.
///
/// W131.
package struct CallPatternError: CodedError, Hashable {
    package enum Rule: Sendable, Hashable {
        case empty
        case tooLong
        case blank
        case placeholder
    }

    package let text: String
    package let rule: Rule

    package var code: ErrorCode { .configParse }
    package var message: String { "`\(PrintableText(text, limit: 80))` names no functions: \(reason)" }
    /// The end of a sentence that begins with the pattern.
    package var reason: String {
        switch rule {
        case .empty: "it is empty"
        case .tooLong: "it has more than \(CallPattern.maximumBytes) bytes"
        case .blank: "it has blanks or characters that cannot be seen"
        case .placeholder: "it has a `$`, which begins a placeholder"
        }
    }
    package var hints: [String] { ["write ids such as `shell::run`, or `shell::*` for all functions of `shell`"] }
}

/// What a worker may do on the bus besides what every worker may: `may_call:` of its entry in `config.yaml`.
///
/// Shape: a list of patterns, and of maps with one pattern and what is said of it:
///
///     may_call:
///       - "shell::run"
///       - "worker::add": { isolation: none }      # what it causes may run in this tier, instead of one like its own
///       - "reports::*": { register: true }        # it may also offer these, though a worker has that name
package struct CallGrants: Sendable, Hashable {
    package struct Grant: Sendable, Hashable {
        package var pattern: CallPattern
        /// The weakest tier of what it causes to run, as it is written; nil for the worker's own.
        package var isolation: String?
        /// Whether the worker may offer functions of these names.
        package var mayRegister: Bool

        package init(_ pattern: CallPattern, isolation: String? = nil, mayRegister: Bool = false) {
            self.pattern = pattern
            self.isolation = isolation
            self.mayRegister = mayRegister
        }
    }

    /// The most of one entry.
    package static let maximumCount = 256

    package var grants: [Grant]

    package init(_ grants: [Grant] = []) { self.grants = grants }

    /// - Throws: `YAMLShapeError` with the place of what is no grant.
    package init(parsing list: YAMLCursor) throws(YAMLShapeError) {
        grants = []
        let elements = try list.elements()
        guard elements.count <= Self.maximumCount else {
            throw list.fail("has more than \(Self.maximumCount) patterns; `*` stands for any characters")
        }
        for element in elements {
            guard element.node.pairs != nil else {
                grants.append(Grant(try Self.pattern(try element.string(), element)))
                continue
            }
            let members = try element.members()
            guard let (text, options) = members.first, members.count == 1 else {
                throw element.fail("must be one pattern, or one pattern with a colon and a map of what is said of it")
            }
            grants.append(try Self.grant(try Self.pattern(text, element), options))
        }
    }

    private static func grant(_ pattern: CallPattern, _ options: YAMLCursor) throws(YAMLShapeError) -> Grant {
        if let key = try options.unknownKeys(besides: ["isolation", "register"]).first {
            throw options.fail("has an unknown key `\(PrintableText(key, limit: 80))`")
        }
        return Grant(
            pattern,
            isolation: try options.optional("isolation")?.string(),
            mayRegister: try options.optional("register")?.bool() ?? false
        )
    }

    private static func pattern(_ text: String, _ place: YAMLCursor) throws(YAMLShapeError) -> CallPattern {
        do throws(CallPatternError) { return try CallPattern(parsing: text) } catch { throw place.fail(error.reason) }
    }

    package var isEmpty: Bool { grants.isEmpty }

    /// The first grant that names a function.
    package func grant(for functionID: String) -> Grant? { grants.first { $0.pattern.matches(functionID) } }

    /// Of some patterns, those that are not granted yet: what is to be asked for.
    package func missing(of patterns: [CallPattern]) -> [CallPattern] {
        patterns.filter { wanted in !grants.contains { $0.pattern.covers(wanted) } }
    }
}
