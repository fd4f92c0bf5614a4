// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText

/// What a function says of itself, as help for whoever calls it from a command line.
struct FunctionHelp {
    let lines: [String]

    /// `detail` is what `engine::functions::info` answers.
    init(_ function: String, _ detail: JSONValue) {
        var lines = [function.printable]
        if case .string(let text)? = detail["description"] { lines += ["", text.printable] }
        let parameters = Self.parameters(detail["request_schema"])
        lines += ["", "usage: iii trigger \(function.printable)\(parameters.isEmpty ? "" : " [KEY=VALUE ...]")"]
        if !parameters.isEmpty {
            lines += ["", "parameters:"]
            lines += TextTable.lines(parameters).map { "  \($0)" }
        }
        if let schema = detail["response_schema"], let kind = Self.type(of: schema) {
            lines += ["", "answers \(kind)"]
        }
        if case .string(let worker)? = detail["worker_name"] { lines += ["", "offered by \(worker.printable)"] }
        self.lines = lines
    }

    /// Name, type, whether it is required, and what it is, for each property of a schema.
    private static func parameters(_ schema: JSONValue?) -> [[String]] {
        guard case .object(let properties)? = schema?["properties"] else { return [] }
        var required: Set<String> = []
        if case .array(let names)? = schema?["required"] {
            for case .string(let name) in names { required.insert(name) }
        }
        return properties.members.map { member in
            let description = if case .string(let text)? = member.value["description"] { text } else { "" }
            return [
                member.key, type(of: member.value) ?? "any", required.contains(member.key) ? "required" : "",
                description,
            ].map(\.printable)
        }
    }

    private static func type(of schema: JSONValue) -> String? {
        switch schema["type"] {
        case .string(let name)?:
            guard name == "array", let items = schema["items"], let item = type(of: items) else { return name }
            return "array of \(item)"
        case .array(let names)?:
            let texts = names.compactMap { if case .string(let name) = $0 { name } else { nil } }
            return texts.joined(separator: " or ")
        default: break
        }
        if case .array(let options)? = schema["anyOf"] ?? schema["oneOf"] {
            let texts = options.compactMap { type(of: $0) }
            return texts.isEmpty ? nil : texts.joined(separator: " or ")
        }
        return nil
    }
}
