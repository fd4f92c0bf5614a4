// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import MarkupText
import RegistryAPI

/// The functions and triggers of a version, with their schemas folded away.
extension WorkerView {
    /// Bytes of schemas that one page shows; what comes after them is named only.
    private static let schemas = 256 << 10

    var hasInterface: Bool { !detail.functions.isEmpty || !detail.triggers.isEmpty }

    var interface: Markup {
        if !hasInterface { return .empty }
        var budget = Self.schemas
        let functions = list(
            "Functions",
            detail.functions,
            [("request_schema", "Request"), ("response_schema", "Response")],
            &budget
        )
        let triggers = list(
            "Triggers",
            detail.triggers,
            [("invocation_schema", "Invocation"), ("return_schema", "Return")],
            &budget
        )
        return """
            <section aria-labelledby="interface"><h2 id="interface">Interface</h2>\(functions)\(triggers)</section>
            """
    }

    private func list(
        _ title: String,
        _ members: [JSONValue],
        _ schemas: [(key: String, title: String)],
        _ budget: inout Int
    ) -> Markup {
        if members.isEmpty { return .empty }
        var items: [Markup] = []
        for member in members {
            let description: Markup = Self.text(member["description"]).map { " – \($0)" } ?? .empty
            let summary: Markup =
                "<code>\(Self.text(member["name"]) ?? "")</code><span dir=\"auto\">\(description)</span>"
            let shown = schemas.compactMap { schema in Self.schema(member[schema.key], schema.title, &budget) }
            items.append(
                shown.isEmpty
                    ? "<p>\(summary)</p>" : "<details><summary>\(summary)</summary>\(shown)</details>"
            )
        }
        return "<h3>\(title)</h3>\(items)"
    }

    /// Nil for a schema that says nothing, or that there is no more room for.
    private static func schema(_ value: JSONValue?, _ title: String, _ budget: inout Int) -> Markup? {
        guard let value, value != .null, value != .emptyObject else { return nil }
        let text = value.text(.indented)
        budget -= text.utf8.count
        return budget < 0 ? nil : "<h4>\(title)</h4><pre tabindex=\"0\"><code>\(text)</code></pre>"
    }

    private static func text(_ value: JSONValue?) -> String? {
        if case .string(let text) = value, !text.isEmpty { text } else { nil }
    }
}
