// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What yanking, unyanking and deleting a version answer.
///
///     {"version":{"version":"1.2.3","yanked":{"reason":"loses data","at":"…"}},"changed":true,"latest":"1.2.2"}
package struct VersionChangeAnswer: WireValue {
    package var version: SemanticVersion
    /// Nil where the version is not yanked, or not there any more.
    package var yanked: YankNotice?
    /// False where nothing was left to do.
    package var hasChanged: Bool
    /// Where `latest` points now.
    package var latest: SemanticVersion?

    package init(version: SemanticVersion, yanked: YankNotice?, hasChanged: Bool, latest: SemanticVersion?) {
        self.version = version
        self.yanked = yanked
        self.hasChanged = hasChanged
        self.latest = latest
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        let row = try json.required("version")
        version = try row.required("version").version()
        yanked = try row.optional("yanked").map { cursor throws(JSONShapeError) in try YankNotice(json: cursor) }
        hasChanged = try json.optional("changed")?.bool() ?? true
        latest = try json.optional("latest")?.version()
    }

    package var json: JSONValue {
        [
            "version": ["version": .string(version.description), "yanked": yanked?.json ?? .null],
            "changed": .bool(hasChanged), "latest": latest.map { .string($0.description) } ?? .null,
        ]
    }
}

/// What `POST /w/{name}/releases/finalize` answers: `{"finalize":{"stable_version":"1.7.0"},"changed":true}`.
package struct FinalizeAnswer: WireValue {
    package var stable: SemanticVersion
    package var hasChanged: Bool

    package init(stable: SemanticVersion, hasChanged: Bool) {
        self.stable = stable
        self.hasChanged = hasChanged
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        stable = try json.required("finalize").required("stable_version").version()
        hasChanged = try json.required("changed").bool()
    }

    package var json: JSONValue {
        ["finalize": ["stable_version": .string(stable.description)], "changed": .bool(hasChanged)]
    }
}

/// What `POST /w/{name}/deprecate` answers: everything that is said of the worker then.
///
///     {"deprecated":[{"message":"use b","replacement":"b","versions":"<2"}],"changed":true}
package struct DeprecationList: WireValue {
    package var deprecations: [DeprecationNotice]
    package var hasChanged: Bool

    package init(_ deprecations: [DeprecationNotice], hasChanged: Bool) {
        self.deprecations = deprecations
        self.hasChanged = hasChanged
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        deprecations = try json.required("deprecated").list()
        hasChanged = try json.optional("changed")?.bool() ?? true
    }

    package var json: JSONValue {
        ["deprecated": .array(deprecations.map(\.json)), "changed": .bool(hasChanged)]
    }
}
