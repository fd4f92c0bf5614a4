// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import WorkerModel
import WorkerOperations

/// `iii worker update`.
struct WorkerUpdate: FetchingCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Move workers to newer versions, within what was asked for.",
        discussion: """
            iii.lock remembers the range or channel with which each worker was added; without names, all workers are \
            brought up to date within theirs, and iii.lock with what the manifests of local workers need now. Each worker \
            is asked for at the registry that it was locked from; --registry takes it from another one from now on.

              iii worker update
              iii worker update pdfkit --latest
              iii worker update --dry-run
              iii worker update pdfkit --registry https://registry.example
              iii worker update --host 192.0.2.7
            """
    )

    @Argument(
        help: ArgumentHelp("The workers to update; all of them where none is named.", valueName: "name"),
        completion: .custom(completeLockedNames)
    )
    var names: [String] = []

    @Flag(help: "Go beyond what was asked for, to the latest version.")
    var latest = false

    @Flag(help: "Do not wait until the workers are ready in the engine that runs the project.")
    var noWait = false

    @OptionGroup var registry: RegistryOption

    @OptionGroup var planning: PlanOptions

    @OptionGroup var engine: EngineOptions

    @OptionGroup var images: ImageOptions

    @OptionGroup var network: NetworkOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if engine.host != nil, planning.allowCalls {
            throw ValidationError("--allow-calls writes here: leave out --host")
        }
        if engine.host != nil, registry.url != nil {
            throw ValidationError("--host asks the registries of its own project: leave out --registry")
        }
        if engine.host != nil, planning.dryRun { throw ValidationError("--dry-run plans here: leave out --host") }
    }

    func run(in context: CommandContext) async throws {
        if let host = engine.host { return try await update(at: RunningEngine(host), context.printer) }
        var context = context
        context.layerLimits = images.limits
        var request = UpdateWorkers.Request(try names.map { try WorkerName(parsing: $0) })
        request.goesBeyond = latest
        let option = try registry.base
        request.registry = option.map { ChosenRegistry($0, .option) }
        request.limits = planning.limits
        request.options = planning.options(context.printer)
        let asked = request
        let project = try context.project()
        let outcome = try await context.withWorkshop(project, registry: option) {
            try await UpdateWorkers($0).run(asked)
        }
        if !output.json { render(outcome, context.printer) }
        if !outcome.isDryRun, !noWait, !outcome.change.plan.changes.isEmpty {
            try await AwaitReadiness(context: context, project: project)
                .run(PlannedChange.awaited(outcome.change.plan.changes))
        }
        if output.json { render(outcome, context.printer) }
        try context.report(outcome.failures)
    }

    /// Has an engine update the project that it runs.
    private func update(at engine: RunningEngine, _ printer: Printer) async throws {
        let names = try names.map { try WorkerName(parsing: $0) }
        let answer = try await engine.call(
            "worker::update",
            [
                "names": .array(names.map { .string($0.description) }), "latest": .bool(latest),
                "yes": .bool(planning.yes),
            ],
            timeout: .seconds(600)
        )
        if output.json { return printer.result(answer) }
        guard case .array(let rows)? = answer["updated"], !rows.isEmpty else {
            return printer.say("everything is as new as what was asked for allows")
        }
        for row in rows {
            func text(_ key: String) -> String { if case .string(let text)? = row[key] { text } else { "?" } }
            printer.result("updated \(text("name")) \(text("from_version")) → \(text("to_version"))".printable)
        }
    }

    private func render(_ outcome: UpdateWorkers.Outcome, _ printer: Printer) {
        if output.json {
            return printer.result(
                outcome.change.json(configPath: outcome.configPath, isDryRun: outcome.isDryRun)
            )
        }
        let lines = outcome.change.resultLines(isDryRun: outcome.isDryRun)
        for line in lines { printer.result(line) }
        if lines.isEmpty, outcome.failures.isEmpty { printer.say("everything is as new as what was asked for allows") }
    }
}
