// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineProtocol
import HostSystem
import JSONText
import ProjectFiles
import RegistryAPI
import SystemPackage
import WorkerModel
import WorkerOperations

/// What the project has.
extension WorkerFunctions {
    var projectEntries: [Entry] {
        [
            Entry(
                verb: "add",
                description: "Add workers to the project, with all that they need.",
                schemas: .add,
                timeout: .seconds(600),
                body: { $0.add }
            ),
            Entry(
                verb: "remove",
                description: "Take workers out of the project.",
                schemas: .removal,
                timeout: .seconds(30),
                body: { $0.remove }
            ),
            Entry(
                verb: "update",
                description: "Move workers to newer versions, within what was asked for.",
                schemas: .update,
                timeout: .seconds(600),
                body: { $0.update }
            ),
            Entry(
                verb: "clear",
                description: "Remove what is installed and no project or running worker needs.",
                schemas: .clear,
                timeout: .seconds(30),
                body: { $0.clear }
            ),
        ]
    }

    private func add(_ request: JSONCursor) async throws -> JSONValue {
        let (sources, registries) = try sources(request)
        // A folder of this machine is the user's to choose.
        if !asker.isOwner, sources.contains(where: \.isFolder) {
            throw forbidden("folders of this machine are not added; name a worker of a registry, or an image")
        }
        var wanted = AddWorkers.Request(sources)
        wanted.registries = registries
        wanted.options = try options(request)
        wanted.options.isForced = try flag("force", request)
        wanted.options.resetsConfig = try flag("reset_config", request)
        wanted.options.isolation = try isolation(request)
        wanted.options.isolationFloor = try floor()
        let asked = wanted
        let outcome = try await ToldOperation(.add, of: sources.map(\.shown), try caller(request), events).run { told in
            let outcome = try await context.withWorkshop(project, events: told) { try await AddWorkers($0).run(asked) }
            try await reload()
            return outcome
        }
        let waits = try flag("wait", request, unlessSaid: true)
        var rows: [JSONValue] = []
        for step in outcome.change.plan.steps {
            let status = waits ? try await answer(step.name, JSONCursor(["wait": true]))["status"] : nil
            let change = StepStatus(step, isForced: asked.options.isForced).rawValue
            rows.append([
                "name": .string(step.name.description), "version": step.version.map(JSONValue.string) ?? .null,
                "requested": .bool(step.isRequested), "status": status ?? .string(change),
            ])
        }
        let first = rows.first { $0["requested"] == true } ?? .null
        let requested = outcome.change.plan.steps.first(where: \.isRequested)
        let result = requested.map { StepStatus($0, isForced: asked.options.isForced) } ?? .installed
        return [
            "name": first["name"] ?? .null, "version": first["version"] ?? .null, "status": .string(result.rawValue),
            "awaited_ready": .bool(waits), "config_path": .string(outcome.configPath.string), "workers": .array(rows),
        ]
    }

    private func remove(_ request: JSONCursor) async throws -> JSONValue {
        var (names, all) = try targets(request, of: "remove")
        if all { names = try project.readConfig()?.entries.map(\.name) ?? [] }
        let wanted = names
        let outcome = try await events.telling(.remove, of: names.map(\.description), try caller(request)) {
            let outcome = try await RemoveWorkers(project: project, events: NoEvents()).run(wanted)
            try await reload()
            return outcome
        }
        return [
            "removed": .array((outcome.removed + outcome.pruned).map { .string($0.description) }),
            "config_path": .string(outcome.configPath.string),
        ]
    }

    private func update(_ request: JSONCursor) async throws -> JSONValue {
        let names = try names(request)
        var wanted = UpdateWorkers.Request(names)
        wanted.goesBeyond = try flag("latest", request)
        wanted.options = try options(request)
        wanted.options.isolationFloor = try floor()
        let asked = wanted
        let told = ToldOperation(.update, of: names.map(\.description), try caller(request), events)
        let outcome = try await told.run { told in
            let outcome = try await context.withWorkshop(project, events: told) {
                try await UpdateWorkers($0).run(asked)
            }
            try await reload()
            return outcome
        }
        let updated = outcome.change.plan.changes.compactMap { step -> JSONValue? in
            guard let before = step.before, let now = step.version, before != now else { return nil }
            return [
                "name": .string(step.name.description), "from_version": .string(before), "to_version": .string(now),
            ]
        }
        if updated.isEmpty, let failure = outcome.failures.first { throw failure.error }
        return ["updated": .array(updated), "config_path": .string(outcome.configPath.string)]
    }

    private func clear(_ request: JSONCursor) async throws -> JSONValue {
        let (names, all) = try targets(request, of: "clear")
        var wanted = ClearStore.Request()
        wanted.names = names
        wanted.includesCaches = all
        let asked = wanted
        let outcome = try await events.telling(.clear, of: names.map(\.description), try caller(request)) {
            try await ClearStore(home: try IIIHome(context.environment)).run(asked)
        }
        return ["cleared_bytes": .number(JSONNumber(outcome.freed.bytes))]
    }

    // MARK: Requests

    /// Without `yes`, a large plan is not carried out: there is nobody to ask.
    private func options(_ request: JSONCursor) throws -> ChangeOptions {
        let isAllowed = try flag("yes", request)
        var options = ChangeOptions()
        options.consent = { change in
            if !isAllowed { throw LargePlanUnasked(workers: change.plan.changes.count) }
        }
        return options
    }

    /// `source` as an object with `kind`, or `sources` as they are written on a command line.
    private func sources(
        _ request: JSONCursor
    ) throws -> (sources: [WorkerSource], registries: [WorkerName: ChosenRegistry]) {
        let rules = try context.registryRules(of: project)
        if let texts = try request.optional("sources")?.elements() {
            return try rules.sources(try texts.map { try $0.string() })
        }
        let source = try request.required("source")
        guard case .object = source.value else { return try rules.sources([try source.string()]) }
        switch try source.required("kind").string() {
        case "registry":
            let version = try source.optional("version")?.string()
            return try rules.sources([try source.required("name").string() + (version.map { "@\($0)" } ?? "")])
        case "oci": return ([try WorkerSource(parsing: try source.required("reference").string())], [:])
        case "local": return ([try WorkerSource(parsing: try source.required("path").string())], [:])
        default: throw try source.required("kind").fail("must be `registry`, `oci` or `local`")
        }
    }
}

/// What happens along the way is not told over the bus.
private struct NoEvents: EventSink {
    func receive(_ event: OperationEvent) {}
}

extension WorkerSource {
    fileprivate var isFolder: Bool { if case .localPath = self { true } else { false } }

    /// The worker's name, or the folder where it has to be looked up.
    fileprivate var shown: String {
        switch self {
        case .registry(let name, _), .image(_, let name): name.description
        case .localPath(let path): path
        }
    }
}
