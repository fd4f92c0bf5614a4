// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineProtocol
import JSONText
import Manifests
import YAMLText

/// One entry: what a worker may be told, and what it is told now.
struct ConfigurationEntry: Sendable, Hashable {
    let id: ConfigurationID
    var name: String
    var description: String
    /// A JSON Schema that the value has to fit.
    var schema: JSONValue
    var metadata: JSONValue?
    /// As it was given, placeholders included; nil while nobody has given one.
    var value: JSONValue?

    /// Everything but the value, as lists show it.
    var summary: JSONObject {
        var object: JSONObject = [
            "id": .string(id.text), "name": .string(name), "description": .string(description), "schema": schema,
        ]
        object["metadata"] = metadata
        return object
    }

    var json: JSONValue {
        var object = summary
        object["value"] = value ?? .null
        return .object(object)
    }
}

/// The name of an entry and of its file: 1 to 64 of `a-z`, `0-9`, `_` and `-`.
struct ConfigurationID: Sendable, Hashable {
    let text: String

    /// - Throws: `CallFailure` of code `INVALID_ID`.
    init(parsing text: String) throws(CallFailure) {
        let isFine =
            (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
        guard isFine else {
            throw CallFailure(
                code: "INVALID_ID",
                message: "`\(text.printable)` is no id of a configuration: 1 to 64 of a-z, 0-9, _ and -"
            )
        }
        self.text = text
    }
}

extension ConfigurationEntry {
    /// Shape of the file: a map of `id`, `name`, `description`, `schema`, and where they exist `metadata` and `value`.
    var fileText: String {
        var object = summary
        object["value"] = value
        return YAMLValue(json: .object(object)).text
    }

    /// Reads a file; people may write it, so that only its value and what it describes are asked for.
    ///
    /// - Throws: `YAMLError`, `YAMLShapeError`, `NumberWithoutJSON`.
    init(parsing bytes: [UInt8], id: ConfigurationID) throws {
        let document = try YAMLDocument(parsing: bytes, rules: .lenient(upTo: ConfigurationStore.largestFile.0))
        guard let root = document.root else {
            self.init(id: id, name: id.text, description: "", schema: .emptyObject)
            return
        }
        let cursor = YAMLCursor(root)
        func json(_ key: String) throws -> JSONValue? {
            guard let pair = root.pair(key) else { return nil }
            return try JSONValue(yaml: pair.value)
        }
        self.init(
            id: id,
            name: try cursor.optional("name")?.string() ?? id.text,
            description: try cursor.optional("description")?.string() ?? "",
            schema: try json("schema") ?? .emptyObject,
            metadata: try json("metadata"),
            value: try json("value")
        )
    }
}
