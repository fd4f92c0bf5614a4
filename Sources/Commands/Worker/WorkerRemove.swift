// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import ProjectFiles
import SystemPackage
import WorkerModel
import WorkerOperations

/// `iii worker remove`.
struct WorkerRemove: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take workers out of the project, with those that only they need.",
        discussion: """
            config.yaml and iii.lock change together. What is installed stays in the store for other projects.

              iii worker remove pdfkit
              iii worker remove text-stats roman-numerals
              iii worker remove pdfkit --host 192.0.2.7
            """
    )

    @Argument(
        help: ArgumentHelp("The workers to take out.", valueName: "name"),
        completion: .custom(completeWorkerNames)
    )
    var names: [String]

    @Flag(name: .shortAndLong, help: "Accepted for scripts; nothing is asked.")
    var yes = false

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if names.isEmpty { throw ValidationError("name at least one worker to remove") }
    }

    func run(in context: CommandContext) async throws {
        let names = try names.map { try WorkerName(parsing: $0) }
        if let host = engine.host { return try await remove(names, at: RunningEngine(host), context.printer) }
        let events = ProgressRendering(context.printer)
        let outcome = try await RemoveWorkers(project: try context.project(), events: events).run(names)
        if output.json { return context.printer.result(outcome.json) }
        for name in outcome.removed { context.printer.result("removed \(name)") }
        for name in outcome.pruned { context.printer.result("removed \(name)  (nobody needs it any more)") }
    }

    /// Has an engine take them out of the project that it runs.
    private func remove(_ names: [WorkerName], at engine: RunningEngine, _ printer: Printer) async throws {
        let request: JSONValue = ["names": .array(names.map { .string($0.description) }), "yes": true]
        let answer = try await engine.call("worker::remove", request)
        if output.json { return printer.result(answer) }
        guard case .array(let removed)? = answer["removed"] else { return }
        for case .string(let name) in removed { printer.result("removed \(name.printable)") }
    }
}

extension RemoveWorkers.Outcome {
    fileprivate var json: JSONValue {
        [
            "config_path": .string(configPath.string), "removed": .array(removed.map { .string($0.description) }),
            "pruned": .array(pruned.map { .string($0.description) }),
        ]
    }
}
