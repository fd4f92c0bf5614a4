// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// Builds values out of the parser's events, and holds them to the rules.
///
/// No recursion: depth costs no stack.
struct YAMLComposer {
    /// A list or map whose end has not come yet.
    fileprivate struct Open {
        var event: YAMLEvent
        var style: YAMLNode.Style
        var isMapping: Bool
        var items: [YAMLNode] = []
        var pairs: [YAMLPair] = []
        /// A key that waits for its value.
        var key: YAMLNode?
        /// The line of each key so far.
        var keyLines: [String: Int] = [:]
        var nodes = 1
    }

    /// What an anchor stands on, with how many values that is.
    private struct Anchored {
        var node: YAMLNode
        var nodes: Int
    }

    private let rules: YAMLRules
    private var open: [Open] = []
    private var anchors: [String: Anchored] = [:]
    private var nodes = 0

    init(rules: YAMLRules) { self.rules = rules }

    /// Takes the next event; gives the value of the document when it is complete.
    mutating func receive(_ event: YAMLEvent) throws(YAMLError) -> YAMLNode? {
        try checkProperties(of: event)
        switch event.kind {
        case .alias(let name):
            return try place(try resolveAlias(name, event), holding: anchors[name]?.nodes ?? 1)
        case .scalar(let text, let style):
            try count(1, at: event.span.start)
            guard text.isStreamSafe else { throw YAMLError(.tooManyMarks, at: event.span.start) }
            let scalar = try scalar(text, style, event)
            return try place(node(.scalar(scalar), style, event.span, event), holding: 1)
        case .sequenceStart(let style): try begin(event, style, isMapping: false)
        case .mappingStart(let style): try begin(event, style, isMapping: true)
        case .sequenceEnd, .mappingEnd: return try finish(at: event.span)
        case .streamStart, .streamEnd, .documentStart, .documentEnd: break
        }
        return nil
    }

    private mutating func begin(_ event: YAMLEvent, _ style: YAMLNode.Style, isMapping: Bool) throws(YAMLError) {
        if open.last?.isMapping == true, open.last?.key == nil {
            throw YAMLError(.collectionAsKey, at: event.span.start)
        }
        if open.count >= rules.maximumDepth {
            throw YAMLError(.tooDeep(limit: rules.maximumDepth), at: event.span.start)
        }
        try count(1, at: event.span.start)
        open.append(Open(event: event, style: style, isMapping: isMapping))
    }

    private mutating func finish(at end: YAMLSpan) throws(YAMLError) -> YAMLNode? {
        guard let done = open.popLast() else { return nil }
        let last = done.isMapping ? done.pairs.last?.span.end : done.items.last?.span.end
        // The parser ends a block collection where the next thing begins, beyond comments that are not part of it.
        let close = done.style == .flow ? end.end : last ?? done.event.span.end
        let content: YAMLNode.Content = done.isMapping ? .mapping(done.pairs) : .sequence(done.items)
        let span = YAMLSpan(start: done.event.span.start, end: close)
        return try place(node(content, done.style, span, done.event), holding: done.nodes)
    }

    /// Puts a complete value where it belongs; gives it back where nothing is around it.
    private mutating func place(_ node: YAMLNode, holding count: Int) throws(YAMLError) -> YAMLNode? {
        if let anchor = node.anchor { anchors[anchor] = Anchored(node: node, nodes: count) }
        guard var parent = open.popLast() else { return node }
        parent.nodes += count
        if !parent.isMapping {
            parent.items.append(node)
        } else if let key = parent.key {
            parent.pairs.append(YAMLPair(key: key, value: node))
            parent.key = nil
        } else {
            try parent.begin(key: node)
        }
        open.append(parent)
        return nil
    }

    private func node(
        _ content: YAMLNode.Content,
        _ style: YAMLNode.Style,
        _ span: YAMLSpan,
        _ event: YAMLEvent
    ) -> YAMLNode {
        YAMLNode(content: content, style: style, span: span, anchor: event.anchor, tag: event.tag)
    }
}

extension YAMLComposer.Open {
    fileprivate mutating func begin(key node: YAMLNode) throws(YAMLError) {
        guard let scalar = node.scalar else { throw YAMLError(.collectionAsKey, at: node.span.start) }
        if let line = keyLines.updateValue(node.span.start.line, forKey: scalar.text) {
            throw YAMLError(.duplicateKey(scalar.text, firstLine: line), at: node.span.start)
        }
        key = node
    }
}

extension YAMLComposer {
    private mutating func count(_ more: Int, at place: YAMLPosition) throws(YAMLError) {
        let (sum, overflow) = nodes.addingReportingOverflow(more)
        if overflow || sum > rules.maximumNodes { throw YAMLError(.tooManyNodes(limit: rules.maximumNodes), at: place) }
        nodes = sum
    }

    private func checkProperties(of event: YAMLEvent) throws(YAMLError) {
        if case .alias(let name) = event.kind, !rules.allowsAnchors {
            throw YAMLError(.alias(name), at: event.span.start)
        }
        if let anchor = event.anchor, !rules.allowsAnchors { throw YAMLError(.anchor(anchor), at: event.span.start) }
        if let tag = event.tag {
            guard tag.isStreamSafe else { throw YAMLError(.tooManyMarks, at: event.span.start) }
            if !rules.allowsTags { throw YAMLError(.tag(tag), at: event.span.start) }
        }
    }

    private mutating func resolveAlias(_ name: String, _ event: YAMLEvent) throws(YAMLError) -> YAMLNode {
        // An anchor that is being redefined around this alias stands for the new, unfinished value.
        if open.contains(where: { $0.event.anchor == name }) {
            throw YAMLError(.recursiveAlias(name), at: event.span.start)
        }
        guard let target = anchors[name] else { throw YAMLError(.unknownAlias(name), at: event.span.start) }
        try count(target.nodes, at: event.span.start)
        return YAMLNode(
            content: target.node.content,
            style: .alias(name),
            span: event.span,
            anchor: nil,
            tag: target.node.tag
        )
    }

    /// The type of a scalar: what a core tag says, else text for a quoted one or one with a tag of its own, else what
    /// it looks like.
    private func scalar(_ text: String, _ style: YAMLNode.Style, _ event: YAMLEvent) throws(YAMLError) -> YAMLScalar {
        let core = "tag:yaml.org,2002:"
        guard let tag = event.tag else {
            return style == .plain ? YAMLScalar(plain: text) : YAMLScalar(text: text, kind: .string)
        }
        guard tag.hasPrefix(core), tag != core + "str" else { return YAMLScalar(text: text, kind: .string) }
        let scalar = YAMLScalar(plain: text)
        switch (tag.dropFirst(core.count), scalar.kind) {
        case ("null", .null), ("bool", .bool), ("int", .integer), ("float", .float): return scalar
        case ("float", .integer): return YAMLScalar(text: text, kind: .float)
        case ("null", _), ("bool", _), ("int", _), ("float", _):
            throw YAMLError(.tagMismatch(tag: "!!" + tag.dropFirst(core.count), text: text), at: event.span.start)
        default: return YAMLScalar(text: text, kind: .string)
        }
    }
}
