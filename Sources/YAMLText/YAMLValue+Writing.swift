// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension YAMLValue {
    /// The longest key, as it is written, that the parser accepts without `?` before it.
    fileprivate static let longestSimpleKey = 1000

    /// A whole document in block style, each line ended with LF.
    package var text: String { blockLines(step: 2).map { $0 + "\n" }.joined() }

    /// The lines of the value in block style, without line ends, as they stand at column 1.
    ///
    /// What is inside is indented by `step` blanks, at least 1; lists are indented below their key.
    package func blockLines(step: Int) -> [String] {
        switch self {
        case .sequence(let items) where !items.isEmpty:
            items.flatMap { item in Self.item(item.blockLines(step: step)) }
        case .mapping(let members) where !members.isEmpty: members.flatMap { $0.blockLines(step: step) }
        default: [inlineText]
        }
    }

    /// The value on one line, with `[…]` and `{…}`, as it can stand inside another list or map of this style.
    package var flowText: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let text), .float(let text): text
        case .string(let text): ScalarQuoting.written(text, inFlow: true)
        case .sequence(let items): "[" + items.map(\.flowText).joined(separator: ", ") + "]"
        case .mapping(let members): "{" + members.map(\.flowText).joined(separator: ", ") + "}"
        }
    }

    /// A scalar, or an empty list or map, as it stands after a key in block style.
    package var inlineText: String {
        if case .string(let text) = self { ScalarQuoting.written(text, inFlow: false) } else { flowText }
    }

    fileprivate var isNested: Bool {
        switch self {
        case .sequence(let items): !items.isEmpty
        case .mapping(let members): !members.isEmpty
        case .null, .bool, .integer, .float, .string: false
        }
    }

    private static func item(_ lines: [String]) -> [String] {
        lines.enumerated().map { ($0 == 0 ? "- " : "  ") + $1 }
    }
}

extension YAMLValue.Member {
    /// The lines of the pair in block style, as they stand at column 1.
    package func blockLines(step: Int) -> [String] {
        let name = ScalarQuoting.written(key, inFlow: false)
        let isSimple = name.unicodeScalars.count <= YAMLValue.longestSimpleKey
        let head = isSimple ? [name + ":"] : ["? " + name, ":"]
        guard value.isNested else { return head.dropLast() + [head[head.count - 1] + " " + value.inlineText] }
        return head + value.blockLines(step: step).map { String(repeating: " ", count: max(1, step)) + $0 }
    }

    /// The pair as it stands between `{` and `}`.
    package var flowText: String {
        let name = ScalarQuoting.written(key, inFlow: true)
        let isSimple = name.unicodeScalars.count <= YAMLValue.longestSimpleKey
        return (isSimple ? name : "? " + name + " ") + ": " + value.flowText
    }
}
