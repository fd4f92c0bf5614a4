// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import JSONText
import Sandboxing
import WorkerModel

/// What `iii worker start` and `restart` share: which worker, and whether to wait for it.
struct StartOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The worker.", valueName: "name"), completion: .custom(completeWorkerNames))
    var name: String

    @Flag(help: "Do not wait until it is ready.")
    var noWait = false

    @OptionGroup var sandbox: IsolationOption
    @OptionGroup var engine: EngineOptions

    /// Asks the engine to start the worker by `function`, and tells what came of it.
    ///
    /// - Throws: W-coded errors for a name that is none, no engine, and a worker that ended.
    func start(by function: String, isJSON: Bool, in context: CommandContext) async throws {
        let name = try WorkerName(parsing: name)
        let engine = try RunningEngine.require(engine, about: name, context)
        var request: JSONObject = ["name": .string(name.description), "wait": .bool(!noWait)]
        if let tier = sandbox.isolation { request["isolation"] = .string(tier.rawValue) }
        let state = WorkerState(try await engine.call(function, .object(request), timeout: .seconds(130)))
        if isJSON { context.printer.result(state.json) }
        if noWait { return context.printer.say("\(name) is started") }
        try state.report(name, context.printer)
    }
}
