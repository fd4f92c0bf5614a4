// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import JSONText
import WorkerModel
import WorkerSupervisor

/// `iii worker status`.
struct WorkerStatusCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how a worker is doing.",
        discussion: """
            Ends with 0 for a worker that runs or is on its way, with 1 for one that crashed or that no engine runs.

              iii worker status pdfkit
              iii worker status pdfkit --json
            """
    )

    @Argument(help: ArgumentHelp("The worker.", valueName: "name"), completion: .custom(completeWorkerNames))
    var name: String

    @Flag(help: "Accepted for scripts; the status is printed once.")
    var noWatch = false

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let name = try WorkerName(parsing: name)
        let engine = try RunningEngine.require(engine, about: name, context)
        let state = WorkerState(try await engine.call("worker::status", ["name": .string(name.description)]))
        if output.json { context.printer.result(state.json) } else { render(state, context.printer) }
        if state.status == "failed" { throw ExitCode(1) }
    }

    private func render(_ state: WorkerState, _ printer: Printer) {
        var rows: [(String, String?)] = [("worker", state.name), ("status", state.status), ("reason", state.reason)]
        if case .string(let kind)? = state.json["kind"] { rows.append(("kind", kind)) }
        if case .string(let version)? = state.json["version"] { rows.append(("version", version)) }
        rows += [
            ("process", state.processID.map(String.init)), ("isolation", state.isolation),
            ("not stopped", state.notStopped), ("limits", state.limits),
            ("file rules", state.fileRules), ("network", state.network),
            ("up", state.uptime?.shown), ("ready after", state.readyAfter?.shown),
            ("restarts", state.restarts == 0 ? nil : String(state.restarts)), ("last end", state.lastEnd),
            ("what went wrong", state.lastEnd == nil ? nil : state.lastReason),
            ("starts again", state.restartIn.map { "in \($0.shown)" }),
            ("refused", state.refusedCalls), ("logs", state.logs),
        ]
        let cells = rows.compactMap { label, value in value.map { ["\(label):", $0.printable] } }
        printer.table(cells)
        if state.lastEnd != nil, !state.lastLines.isEmpty {
            printer.result("it printed last:")
            for line in state.lastLines { printer.result("  \(line.printable)") }
        }
        if let remedy = state.remedy { printer.say("hint: \(remedy.printable)") }
        if state.status == "failed" {
            printer.say("hint: it crashed too often and is left alone; `iii worker start \(state.name)` tries again")
        }
    }
}
