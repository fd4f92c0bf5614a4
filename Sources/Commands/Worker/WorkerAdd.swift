// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import SystemPackage
import RegistryAPI
import ArgumentParser
import HostSystem
import JSONText
import ProjectFiles
import Resolution
import WorkerModel
import WorkerOperations

/// `iii worker add`.
struct WorkerAdd: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add workers to the project, with all that they need.",
        discussion: """
            A source is a name in the registry, with a version, a range or a channel where it matters:

              iii worker add pdfkit
              iii worker add pdfkit@1.4.0 'text-stats@^0.3' mailer@next

            Every name is resolved first; everything is fetched and verified; then config.yaml and iii.lock change \
            together, or not at all. In a folder without a project, config.yaml is begun there.
            """
    )

    @Argument(help: ArgumentHelp("What to add.", valueName: "source"))
    var sources: [String]

    @Flag(name: .shortAndLong, help: "Fetch and install again what is installed already.")
    var force = false

    @Flag(help: "With --force: start the config blocks of these workers afresh.")
    var resetConfig = false

    @Flag(help: "Show what would be installed, and change nothing.")
    var dryRun = false

    @Flag(help: "Do not wait until the workers are ready in the engine that runs the project.")
    var noWait = false

    @Option(help: "How deep workers may need each other.")
    var maxDepth = DependencyGraph.Limits.standard.depth

    @Option(help: "How many workers may come along.")
    var maxWorkers = DependencyGraph.Limits.standard.workers

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if sources.isEmpty { throw ValidationError("name at least one worker to add") }
        if resetConfig, !force { throw ValidationError("--reset-config goes with --force") }
        if maxDepth < 0 || maxWorkers < 0 { throw ValidationError("--max-depth and --max-workers are not negative") }
    }

    func run(in context: CommandContext) async throws {
        var request = AddWorkers.Request(try sources.map { try WorkerSource(parsing: $0) })
        request.isForced = force
        request.resetsConfig = resetConfig
        request.isDryRun = dryRun
        request.limits = DependencyGraph.Limits(depth: maxDepth, workers: maxWorkers)
        let project = try Project.find(context.environment) ?? .beginning(in: context.environment)
        let outcome = try await context.withRegistry { registry in
            try await AddWorkers(
                project: project,
                registry: registry,
                installation: try context.installation(),
                environment: context.environment,
                events: ProgressRendering(context.printer)
            ).run(request)
        }
        if !output.json { render(outcome, context.printer) }
        if !dryRun, !noWait {
            try await AwaitReadiness(context: context, project: project)
                .run(outcome.plan.steps.map { ($0.node.name, $0.node.version.description) })
        }
        if output.json { render(outcome, context.printer) }
    }

    private func render(_ outcome: AddWorkers.Outcome, _ printer: Printer) {
        if output.json { return printer.result(outcome.json) }
        for step in outcome.plan.steps {
            let needed = step.isRequested ? "" : "  (needed by others)"
            printer.result(
                "\(outcome.isDryRun ? "would add" : "added") \(step.node.name) \(step.node.version)  \(step.node.kind.rawValue)\(needed)"
            )
        }
    }
}

extension AddWorkers.Outcome {
    fileprivate var json: JSONValue {
        [
            "config_path": .string(configPath.string), "dry_run": .bool(isDryRun),
            "workers": .array(
                plan.steps.map { step in
                    [
                        "name": .string(step.node.name.description), "version": .string(step.node.version.description),
                        "kind": .string(step.node.kind.rawValue), "requested": .bool(step.isRequested),
                        "selector": step.requested.map { .string($0.description) } ?? .null,
                        "sha256": step.artifact.map { .string($0.remote.digest.description) } ?? .null,
                    ]
                }
            ),
        ]
    }
}
