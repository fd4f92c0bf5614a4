// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText

/// What is known of a key but its text; `GET /whoami` answers it about the key that asks.
///
///     {"id":"4f2a9c0d11e37b58","account":"acme","label":"laptop","scopes":["publish"],"names":["acme-*"],
///      "created_at":"2026-08-01T10:00:00Z","expires_at":null,"last_used_at":null}
package struct KeyInfo: WireValue {
    /// What `DELETE /keys/{id}` takes; nil from servers that do not tell.
    package var id: String?
    package var account: String
    package var label: String
    package var scopes: [String]
    /// Patterns of the names that the key is good for; empty means all.
    package var names: [String]
    /// Moments are RFC 3339, UTC.
    package var createdAt: String?
    /// Nil for a key that does not expire.
    package var expiresAt: String?
    /// May lag behind by an hour.
    package var lastUsedAt: String?

    package init(
        id: String? = nil,
        account: String,
        label: String,
        scopes: [String],
        names: [String] = [],
        createdAt: String? = nil,
        expiresAt: String?,
        lastUsedAt: String? = nil
    ) {
        self.id = id
        self.account = account
        self.label = label
        self.scopes = scopes
        self.names = names
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        id = try json.optional("id")?.string()
        account = try json.required("account").string()
        label = try json.string("label", or: "")
        scopes = try json.optional("scopes")?.strings() ?? []
        names = try json.optional("names")?.strings() ?? []
        createdAt = try json.optional("created_at")?.string()
        expiresAt = try json.optional("expires_at")?.string()
        lastUsedAt = try json.optional("last_used_at")?.string()
    }

    package var json: JSONValue { .object(members) }

    fileprivate var members: JSONObject {
        func text(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
        return [
            "id": text(id), "account": .string(account), "label": .string(label), "scopes": .strings(scopes),
            "names": .strings(names), "created_at": text(createdAt), "expires_at": text(expiresAt),
            "last_used_at": text(lastUsedAt),
        ]
    }
}

/// What `GET /keys` answers: `{"keys":[{"id":"…",…}]}`, oldest first.
package struct KeyList: WireValue {
    package var keys: [KeyInfo]

    package init(_ keys: [KeyInfo]) { self.keys = keys }

    package init(json: JSONCursor) throws(JSONShapeError) { keys = try json.required("keys").list() }

    package var json: JSONValue { ["keys": .array(keys.map(\.json))] }
}

/// The body of `POST /keys`: `{"label":"release job","scopes":["publish"],"names":["acme-*"],"expires_at":"2027-01-01"}`.
///
/// What is left out is taken from the key that asks, but for `admin`.
package struct NewKeyRequest: WireValue {
    package var label: String
    package var scopes: [String]?
    package var names: [String]?
    /// A moment or a day of RFC 3339.
    package var expiresAt: String?

    package init(label: String = "", scopes: [String]? = nil, names: [String]? = nil, expiresAt: String? = nil) {
        self.label = label
        self.scopes = scopes
        self.names = names
        self.expiresAt = expiresAt
    }

    /// A key that is not known is refused: a misspelled limit would make a key that is good for more.
    package init(json: JSONCursor) throws(JSONShapeError) {
        for unknown in try json.unknownKeys(besides: ["label", "scopes", "names", "expires_at"]) {
            throw try json.required(unknown).fail("is not a known key")
        }
        label = try json.string("label", or: "")
        scopes = try json.optional("scopes")?.strings()
        names = try json.optional("names")?.strings()
        expiresAt = try json.optional("expires_at")?.string()
    }

    package var json: JSONValue {
        var object: JSONObject = ["label": .string(label)]
        object["scopes"] = scopes.map(JSONValue.strings)
        object["names"] = names.map(JSONValue.strings)
        object["expires_at"] = expiresAt.map(JSONValue.string)
        return .object(object)
    }
}

/// What `POST /keys` answers: all of `KeyInfo`, and the key, which nobody can ask for again.
package struct NewKeyAnswer: WireValue {
    /// A secret.
    package var key: String
    package var info: KeyInfo

    package init(key: String, info: KeyInfo) {
        self.key = key
        self.info = info
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        key = try json.required("key").string()
        info = try KeyInfo(json: json)
    }

    package var json: JSONValue {
        var object = info.members
        object["key"] = .string(key)
        return .object(object)
    }
}
