// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import JSONText

/// A value with one JSON form, the same for whoever writes it and whoever reads it.
package protocol WireValue: Hashable, Sendable {
    /// - Throws: `JSONShapeError` with the path of what does not fit. Members that are not known are ignored.
    init(json: JSONCursor) throws(JSONShapeError)

    var json: JSONValue { get }
}

extension WireValue {
    /// Reads the value from a whole JSON document.
    package init(json: JSONValue) throws(JSONShapeError) { try self.init(json: JSONCursor(json)) }
}

extension JSONCursor {
    /// A text that is read into a type of its own; what that type says of a bad text becomes the reason.
    func parsed<Value>(by read: (String) throws -> Value) throws(JSONShapeError) -> Value {
        let text = try string()
        do { return try read(text) } catch { throw fail("is not accepted: \(message(of: error))") }
    }

    func list<Value: WireValue>(of type: Value.Type = Value.self) throws(JSONShapeError) -> [Value] {
        var values: [Value] = []
        for element in try elements() { values.append(try Value(json: element)) }
        return values
    }

    func strings() throws(JSONShapeError) -> [String] {
        var strings: [String] = []
        for element in try elements() { strings.append(try element.string()) }
        return strings
    }

    /// The default configuration of a worker, which goes into its user's `config.yaml`.
    ///
    /// - Throws: `JSONShapeError` for one that nobody could read there: more than 10,000 values, or 256 KiB.
    func defaultConfiguration() throws(JSONShapeError) -> JSONValue {
        guard let config = try optional("config") else { return .emptyObject }
        if config.value.hasMoreValues(than: Self.mostDefaults) {
            throw config.fail("has more than \(Self.mostDefaults) values")
        }
        if config.value.bytes().count > Self.longestDefaults {
            throw config.fail("is longer than \(Self.longestDefaults) bytes")
        }
        return config.value
    }

    private static let mostDefaults = 10_000
    private static let longestDefaults = 256 << 10

    /// The text of a member, or `fallback` where it is missing or null.
    func string(_ key: String, or fallback: String) throws(JSONShapeError) -> String {
        try optional(key)?.string() ?? fallback
    }
}

private func message(of error: any Error) -> String {
    error.words
}
