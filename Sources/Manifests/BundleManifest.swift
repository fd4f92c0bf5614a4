// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// What a bundle runs on: it chooses the base image.
package enum BundleRuntime: String, Sendable, Hashable, CaseIterable {
    case python
    case node
    case bun

    /// The runtime that `runtime.kind` or `language` names, in any case.
    package init?(named text: String) {
        switch text.lowercased() {
        case "python", "python3", "py": self = .python
        case "node", "nodejs", "javascript", "typescript", "js", "ts": self = .node
        case "bun": self = .bun
        default: return nil
        }
    }

    /// The runtime that the first word of a start command tells: `python…`, `node`, `npx`, `bun`.
    package init?(startCommand: String) {
        let word = startCommand.split(maxSplits: 1) { $0 == " " || $0 == "\t" || $0 == "\n" }.first.map(String.init)
        switch word {
        case "node", "npx": self = .node
        case "bun": self = .bun
        case let word? where word.hasPrefix("python"): self = .python
        default: return nil
        }
    }
}

/// A manifest that a bundle can be installed and started by.
package struct BundleManifest: Sendable {
    package let name: WorkerName
    /// The version that the manifest names, where it names one.
    package let version: SemanticVersion?
    /// The command line that a shell runs inside the sandbox.
    package let start: String
    /// Within `ResourceRequest.bundleCap`.
    package let resources: ResourceRequest
    package let environment: [WorkerManifest.Variable]
    package let runtime: BundleRuntime
    package let dependencies: [WorkerManifest.Dependency]
    /// The functions that it calls besides those of its dependencies.
    package let calls: [CallPattern]
    /// The default configuration.
    package let config: JSONObject?
    /// What its user should be told: clamped resources (W182), ignored variables, unknown keys.
    package let warnings: [ManifestProblem]
}

extension WorkerManifest {
    /// Holds the manifest to the rules of a bundle.
    ///
    /// `name` and `version` are what was asked for and resolved; nil takes what the manifest says. Resources above the
    /// cap are clamped with a warning. Unknown keys are warnings, or errors where `refusesUnknownKeys`.
    ///
    /// - Throws: `ManifestError.rejected` (W180) with every field that breaks a rule.
    package func checkedAsBundle(
        named expectedName: WorkerName?,
        version expectedVersion: SemanticVersion?,
        refusesUnknownKeys: Bool = false
    ) throws(ManifestError) -> BundleManifest {
        var findings = problems(refusingUnknownKeys: refusesUnknownKeys, andTargets: refusesUnknownKeys)
        let forbidden = ["scripts.setup", "scripts.install", "runtime.base_image"].filter { places[$0] != nil }
        findings.removeAll { forbidden.contains($0.path) }
        findings += forbidden.map { ManifestProblem(.error, $0, places[$0], .forbiddenInBundle) }
        findings += identityProblems(expectedName, expectedVersion)
        let runtime = runtimeOfBundle(&findings)
        let resources = clampedResources(&findings)
        let errors = findings.filter { $0.severity == .error }.inTextOrder
        guard errors.isEmpty, let name, let start = scripts.start, let runtime else {
            throw .rejected(.bundle, errors.isEmpty ? [ManifestProblem(.error, "name", nil, .missing)] : errors)
        }
        return BundleManifest(
            name: name,
            version: version,
            start: start,
            resources: resources,
            environment: environment,
            runtime: runtime,
            dependencies: dependencies,
            calls: calls,
            config: config,
            warnings: findings
        )
    }

    private func identityProblems(_ name: WorkerName?, _ version: SemanticVersion?) -> [ManifestProblem] {
        var findings = requiredFieldProblems(["name", "scripts.start"])
        if let found = self.name, let name, found != name {
            findings.append(
                ManifestProblem(.error, "name", places["name"], .nameMismatch(expected: name, found: found))
            )
        }
        if let found = self.version, let version, found != version {
            let reason = ManifestProblem.Reason.versionMismatch(expected: version, found: found)
            findings.append(ManifestProblem(.error, "version", places["version"], reason))
        }
        return findings
    }

    private func runtimeOfBundle(_ findings: inout [ManifestProblem]) -> BundleRuntime? {
        if let declaredKind {
            let field = runtime.kind != nil ? "runtime.kind" : runtime.language != nil ? "runtime.language" : "language"
            if let runtime = BundleRuntime(named: declaredKind) { return runtime }
            findings.append(ManifestProblem(.error, field, places[field], .unknownRuntime(declaredKind)))
            return nil
        }
        guard let start = scripts.start else { return nil }
        if let runtime = BundleRuntime(startCommand: start) { return runtime }
        findings.append(ManifestProblem(.error, "runtime.kind", nil, .undeterminedRuntime))
        return nil
    }

    private func clampedResources(_ findings: inout [ManifestProblem]) -> ResourceRequest {
        let standard = ResourceRequest.standard
        let asked = ResourceRequest(
            cpus: resources.cpus ?? standard.cpus,
            memoryMiB: resources.memoryMiB ?? standard.memoryMiB
        )
        let given = asked.clamped(to: .bundleCap)
        for (field, requested, cap) in [
            ("resources.cpus", asked.cpus, given.cpus), ("resources.memory", asked.memoryMiB, given.memoryMiB),
        ] where requested != cap {
            findings.append(ManifestProblem(.warning, field, places[field], .clamped(requested: requested, to: cap)))
        }
        return given
    }
}
