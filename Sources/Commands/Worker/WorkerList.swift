// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import ProjectFiles
import RegistryAPI
import Sandboxing
import WorkerModel
import WorkerOperations

/// `iii worker list`.
struct WorkerList: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the workers of the project.",
        discussion: """
            A worker that is not marked as asked for is there because others need it. Where an engine runs the project, the \
            status of each worker is the engine's. NOTES is what the registry said of a version when it was last asked, such \
            as that it was yanked; `iii worker outdated` asks anew.

              iii worker list
              iii worker list --json
              iii worker list --host 192.0.2.7
            """
    )

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        if let host = engine.host { return try await list(of: RunningEngine(host), context.printer) }
        let project = try context.project()
        try await project.settle(ProgressRendering(context.printer))
        let rows = try await ListWorkers(project: project, installation: try context.installation()).run()
        let states = try await states(of: project, context)
        if output.json {
            return context.printer.result(["workers": .array(rows.map { $0.json(states?[$0.name.description]) })])
        }
        if rows.isEmpty { return context.printer.say("the project has no workers; `iii worker add NAME` adds one") }
        var head = ["NAME", "VERSION", "KIND", "ASKED FOR", "INSTALLED"]
        let usual = try ProjectState(reading: project).firstRegistry(try context.registryRules(of: project))
        let origins = RegistryColumn(rows.map(\.registry), usual: usual)
        head += origins.head
        if states != nil { head += ["STATUS", "PID", "ISOLATION"] }
        context.printer.table(
            head: head + ["NOTES"],
            rows.map { row in
                let state = states.map { Self.cells($0[row.name.description]) } ?? []
                return row.cells + origins.cell(row.registry) + state + [row.remarks]
            }
        )
        let tiers = Set((states ?? [:]).values.compactMap(\.isolation).compactMap(IsolationTier.init(rawValue:)))
        for tier in IsolationTier.allCases where tiers.contains(tier) {
            context.printer.say("isolation \(tier) does not stop: \(tier.caveat)")
        }
    }

    /// What the engine that runs the project says of its workers, nil where none runs it.
    private func states(of project: Project, _ context: CommandContext) async throws -> [String: WorkerState]? {
        guard let engine = try RunningEngine.find(of: project, context) else { return nil }
        // An engine that ends just now is as good as none.
        guard let answer = try? await engine.call("worker::list", .emptyObject, timeout: .seconds(5)),
            case .array(let rows)? = answer["workers"]
        else { return nil }
        return Dictionary(rows.map { WorkerState($0) }.map { ($0.name, $0) }) { $1 }
    }

    /// The workers of a project that is elsewhere, as its engine knows them.
    private func list(of engine: RunningEngine, _ printer: Printer) async throws {
        let answer = try await engine.call("worker::list", .emptyObject)
        if output.json { return printer.result(answer) }
        guard case .array(let rows)? = answer["workers"], !rows.isEmpty else {
            return printer.say("the project of that engine has no workers")
        }
        let cells = rows.map { row in
            let state = WorkerState(row)
            func text(_ key: String) -> String { if case .string(let text)? = row[key] { text } else { "-" } }
            return [state.name, text("version"), text("kind")].map(\.printable) + Self.cells(state)
        }
        printer.table(head: ["NAME", "VERSION", "KIND", "STATUS", "PID", "ISOLATION"], cells)
    }

    private static func cells(_ state: WorkerState?) -> [String] {
        [state?.status ?? "-", state?.processID.map(String.init) ?? "-", state?.isolation ?? "-"].map(\.printable)
    }
}

extension ListWorkers.Row {
    fileprivate var remarks: String { isPartOfAnotherEngine ? BuiltinWorkers.absence : notes.cell }

    fileprivate var cells: [String] {
        let installed = isInstalled.map { $0 ? "yes" : "no" } ?? "-"
        return [name.description, version ?? "-", kind ?? "-", selector?.description ?? "-", installed].map(\.printable)
    }

    fileprivate func json(_ state: WorkerState?) -> JSONValue {
        [
            "name": .string(name.description), "version": version.map(JSONValue.string) ?? .null,
            "kind": kind.map(JSONValue.string) ?? .null, "selector": selector.map { .string($0.description) } ?? .null,
            "installed": isInstalled.map(JSONValue.bool) ?? .null,
            "status": state.map { .string($0.status) } ?? .null,
            "isolation": state?.isolation.map(JSONValue.string) ?? .null,
            "not_stopped": state?.notStopped.map(JSONValue.string) ?? .null,
            "notes": .array(notes.map(\.json)), "registry": registry.map(JSONValue.string) ?? .null,
            "pid": state?.processID.map { .number(JSONNumber($0)) } ?? .null,
        ]
    }
}
