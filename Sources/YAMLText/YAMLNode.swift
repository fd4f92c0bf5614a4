// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A value of a YAML text, with where it stands and how it is written.
package struct YAMLNode: Sendable {
    package enum Content: Sendable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        /// In the order of the text. No two keys have the same text.
        case mapping([YAMLPair])
    }

    /// How a value is written.
    package enum Style: Hashable, Sendable {
        case plain
        case singleQuoted
        case doubleQuoted
        /// `|` and `>`
        case literal
        case folded
        /// A list or map told by its indentation.
        case block
        /// `[…]` and `{…}`
        case flow
        /// `*name`: the content is what the anchor stands on.
        case alias(String)
    }

    package let content: Content
    package let style: Style
    /// From the first character, anchor and tag included, to after the last.
    ///
    /// The span of a block collection ends with the last character of its last value: comments and blank lines after it
    /// do not belong to it. A block scalar ends at the start of the line after it, trailing blank lines included.
    package let span: YAMLSpan
    /// The name of the anchor that stands on this value.
    package let anchor: String?
    /// The tag as the parser expands it: `!local` or `tag:yaml.org,2002:str`.
    package let tag: String?

    init(content: Content, style: Style, span: YAMLSpan, anchor: String?, tag: String?) {
        self.content = content
        self.style = style
        self.span = span
        self.anchor = anchor
        self.tag = tag
    }

    package var isAlias: Bool { if case .alias = style { true } else { false } }

    package var scalar: YAMLScalar? { if case .scalar(let scalar) = content { scalar } else { nil } }

    /// The items of a list, nil for everything else.
    package var items: [YAMLNode]? { if case .sequence(let items) = content { items } else { nil } }

    /// The pairs of a map, nil for everything else.
    package var pairs: [YAMLPair]? { if case .mapping(let pairs) = content { pairs } else { nil } }

    /// Whether this is the null value: nothing at all, `~` or `null`.
    package var isNull: Bool { scalar?.kind == .null }

    /// The text of a scalar that is text, nil for everything else.
    package var string: String? { scalar.flatMap { $0.kind == .string ? $0.text : nil } }

    /// The value of a map's key.
    package subscript(key: String) -> YAMLNode? { pair(key)?.value }

    package func pair(_ key: String) -> YAMLPair? { pairs?.first { $0.name == key } }

    /// What the value is, for people: `a list`, `text`, `a whole number`.
    package var kindForPeople: String {
        switch content {
        case .scalar(let scalar): scalar.kind.rawValue
        case .sequence: "a list"
        case .mapping: "a map"
        }
    }
}

/// A key of a map with its value.
package struct YAMLPair: Sendable {
    /// A scalar.
    package let key: YAMLNode
    package let value: YAMLNode

    init(key: YAMLNode, value: YAMLNode) {
        self.key = key
        self.value = value
    }

    /// The text of the key.
    package var name: String { key.scalar?.text ?? "" }

    /// From the key to the end of the value.
    package var span: YAMLSpan { YAMLSpan(start: key.span.start, end: max(key.span.end, value.span.end)) }
}
