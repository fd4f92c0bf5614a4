// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// A value of a YAML text together with the path that leads to it, for reading a known shape.
///
/// The first thing that does not fit is thrown as a `YAMLShapeError` that names path, line and column.
package struct YAMLCursor: Sendable {
    package let node: YAMLNode
    /// How a person would name the value: `workers.pdf.source`, `tags[1]`; empty for the whole document.
    package let path: String

    package init(_ node: YAMLNode, path: String = "") {
        self.node = node
        self.path = path
    }

    /// The value of a key.
    ///
    /// - Throws: `YAMLShapeError` when this is no map or the key is absent or null.
    package func required(_ key: String) throws(YAMLShapeError) -> YAMLCursor {
        guard let value = try optional(key) else { throw child(key).fail("it is missing", at: node.span.start) }
        return value
    }

    /// The value of a key, nil where the key is absent or null.
    ///
    /// - Throws: `YAMLShapeError` when this is no map.
    package func optional(_ key: String) throws(YAMLShapeError) -> YAMLCursor? {
        guard let pairs = node.pairs else { throw mismatch("a map") }
        guard let value = pairs.first(where: { $0.name == key })?.value, !value.isNull else { return nil }
        return YAMLCursor(value, path: child(key).path)
    }

    /// The text of a scalar that is text.
    ///
    /// A number or `true` is not: it has to be quoted.
    package func string() throws(YAMLShapeError) -> String {
        guard let text = node.string else { throw mismatch("text") }
        return text
    }

    package func bool() throws(YAMLShapeError) -> Bool {
        guard let value = node.scalar?.bool else { throw mismatch("true or false") }
        return value
    }

    package func integer() throws(YAMLShapeError) -> Int {
        guard let value = node.scalar?.integer else { throw mismatch("a whole number") }
        return value
    }

    package func elements() throws(YAMLShapeError) -> [YAMLCursor] {
        guard let items = node.items else { throw mismatch("a list") }
        return items.enumerated().map { YAMLCursor($1, path: "\(path)[\($0)]") }
    }

    /// The members of a map in their order.
    package func members() throws(YAMLShapeError) -> [(key: String, value: YAMLCursor)] {
        guard let pairs = node.pairs else { throw mismatch("a map") }
        return pairs.map { ($0.name, YAMLCursor($0.value, path: child($0.name).path)) }
    }

    /// The keys of a map that are not in `known`, in their order.
    package func unknownKeys(besides known: Set<String>) throws(YAMLShapeError) -> [String] {
        try members().map(\.key).filter { !known.contains($0) }
    }

    /// An error at this value.
    package func fail(_ reason: String) -> YAMLShapeError { fail(reason, at: node.span.start) }

    private func fail(_ reason: String, at place: YAMLPosition) -> YAMLShapeError {
        YAMLShapeError(path: path, position: place, reason: reason)
    }

    private func child(_ key: String) -> YAMLCursor { YAMLCursor(node, path: path.isEmpty ? key : "\(path).\(key)") }

    private func mismatch(_ expected: String) -> YAMLShapeError {
        let quoted = expected == "text" && node.scalar != nil && !node.isNull ? "; put it in quotes" : ""
        return fail("expected \(expected), found \(node.isNull ? "nothing" : node.kindForPeople)\(quoted)")
    }
}

/// Why a YAML text, though well formed, is not what was expected, and where.
///
/// W131.
package struct YAMLShapeError: CodedError, Hashable {
    /// Empty for the whole document.
    package let path: String
    package let position: YAMLPosition
    package let reason: String

    package init(path: String, position: YAMLPosition, reason: String) {
        self.path = path
        self.position = position
        self.reason = reason
    }

    package var code: ErrorCode { .configParse }
    package var message: String {
        let subject = path.isEmpty ? "the document" : "`\(PrintableText(path, limit: 200))`"
        return "\(subject) at \(position): \(PrintableText(reason, limit: 400))"
    }
    package var details: [(key: String, value: String)] {
        [("path", path), ("line", String(position.line)), ("column", String(position.column)), ("reason", reason)]
    }
}
