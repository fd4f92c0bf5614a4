// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import JSONText
import WorkerModel

/// `iii worker start`.
struct WorkerStart: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start a worker of the project, or one that crashed.",
        discussion: """
            A worker that was stopped stays so until this, or until the engine starts anew. Ends when the worker is ready, after 120 seconds at most; at once when it ends instead.

              iii worker start pdfkit
              iii worker start pdfkit --no-wait
            """
    )

    @Argument(help: ArgumentHelp("The worker.", valueName: "name"), completion: .custom(completeWorkerNames))
    var name: String

    @Flag(help: "Do not wait until it is ready.")
    var noWait = false

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let name = try WorkerName(parsing: name)
        let engine = try RunningEngine.require(engine, context)
        let request: JSONValue = ["name": .string(name.description), "wait": .bool(!noWait)]
        let state = WorkerState(try await engine.call("worker::start", request, timeout: .seconds(130)))
        if output.json { context.printer.result(state.json) }
        if noWait { return context.printer.say("\(name) is started") }
        try state.report(name, context.printer)
    }
}
