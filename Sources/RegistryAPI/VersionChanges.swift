// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// The body of `POST /w/{name}/versions/{version}/yank`: `{"reason":"loses data"}`.
package struct YankRequest: WireValue {
    package var reason: String

    package init(reason: String) { self.reason = reason }

    package init(json: JSONCursor) throws(JSONShapeError) { reason = try json.string("reason", or: "") }

    package var json: JSONValue { ["reason": .string(reason)] }
}

/// The body of `POST /w/{name}/deprecate`: `{"message":"use b","replacement":"b","versions":"<2"}`.
///
/// An empty message takes the deprecation back.
package struct DeprecateRequest: WireValue {
    package var message: String
    package var replacement: WorkerName?
    /// A range; nil for all versions.
    package var versions: String?

    package init(message: String, replacement: WorkerName? = nil, versions: String? = nil) {
        self.message = message
        self.replacement = replacement
        self.versions = versions
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        message = try json.required("message").string()
        replacement = try json.optional("replacement")?.name()
        versions = try json.optional("versions")?.string()
    }

    package var json: JSONValue {
        var object: JSONObject = ["message": .string(message)]
        object["replacement"] = replacement.map { .string($0.description) }
        object["versions"] = versions.map(JSONValue.string)
        return .object(object)
    }
}

/// The body of `PUT /w/{name}/tags/{tag}`: `{"version":"1.2.4","expected_current_version":"1.2.3"}`.
package struct ChannelRequest: WireValue {
    /// Where the channel must point for the move to happen.
    package enum Expectation: Hashable, Sendable {
        /// Anywhere or nowhere: the key is left out.
        case anything
        /// Nowhere: null.
        case unassigned
        case version(SemanticVersion)
    }

    package var version: SemanticVersion
    package var expected: Expectation
    /// A channel that must point to `version` already.
    package var expectedChannel: ChannelName?

    package init(version: SemanticVersion, expected: Expectation = .anything, expectedChannel: ChannelName? = nil) {
        self.version = version
        self.expected = expected
        self.expectedChannel = expectedChannel
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        version = try json.required("version").version()
        expected = try json.expectation("expected_current_version")
        expectedChannel = try json.optional("expected_tag")?.parsed { try ChannelName(parsing: $0) }
    }

    package var json: JSONValue {
        var object: JSONObject = ["version": .string(version.description)]
        object["expected_current_version"] = expected.json
        object["expected_tag"] = expectedChannel.map { .string($0.description) }
        return .object(object)
    }
}

/// What `PUT /w/{name}/tags/{tag}` answers: `{"tag":{"version":"1.2.4"},"changed":true}`.
package struct ChannelAnswer: WireValue {
    package var version: SemanticVersion
    /// False where the channel was there already.
    package var hasChanged: Bool

    package init(version: SemanticVersion, hasChanged: Bool) {
        self.version = version
        self.hasChanged = hasChanged
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        version = try json.required("tag").required("version").version()
        hasChanged = try json.required("changed").bool()
    }

    package var json: JSONValue {
        ["tag": ["version": .string(version.description)], "changed": .bool(hasChanged)]
    }
}

/// The body of `POST /w/{name}/owners`: `{"account":"acme"}`.
package struct OwnerRequest: WireValue {
    package var account: String

    package init(account: String) { self.account = account }

    package init(json: JSONCursor) throws(JSONShapeError) { account = try json.required("account").string() }

    package var json: JSONValue { ["account": .string(account)] }
}

/// What `GET /w/{name}/owners` answers: `{"owners":[{"name":"acme"}]}`.
///
/// `POST` and `DELETE` answer with the owners that there are then.
package struct OwnerList: WireValue {
    /// Names of accounts, sorted.
    package var owners: [String]

    package init(_ owners: [String]) { self.owners = owners }

    package init(json: JSONCursor) throws(JSONShapeError) {
        owners = []
        for owner in try json.required("owners").elements() {
            if case .string(let name) = owner.value {
                owners.append(name)
            } else {
                owners.append(try owner.required("name").string())
            }
        }
    }

    package var json: JSONValue { ["owners": .array(owners.map { ["name": .string($0)] })] }
}
