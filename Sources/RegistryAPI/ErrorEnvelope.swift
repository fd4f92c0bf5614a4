// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText

/// How the registry says that something went wrong.
///
///     {"error":{"code":"version_not_found","message":"…","fix":"…","available":["0.21.4"],"request_id":"…",
///               "requested":["^99.0.0"],"scope":"version","worker":"state","dependency_path":"a -> state"}}
///
/// `{"error":"some text"}`, as older servers have it, reads as an envelope without a code. Every text is the
/// server's: print it only through `.printable`.
package struct ErrorEnvelope: WireValue {
    /// One thing that is wrong with a request.
    package struct Detail: WireValue {
        /// Where, such as `$.binaries.x86_64-unknown-linux-gnu.sha256`.
        package var path: String
        package var reason: String
        /// The published code (`W181`) of a check that an installer would make too.
        package var code: String?

        package init(path: String, reason: String, code: String? = nil) {
            self.path = path
            self.reason = reason
            self.code = code
        }
    }

    /// What a resolver's error is about.
    package enum Scope: String, Sendable {
        case worker, version, graph
    }

    /// The code as it was sent; empty for the plain form.
    package var code: String
    package var message: String
    /// The next step, a sentence.
    package var fix = ""
    /// What could be asked for instead, newest first.
    package var available: [String] = []
    package var requestID: String?
    /// The ranges that were asked for, as they were written.
    package var requested: [String] = []
    /// `worker`, `version` or `graph`; other servers may know more.
    package var scope: String?
    package var worker: String?
    /// Names joined by ` -> `.
    package var dependencyPath: String?
    package var details: [Detail] = []
    /// With `version_exists`: whether what is published equals what was sent.
    package var isIdentical: Bool?
    /// With `tag_conflict` and `finalize_conflict`: where the channel points; nil where it is unassigned.
    package var currentVersion: String?

    package init(_ code: RegistryErrorCode, message: String, fix: String = "", available: [String] = []) {
        self.code = code.rawValue
        self.message = message
        self.fix = fix
        self.available = available
    }

    /// The code, where it is one that this program knows.
    package var knownCode: RegistryErrorCode? { RegistryErrorCode(rawValue: code) }
}

extension ErrorEnvelope {
    package init(json: JSONCursor) throws(JSONShapeError) {
        let error = try json.required("error")
        if case .string(let text) = error.value {
            code = ""
            message = text
            return
        }
        code = try error.string("code", or: "")
        message = try error.required("message").string()
        fix = try error.string("fix", or: "")
        available = try error.optional("available")?.strings() ?? []
        requestID = try error.optional("request_id")?.string()
        requested = try error.optional("requested")?.strings() ?? []
        scope = try error.optional("scope")?.string()
        worker = try error.optional("worker")?.string()
        dependencyPath = try error.optional("dependency_path")?.string()
        details = try error.optional("details")?.list() ?? []
        let beside = try json.optional("identical")
        isIdentical = try (error.optional("identical") ?? beside)?.bool()
        currentVersion = try error.optional("current_version")?.string()
    }

    package var json: JSONValue {
        var error: JSONObject = [
            "code": .string(code), "message": .string(message), "fix": .string(fix), "available": .strings(available),
        ]
        if !requested.isEmpty { error["requested"] = .strings(requested) }
        error["scope"] = scope.map(JSONValue.string)
        error["worker"] = worker.map(JSONValue.string)
        error["dependency_path"] = dependencyPath.map(JSONValue.string)
        if !details.isEmpty { error["details"] = .array(details.map(\.json)) }
        error["identical"] = isIdentical.map(JSONValue.bool)
        if knownCode == .tagConflict || knownCode == .finalizeConflict {
            error["current_version"] = currentVersion.map(JSONValue.string) ?? .null
        }
        error["request_id"] = requestID.map(JSONValue.string)
        return ["error": .object(error)]
    }
}

extension ErrorEnvelope.Detail {
    package init(json: JSONCursor) throws(JSONShapeError) {
        path = try json.required("path").string()
        reason = try json.required("reason").string()
        code = try json.optional("code")?.string()
    }

    package var json: JSONValue {
        var object: JSONObject = ["path": .string(path), "reason": .string(reason)]
        object["code"] = code.map(JSONValue.string)
        return .object(object)
    }
}

extension JSONValue {
    static func strings(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
}
