// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import WorkerModel

/// A manifest that a worker can be run by from its own folder.
package struct LocalManifest: Sendable {
    package let name: WorkerName
    package let version: SemanticVersion?
    /// `start` is nil only where `declaredKind` tells how such workers are started.
    package let scripts: WorkerManifest.Scripts
    package let declaredKind: String?
    package let runtime: WorkerManifest.Runtime
    /// Not clamped.
    package let resources: ResourceRequest
    package let environment: [WorkerManifest.Variable]
    package let dependencies: [WorkerManifest.Dependency]
    /// The functions that it calls besides those of its dependencies.
    package let calls: [CallPattern]
    package let config: JSONObject?
    package let warnings: [ManifestProblem]
}

extension WorkerManifest {
    /// The most that `resources` of a local worker can ask for, as 32-bit readers have it.
    private static let largestResource = Int(UInt32.max)

    /// Holds the manifest to the rules of a worker that runs from its own folder.
    ///
    /// - Throws: `ManifestError.rejected` (W132) with every field that breaks a rule, unknown keys among them.
    package func checkedAsLocal() throws(ManifestError) -> LocalManifest {
        var findings = problems(refusingUnknownKeys: true)
        findings += requiredFieldProblems(declaredKind == nil ? ["name", "scripts.start"] : ["name"])
        for (field, value) in [("resources.cpus", resources.cpus), ("resources.memory", resources.memoryMiB)] {
            guard let value, value > Self.largestResource else { continue }
            let reason = ManifestProblem.Reason.outOfRange(
                minimum: field == "resources.cpus" ? 1 : 64,
                maximum: Self.largestResource
            )
            findings.append(ManifestProblem(.error, field, places[field], reason))
        }
        let errors = findings.filter { $0.severity == .error }.inTextOrder
        guard errors.isEmpty, let name else { throw .rejected(.local, errors) }
        return LocalManifest(
            name: name,
            version: version,
            scripts: scripts,
            declaredKind: declaredKind,
            runtime: runtime,
            resources: ResourceRequest(
                cpus: resources.cpus ?? ResourceRequest.standard.cpus,
                memoryMiB: resources.memoryMiB ?? ResourceRequest.standard.memoryMiB
            ),
            environment: environment,
            dependencies: dependencies,
            calls: calls,
            config: config,
            warnings: findings
        )
    }

    /// Holds the manifest to the rules of publishing, whichever kind it is of: a name that the registry accepts, a known
    /// kind, no unknown keys; a bundle also to its own rules.
    ///
    /// - Throws: `ManifestError.rejected`, W180 for a bundle, W132 for other kinds.
    package func checkedForPublishing() throws(ManifestError) -> (name: WorkerName, kind: WorkerKind) {
        let isBundle = deliveredKind == .bundle
        var findings = publishingProblems()
        if isBundle {
            do throws(ManifestError) {
                _ = try checkedAsBundle(named: nil, version: nil, refusesUnknownKeys: true)
            } catch { findings += error.problems }
        } else {
            findings += problems(refusingUnknownKeys: true, andTargets: true)
            findings += requiredFieldProblems(deliveredKind == nil ? ["name", "deploy"] : ["name"])
        }
        var seen: Set<ManifestProblem> = []
        let errors = findings.filter { $0.severity == .error && seen.insert($0).inserted }.inTextOrder
        guard errors.isEmpty, let name, let kind = deliveredKind else {
            throw .rejected(isBundle ? .bundle : .publishing, errors)
        }
        return (name, kind)
    }

    /// What the registry would refuse of the name and of the repository.
    func publishingProblems() -> [ManifestProblem] {
        var findings: [ManifestProblem] = []
        if let name {
            do throws(WorkerNameError) { _ = try WorkerName(parsingPublished: name.description) } catch {
                findings.append(ManifestProblem(.error, "name", places["name"], .invalidName(error)))
            }
        }
        if let repository, !repository.isEmpty, !Self.isWebAddress(repository) {
            let field = places["repository"] == nil ? "repo" : "repository"
            let reason = ManifestProblem.Reason.notWebAddress(repository, meant: Self.webAddress(meantBy: repository))
            findings.append(ManifestProblem(.error, field, places[field], reason))
        }
        return findings
    }

    private static func isWebAddress(_ text: String) -> Bool {
        let lead = ["https://", "http://"].first { text.lowercased().hasPrefix($0) }
        guard let rest = lead.map({ text.utf8.dropFirst($0.utf8.count) }), let first = rest.first else { return false }
        return first != UInt8(ascii: "/") && rest.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    /// `git@host:path`, `ssh://git@host/path` and `git+https://…` as the address of the page.
    private static func webAddress(meantBy text: String) -> String? {
        var rest = text[...]
        for lead in ["git+", "ssh://", "git://", "https://", "http://", "git@"] where rest.hasPrefix(lead) {
            rest = rest.dropFirst(lead.count)
        }
        let parts = rest.split(maxSplits: 1) { $0 == ":" || $0 == "/" }
        guard parts.count == 2, parts[0].contains("."), !rest.contains("@") else { return nil }
        let address = "https://\(parts[0])/\(parts[1])"
        return isWebAddress(address) ? address : nil
    }
}

extension WorkerManifest {
    /// What reading found, and what holds for every use.
    func problems(refusingUnknownKeys refuses: Bool, andTargets refusesTargets: Bool = false) -> [ManifestProblem] {
        var findings = problems
        for index in findings.indices {
            switch findings[index].reason {
            case .unknownKey where refuses, .unknownTarget where refusesTargets: findings[index].severity = .error
            default: break
            }
        }
        for dependency in dependencies where dependency.name == name {
            let path = "dependencies.\(dependency.name)"
            findings.append(ManifestProblem(.error, path, places[path], .dependsOnItself))
        }
        return findings
    }

    /// Those of the fields that are not there; one that is there with the wrong type was found by reading.
    func requiredFieldProblems(_ fields: [String]) -> [ManifestProblem] {
        fields.filter { places[$0] == nil }.map { ManifestProblem(.error, $0, placeAround($0), .missing) }
    }

    /// The place of the map that a field belongs into, nil for one at the top.
    private func placeAround(_ field: String) -> ManifestProblem.Place? {
        field.lastIndex(of: ".").flatMap { places[String(field[..<$0])] }
    }
}
