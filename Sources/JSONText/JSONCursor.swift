// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

/// A place in a JSON value that knows its path, for reading with errors that say where.
///
/// Paths read `$`, `$.graph[2].binaries.x86_64-unknown-linux-gnu.url`.
package struct JSONCursor: Sendable {
    package let value: JSONValue
    package let path: String

    package init(_ value: JSONValue, path: String = "$") {
        self.value = value
        self.path = path
    }

    /// An error at this place.
    package func fail(_ reason: String) -> JSONShapeError { JSONShapeError(path: path, reason: reason) }

    /// The member of a key.
    ///
    /// - Throws: `JSONShapeError` where this is no object or the key is missing.
    package func required(_ key: String) throws(JSONShapeError) -> JSONCursor {
        guard let member = try object()[key] else {
            throw JSONShapeError(path: Self.join(path, key), reason: "is required")
        }
        return JSONCursor(member, path: Self.join(path, key))
    }

    /// The member of a key, nil where it is missing or null.
    ///
    /// - Throws: `JSONShapeError` where this is no object.
    package func optional(_ key: String) throws(JSONShapeError) -> JSONCursor? {
        guard let member = try object()[key], member != .null else { return nil }
        return JSONCursor(member, path: Self.join(path, key))
    }

    package func object() throws(JSONShapeError) -> JSONObject {
        guard case .object(let object) = value else { throw mismatch("an object") }
        return object
    }

    /// The members of an object, in their order.
    package func members() throws(JSONShapeError) -> [(key: String, value: JSONCursor)] {
        var result: [(key: String, value: JSONCursor)] = []
        for member in try object().members {
            result.append((member.key, JSONCursor(member.value, path: Self.join(path, member.key))))
        }
        return result
    }

    /// The elements of an array.
    package func elements() throws(JSONShapeError) -> [JSONCursor] {
        guard case .array(let elements) = value else { throw mismatch("an array") }
        return elements.enumerated().map { JSONCursor($0.element, path: "\(path)[\($0.offset)]") }
    }

    package func string() throws(JSONShapeError) -> String {
        guard case .string(let string) = value else { throw mismatch("a string") }
        return string
    }

    package func bool() throws(JSONShapeError) -> Bool {
        guard case .bool(let bool) = value else { throw mismatch("a boolean") }
        return bool
    }

    package func integer() throws(JSONShapeError) -> Int {
        guard case .number(let number) = value, let integer = number.int64 else { throw mismatch("an integer") }
        return Int(integer)
    }

    /// The keys of an object that are not among the known ones, in their order.
    package func unknownKeys(besides known: Set<String>) throws(JSONShapeError) -> [String] {
        try object().keys.filter { !known.contains($0) }
    }

    private func mismatch(_ expected: String) -> JSONShapeError { fail("must be \(expected), not \(value.kindName)") }

    private static func join(_ path: String, _ key: String) -> String { "\(path).\(PrintableText(key, limit: 80))" }
}

/// Why a JSON value has not the shape that was asked of it.
///
/// W105.
package struct JSONShapeError: CodedError, Hashable {
    package let path: String
    /// The end of a sentence that begins with the path.
    package let reason: String

    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    package var code: ErrorCode { .badPayload }
    package var message: String { "\(path) \(reason)" }
}
