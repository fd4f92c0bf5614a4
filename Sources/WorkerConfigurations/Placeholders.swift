// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineProtocol
import JSONText

/// Fills in `${NAME}` and `${NAME:default}` in the strings of a value; `$${` stands for `${` itself.
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
            var members: [(String, JSONValue)] = []
            for member in object.members { members.append((member.key, try filling(member.value))) }
            return .object(JSONObject(members))
        }
    }

    func filling(_ text: String) throws(CallFailure) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "$") {
            result += rest[..<start]
            rest = rest[start...]
            if rest.hasPrefix("$${") {
                result += "${"
                rest = rest.dropFirst(3)
                continue
            }
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

extension Placeholders {
    /// A value that came over the bus, as it is kept: only what its sender may refer to stays a placeholder.
    ///
    /// Others become their default, or a text that looks like them.
    static func settling(_ value: JSONValue, for caller: BusCaller) -> JSONValue {
        if caller.isOwner { return value }
        switch value {
        case .null, .bool, .number: return value
        case .string(let text): return .string(settling(text, for: caller))
        case .array(let elements): return .array(elements.map { settling($0, for: caller) })
        case .object(let object):
            var result = JSONObject()
            for member in object.members { result[member.key] = settling(member.value, for: caller) }
            return .object(result)
        }
    }

    private static func settling(_ text: String, for caller: BusCaller) -> String {
        var result = ""
        // What is no placeholder, put together before it is escaped: pieces must not become one.
        var plain = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "$") {
            plain += rest[..<start]
            rest = rest[start...]
            guard rest.hasPrefix("${"), let end = rest.firstIndex(of: "}") else {
                plain.append(rest.removeFirst())
                continue
            }
            let whole = rest[...end]
            let parts = whole.dropFirst(2).dropLast().split(
                separator: ":",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            rest = rest[rest.index(after: end)...]
            if caller.mayRead(variable: String(parts[0])), !plain.hasSuffix("$") {
                result += escaped(plain) + whole
                plain = ""
            } else {
                plain += parts.count > 1 ? parts[1] : whole
            }
        }
        return result + escaped(plain + rest)
    }

    private static func escaped(_ text: String) -> String { text.replacing("${", with: "$${") }
}
