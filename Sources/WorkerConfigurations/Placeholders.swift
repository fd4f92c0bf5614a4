// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineProtocol
import JSONText

/// Fills in `${NAME}` and `${NAME:default}` in the strings of a value.
struct Placeholders: Sendable {
    let variable: @Sendable (String) -> String?

    /// - Throws: `CallFailure` of code `EXPAND_FAILED` for a variable that is not set and has no default.
    func filling(_ value: JSONValue) throws(CallFailure) -> JSONValue {
        switch value {
        case .null, .bool, .number: return value
        case .string(let text): return .string(try filling(text))
        case .array(let elements):
            var result: [JSONValue] = []
            for element in elements { result.append(try filling(element)) }
            return .array(result)
        case .object(let object):
            var result = JSONObject()
            for member in object.members { result[member.key] = try filling(member.value) }
            return .object(result)
        }
    }

    func filling(_ text: String) throws(CallFailure) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "$") {
            result += rest[..<start]
            rest = rest[start...]
            guard rest.hasPrefix("${"), let end = rest.firstIndex(of: "}") else {
                result.append(rest.removeFirst())
                continue
            }
            let parts = rest[rest.index(start, offsetBy: 2)..<end]
                .split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            result += try value(of: String(parts[0]), orElse: parts.count > 1 ? String(parts[1]) : nil)
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private func value(of name: String, orElse fallback: String?) throws(CallFailure) -> String {
        if let value = variable(name) ?? fallback { return value }
        throw CallFailure(
            code: "EXPAND_FAILED",
            message: "`\(name.printable)` is not set in the engine's environment and has no default"
        )
    }
}
