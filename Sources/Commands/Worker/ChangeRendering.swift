// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import Manifests
import ProjectFiles
import RegistryAPI
import SystemPackage
import WorkerModel
import WorkerOperations

/// What a change makes of one worker, for people and machines.
enum StepStatus: String {
    case installed
    case replaced
    case repaired
    case alreadyCurrent = "already_current"

    init(_ step: InstallPlan.Step, isForced: Bool) {
        switch (step.before, step.version) {
        case (nil, _) where !step.isKept: self = .installed
        case (let before, let version) where (before != version || step.hasMoved) && !step.isKept: self = .replaced
        default: self = isForced && step.delivery != nil ? .repaired : .alreadyCurrent
        }
    }

    /// The verb, as it was done or would be.
    func verb(isDryRun: Bool) -> String {
        switch self {
        case .installed: isDryRun ? "would add" : "added"
        case .replaced: isDryRun ? "would update" : "updated"
        case .repaired: isDryRun ? "would reinstall" : "reinstalled"
        case .alreadyCurrent: isDryRun ? "would keep" : "kept"
        }
    }
}

extension PlannedChange {
    /// Workers to wait for, each with the version that is to run; what a local worker or an image runs as, nobody knows.
    static func awaited(_ steps: [InstallPlan.Step]) -> [(name: WorkerName, version: String?)] {
        steps.map { step in
            if case .registry(let node) = step.content {
                (step.name, node.version.description)
            } else {
                (step.name, nil)
            }
        }
    }

    /// The result in lines: what changes, and what was asked for by name.
    func resultLines(isDryRun: Bool, isForced: Bool = false) -> [String] {
        let workers = plan.steps.compactMap { step -> String? in
            let status = StepStatus(step, isForced: isForced)
            if status == .alreadyCurrent, !step.isRequested { return nil }
            let needed = step.isAskedFor ? "" : "  (needed by others)"
            let origin = step.originText(firstRegistry)
            let remarks = isDryRun ? self.remarks(on: step).map { "  (\($0))" }.joined() : ""
            let line = "\(status.verb(isDryRun: isDryRun)) \(step.versionText(status))  \(step.kind)\(origin)"
            return "\(line)\(needed)\(remarks)"
                .printable
        }
        let verb = isDryRun ? "would remove" : "removed"
        return workers + gone.map { "\(verb) \($0.what)  (\($0.reason))".printable }
    }

    /// The plan in lines, as it is shown before anything is fetched; none where nothing changes.
    var planLines: [String] {
        if isEmpty { return [] }
        let workers = plan.changes.flatMap { step in
            let status = StepStatus(step, isForced: false)
            let askers = step.askers.compactMap(\.shown)
            let reason = step.isAskedFor || askers.isEmpty ? "" : "  for \(askers.joined(separator: ", "))"
            let mark = status == .installed ? "+" : status == .replaced ? "~" : "="
            let origin = step.originText(firstRegistry)
            let line = "  \(mark) \(step.versionText(status))  \(step.kind)\(origin)\(reason)"
            return ([line] + remarks(on: step).map { "      \($0)" }).map(\.printable)
        }
        return ["plan:"] + workers + gone.map { "  - \($0.what)  \($0.reason)".printable } + listings + unconfined
    }

    /// Names that belong to a registry from now on.
    private var listings: [String] {
        listed.map { "  config.yaml: `\($0.name)` belongs to \($0.registry) from now on (`registries:`)".printable }
    }

    /// Of native workers that are new, that nothing confines them.
    private var unconfined: [String] {
        let names = plan.changes.filter { $0.kind == WorkerKind.binary.rawValue && $0.before == nil }
            .map { "`\($0.name)`" }
        if names.isEmpty { return [] }
        let (run, may) =
            names.count == 1 ? ("is a native worker and runs", "it may") : ("are native workers and run", "they may")
        return ["\(names.joined(separator: ", ")) \(run) unconfined: \(may) do all that you may do".printable]
    }

    /// What is taken out, with the reason.
    private var gone: [(what: String, reason: String)] {
        func what(_ name: WorkerName, _ version: String?) -> String { version.map { "\(name) \($0)" } ?? "\(name)" }
        return unlisted.map { (what($0.name, $0.version), "config.yaml lists it no more") }
            + pruned.map { (what($0.name, $0.version), "nobody needs it any more") }
    }

    /// What its user should know of a worker before it comes: what it asks for, and that it will not run here.
    private func remarks(on step: InstallPlan.Step) -> [String] {
        wishes.filter { $0.name == step.name }.map(\.sentence)
            + (step.isPartOfAnotherEngine ? [BuiltinWorkers.absence] : [])
    }

    func json(configPath: FilePath, isDryRun: Bool, isForced: Bool = false) -> JSONValue {
        [
            "config_path": .string(configPath.string), "dry_run": .bool(isDryRun),
            "workers": .array(plan.steps.map { $0.json(isForced: isForced) }),
            "asks_to_call": .object(
                JSONObject(wishes.map { ($0.name.description, .array($0.calls.map { .string($0.description) })) })
            ),
            "removed": .array(
                (unlisted + pruned).map {
                    ["name": .string($0.name.description), "version": $0.version.map(JSONValue.string) ?? .null]
                }
            ),
        ]
    }
}

extension InstallPlan.Step {
    /// `NAME 1.2.0`, `NAME 1.2.0 → 1.3.0`.
    fileprivate func versionText(_ status: StepStatus) -> String {
        let change = status == .replaced && before != version ? before.map { "\($0) → " } ?? "" : ""
        return version.map { "\(name) \(change)\($0)" } ?? name.description
    }

    /// Where it comes from, where that is not `usual` or was another registry before.
    fileprivate func originText(_ usual: String) -> String {
        guard let registry else { return "" }
        if hasMoved, let registryBefore { return "  from \(registryBefore) → \(registry)" }
        return registry == usual ? "" : "  from \(registry)"
    }

    fileprivate func json(isForced: Bool) -> JSONValue {
        let digest: String? =
            switch delivery {
            case .archive(let remote, _): remote.digest.description
            case .image(let image): image.digest.description
            case nil: nil
            }
        return [
            "name": .string(name.description), "version": version.map(JSONValue.string) ?? .null,
            "from": before.map(JSONValue.string) ?? .null, "kind": .string(kind), "requested": .bool(isAskedFor),
            "selector": selector.map { .string($0.description) } ?? .null,
            "sha256": digest.map(JSONValue.string) ?? .null,
            "status": .string(StepStatus(self, isForced: isForced).rawValue),
            "notes": .array(notes.map(\.json)), "registry": registry.map(JSONValue.string) ?? .null,
            "from_registry": registryBefore.map(JSONValue.string) ?? .null,
        ]
    }
}

extension Asker {
    /// A worker or folder, nil for somebody who needs no name.
    fileprivate var shown: String? {
        switch self {
        case .worker(let name): name.description
        case .folder(let path): path
        case .user, .project: nil
        }
    }
}

extension CommitRecovery {
    /// What the user is told of an interrupted command.
    var lines: [String] {
        switch self {
        case .nothing: []
        case .finished: ["an earlier command was interrupted while it wrote its files; they are complete now"]
        case .takenBack: ["an earlier command was interrupted before it changed anything; what it left is gone"]
        case .leftAlone(let paths):
            [
                "warning: an earlier command was interrupted, and since then somebody has changed \(paths.map { "`\($0.string.printable)`" }.joined(separator: " and ")): left as it is",
                "hint: `iii worker verify --strict` tells whether config.yaml and iii.lock agree",
            ]
        }
    }
}
