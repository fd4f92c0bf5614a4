// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// The body of `POST /w/{name}/releases/finalize`.
///
///     {"candidate_version":"1.7.0-rc.2","stable_version":"1.7.0","expected_latest_version":"1.6.0"}
package struct FinalizeRequest: WireValue {
    /// Where `next` must point: `X.Y.Z-rc.N`.
    package var candidate: SemanticVersion
    /// The core of the candidate: where `next` and `latest` move.
    package var stable: SemanticVersion
    /// Where `latest` must point.
    package var expectedLatest: ChannelRequest.Expectation

    package init(candidate: SemanticVersion, stable: SemanticVersion, expectedLatest: ChannelRequest.Expectation) {
        self.candidate = candidate
        self.stable = stable
        self.expectedLatest = expectedLatest
    }

    package init(json: JSONCursor) throws(JSONShapeError) {
        candidate = try json.required("candidate_version").version()
        stable = try json.required("stable_version").version()
        expectedLatest = try json.expectation("expected_latest_version")
        guard candidate.isCandidate(of: stable) else {
            throw JSONShapeError(
                path: "$.candidate_version",
                reason: "must be `\(stable)-rc.N`, the candidate of a stable `stable_version`"
            )
        }
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "candidate_version": .string(candidate.description), "stable_version": .string(stable.description),
        ]
        object["expected_latest_version"] = expectedLatest.json
        return .object(object)
    }
}

extension SemanticVersion {
    /// Whether this is `X.Y.Z-rc.N` of the stable version `X.Y.Z`.
    fileprivate func isCandidate(of stable: SemanticVersion) -> Bool {
        let mark = "\(stable)-rc."
        let number = description.dropFirst(mark.utf8.count)
        return !stable.isPrerelease && stable.buildMetadata.isEmpty && description.hasPrefix(mark)
            && !number.isEmpty && number.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}

extension ChannelRequest.Expectation {
    /// Nil where the key is left out.
    var json: JSONValue? {
        switch self {
        case .anything: nil
        case .unassigned: .null
        case .version(let version): .string(version.description)
        }
    }
}

extension JSONCursor {
    /// Where a channel must point: a version, nowhere where the member is null, anywhere where it is missing.
    func expectation(_ key: String) throws(JSONShapeError) -> ChannelRequest.Expectation {
        if let current = try optional(key) { return .version(try current.version()) }
        return try object()[key] == nil ? .anything : .unassigned
    }
}
