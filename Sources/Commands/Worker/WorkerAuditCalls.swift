// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import JSONText
import WorkerModel

/// `iii worker audit-calls`.
struct WorkerAuditCalls: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit-calls",
        abstract: "Show which functions a worker has called, to write its grants from.",
        discussion: """
            Counts from the start of the engine on, also what was refused. `may_call:` of the worker's entry in \
            config.yaml grants what it may not call by itself.

              iii worker audit-calls assistant
              iii worker audit-calls assistant --json
            """
    )

    @Argument(help: ArgumentHelp("The worker.", valueName: "name"), completion: .custom(completeWorkerNames))
    var name: String

    @OptionGroup var engine: EngineOptions
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let name = try WorkerName(parsing: name)
        let engine = try RunningEngine.require(engine, about: name, context)
        let answer = try await engine.call("worker::calls", ["name": .string(name.description)])
        if output.json { return context.printer.result(answer) }
        guard case .array(let rows)? = answer["calls"], !rows.isEmpty else {
            return context.printer.say("\(name) has called nothing that needs to be allowed")
        }
        let cells = rows.map { row in ["function_id", "calls", "refused"].map { row[$0]?.plainText ?? "" } }
        for line in TextTable.lines([["FUNCTION", "CALLS", "REFUSED"]] + cells) { context.printer.result(line) }
        let refused = rows.filter { $0["refused"] != 0 }.compactMap { $0["function_id"]?.text() }
        if !refused.isEmpty {
            context.printer.say("hint: to let it, write `may_call: [\(refused.joined(separator: ", "))]` in its entry")
        }
    }
}

extension JSONValue {
    /// A text without its quotes, anything else as JSON; safe to print.
    fileprivate var plainText: String {
        if case .string(let text) = self { text.printable } else { text().printable }
    }
}
