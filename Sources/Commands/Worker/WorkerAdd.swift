// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import HostSystem
import JSONText
import ProjectFiles
import RegistryAPI
import Resolution
import Sandboxing
import SystemPackage
import WorkerModel
import WorkerOperations

/// `iii worker add`.
struct WorkerAdd: FetchingCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add workers to the project, with all that they need.",
        discussion: """
            A source is a name in the registry, with a version, a range or a channel where it matters; a folder; or an \
            image:

              iii worker add pdfkit
              iii worker add pdfkit@1.4.0 'text-stats@^0.3' mailer@next
              iii worker add pdfkit --registry https://registry.example
              iii worker add ./my-worker
              iii worker add ghcr.io/org/worker:1.2

            Everything is resolved first and shown as one plan; everything is fetched and verified; then config.yaml and \
            iii.lock change together, or not at all. Versions that the project has stay where they are good enough. In a \
            folder without a project, config.yaml is begun there. --isolation is written to the entries of the named workers; \
            what is weaker than their kind and this machine allow is refused. What a worker asks to call on the bus besides \
            its dependencies is granted by you alone: at a terminal you are asked, else it is refused without --allow-calls. \
            --registry is for the named workers, and is written to `registries:` of config.yaml, so that a clone asks the \
            same registry; `REGISTRY:NAME` does the same with a registry of that list.
            """
    )

    @Argument(help: ArgumentHelp("What to add.", valueName: "source"))
    var sources: [String]

    @Flag(name: .shortAndLong, help: "Fetch and install again what is installed already.")
    var force = false

    @Flag(help: "With --force: start the config blocks of these workers afresh.")
    var resetConfig = false

    @Flag(help: "Do not wait until the workers are ready in the engine that runs the project.")
    var noWait = false

    @Option(help: ArgumentHelp("Install for this platform instead of this host's.", valueName: "triple"))
    var target: String?

    @OptionGroup var registry: RegistryOption
    @OptionGroup var sandbox: IsolationOption
    @OptionGroup var planning: PlanOptions

    @OptionGroup var images: ImageOptions

    @OptionGroup var engine: EngineOptions
    @OptionGroup var network: NetworkOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if engine.host != nil, planning.dryRun { throw ValidationError("--dry-run plans here: leave out --host") }
        if engine.host != nil, planning.allowCalls {
            throw ValidationError("--allow-calls writes here: leave out --host")
        }
        if engine.host != nil, registry.url != nil {
            throw ValidationError("--host asks the registries of its own project: leave out --registry")
        }
        if engine.host != nil, target != nil { throw ValidationError("--host installs for its own platform") }
        if sources.isEmpty { throw ValidationError("name at least one worker to add") }
        if resetConfig, !force { throw ValidationError("--reset-config goes with --force") }
    }

    func run(in context: CommandContext) async throws {
        if let host = engine.host {
            return try await RemoteAdd(address: host, context: context).run(
                sources,
                [
                    "force": .bool(force), "reset_config": .bool(resetConfig), "yes": .bool(planning.yes),
                    "wait": .bool(!noWait),
                    "isolation": sandbox.isolation.map { .string($0.rawValue) } ?? .null,
                ],
                isJSON: output.json
            )
        }
        var context = context
        context.layerLimits = images.limits
        if let target { context.host = try TargetTriple(parsing: target) }
        let project = try Project.find(context.environment) ?? .beginning(in: context.environment)
        context.tellOversights(of: project)
        let option = try registry.base
        let named = try context.registryRules(option, of: project).sources(sources)
        var request = AddWorkers.Request(named.sources)
        request.registries = named.registries
        request.limits = planning.limits
        request.options = planning.options(context.printer)
        request.options.isForced = force
        request.options.resetsConfig = resetConfig
        request.options.isolation = sandbox.isolation
        let asked = request
        let outcome = try await context.withWorkshop(project, registry: option) { try await AddWorkers($0).run(asked) }
        if !output.json { render(outcome, context.printer) }
        if !outcome.isDryRun, !noWait {
            try await AwaitReadiness(context: context, project: project).run(
                PlannedChange.awaited(outcome.change.plan.steps)
            )
        }
        if output.json { render(outcome, context.printer) }
    }

    private func render(_ outcome: AddWorkers.Outcome, _ printer: Printer) {
        let (isDryRun, isForced) = (outcome.isDryRun, outcome.isForced)
        if output.json {
            return printer.result(
                outcome.change.json(configPath: outcome.configPath, isDryRun: isDryRun, isForced: isForced)
            )
        }
        for line in outcome.change.resultLines(isDryRun: isDryRun, isForced: isForced) { printer.result(line) }
    }
}
