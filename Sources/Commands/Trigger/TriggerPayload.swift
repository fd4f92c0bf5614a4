// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText

/// What a function is called with, put together from the words of a command line.
///
/// `KEY=VALUE` is a member of an object: the value is JSON where it reads as such, else text. A JSON text alone is taken
/// as it is; with pairs beside it, it has to be an object, and the pairs win.
struct TriggerPayload {
    let value: JSONValue

    /// - Throws: `TriggerPayloadError` (W105).
    init(pairs: [String], json: String?) throws(TriggerPayloadError) {
        var base: JSONValue?
        if let json {
            do throws(JSONSyntaxError) { base = try JSONValue(parsing: json) } catch { throw .json(error) }
        }
        if pairs.isEmpty {
            value = base ?? .emptyObject
            return
        }
        guard case .object(var object) = base ?? .emptyObject else { throw .noObject(base ?? .null) }
        for pair in pairs {
            guard let equals = pair.firstIndex(of: "=") else { throw .noPair(pair) }
            let key = String(pair[..<equals])
            if key.isEmpty { throw .noKey(pair) }
            let text = String(pair[pair.index(after: equals)...])
            // What is no JSON is text: names need no quotes.
            object[key] = (try? JSONValue(parsing: text)) ?? .string(text)
        }
        value = .object(object)
    }
}

/// Why the words of a command line make no payload.
///
/// W105.
enum TriggerPayloadError: CodedError {
    case json(JSONSyntaxError)
    case noObject(JSONValue)
    case noPair(String)
    case noKey(String)

    var code: ErrorCode { .badPayload }
    var message: String {
        switch self {
        case .json(let error): "the text after `--json` is no JSON: \(error.message)"
        case .noObject(let value): "pairs need an object to go into, and `--json` is \(value.kindName)"
        case .noPair(let word): "`\(PrintableText(word, limit: 80))` is no `KEY=VALUE`"
        case .noKey(let word): "`\(PrintableText(word, limit: 80))` has no key before its `=`"
        }
    }
    var hints: [String] {
        switch self {
        case .json: ["in a shell, put it in single quotes: `--json '{\"key\": 1}'`"]
        case .noPair: ["a whole payload goes after `--json`"]
        default: []
        }
    }
}
