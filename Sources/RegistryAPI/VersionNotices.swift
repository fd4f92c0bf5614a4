// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// That a version was taken out of what ranges choose from: `{"reason":"loses data","at":"2026-08-01T10:00:00Z"}`.
package struct YankNotice: WireValue {
    package var reason: String
    /// RFC 3339, UTC.
    package var at: String?

    package init(reason: String, at: String? = nil) {
        self.reason = reason
        self.at = at
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        reason = try json.string("reason", or: "")
        at = try json.optional("at")?.string()
    }

    package var json: JSONValue {
        var object: JSONObject = ["reason": .string(reason)]
        object["at"] = at.map(JSONValue.string)
        return .object(object)
    }
}

/// That users should leave a version: `{"message":"use b","replacement":"b","versions":"<2"}`.
package struct DeprecationNotice: WireValue {
    package var message: String
    package var replacement: WorkerName?
    /// The range of the versions that it is about; nil for all.
    package var versions: String?

    package init(message: String, replacement: WorkerName? = nil, versions: String? = nil) {
        self.message = message
        self.replacement = replacement
        self.versions = versions
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        message = try json.string("message", or: "")
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

/// What the users of a resolved graph should know of one of its workers.
///
///     {"worker":"a","version":"1.2.3","code":"yanked","message":"loses data"}
///     {"worker":"a","version":"1.2.3","code":"deprecated","message":"use b","replacement":"b"}
package struct GraphWarning: WireValue {
    package static let yanked = VersionNote.yanked
    package static let deprecated = VersionNote.deprecated

    package var worker: WorkerName
    package var version: SemanticVersion
    /// `yanked`, `deprecated`; other servers may know more.
    package var code: String
    /// What the publisher wrote; may be empty.
    package var message: String
    package var replacement: WorkerName?

    package init(
        worker: WorkerName,
        version: SemanticVersion,
        code: String,
        message: String,
        replacement: WorkerName? = nil
    ) {
        self.worker = worker
        self.version = version
        self.code = code
        self.message = message
        self.replacement = replacement
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        worker = try json.required("worker").name()
        version = try json.required("version").version()
        code = try json.required("code").string()
        message = try json.string("message", or: "")
        replacement = try json.optional("replacement")?.name()
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "worker": .string(worker.description), "version": .string(version.description), "code": .string(code),
            "message": .string(message),
        ]
        object["replacement"] = replacement.map { .string($0.description) }
        return .object(object)
    }
}

extension VersionNote {
    package init(_ warning: GraphWarning) {
        self.init(code: warning.code, message: warning.message, replacement: warning.replacement)
    }

    /// What an answer about one version says of it.
    package static func all(yanked: YankNotice?, deprecated: DeprecationNotice?) -> [VersionNote] {
        let yank = yanked.map { VersionNote(code: Self.yanked, message: $0.reason) }
        let deprecation = deprecated.map {
            VersionNote(code: Self.deprecated, message: $0.message, replacement: $0.replacement)
        }
        return [yank, deprecation].compactMap { $0 }
    }

    /// `{"code":"deprecated","message":"use b","replacement":"b"}`.
    package var json: JSONValue {
        var object: JSONObject = ["code": .string(code), "message": .string(message)]
        object["replacement"] = replacement.map { .string($0.description) }
        return .object(object)
    }
}

extension ResolvedGraph {
    /// What the answer says of one of its workers; nil where it does not hold that version.
    package func notes(of name: WorkerName, _ version: SemanticVersion) -> [VersionNote]? {
        guard nodes.contains(where: { $0.name == name && $0.version == version }) else { return nil }
        return warnings.filter { $0.worker == name && $0.version == version }.map { VersionNote($0) }
    }
}
