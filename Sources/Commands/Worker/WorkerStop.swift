// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import JSONText
import WorkerModel

/// `iii worker stop`.
struct WorkerStop: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop a worker until it is started again.",
        discussion: """
            It is asked to end (SIGTERM), and killed with all that it started after five seconds. Ends when nothing of it \
            is left.

              iii worker stop pdfkit
            """
    )

    @Argument(help: ArgumentHelp("The worker.", valueName: "name"), completion: .custom(completeWorkerNames))
    var name: String

    @Flag(name: .shortAndLong, help: "Accepted for scripts; nothing is asked.")
    var yes = false

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let name = try WorkerName(parsing: name)
        let engine = try RunningEngine.require(engine, about: name, context)
        let answer = try await engine.call("worker::stop", ["name": .string(name.description)])
        if output.json { return context.printer.result(answer) }
        context.printer.say(
            answer["stopped"] == true ? "stopped \(name)" : "\(name) did not run; it is not started again"
        )
    }
}
