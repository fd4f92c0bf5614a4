// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import Resolution
import SystemPackage
import WorkerOperations

/// How a plan is shown, allowed and carried out.
struct PlanOptions: ParsableArguments, Sendable {
    @Flag(help: "Show what would be done, and change nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Do not ask, however many workers would be installed.")
    var yes = false

    @Flag(help: "Grant what workers ask to call: it is written as `may_call:` into their entries.")
    var allowCalls = false

    @Option(help: "How deep workers may need each other.")
    var maxDepth = DependencyGraph.Limits.standard.depth

    @Option(help: "How many workers may come along.")
    var maxWorkers = DependencyGraph.Limits.standard.workers

    func validate() throws {
        if maxDepth < 0 || maxWorkers < 0 { throw ValidationError("--max-depth and --max-workers are not negative") }
    }

    var limits: DependencyGraph.Limits { DependencyGraph.Limits(depth: maxDepth, workers: maxWorkers) }

    func options(_ printer: Printer) -> ChangeOptions {
        var options = ChangeOptions()
        options.isDryRun = dryRun
        let (isAllowed, canAsk) = (yes, printer.canAsk)
        options.consent = { change in
            if isAllowed { return }
            guard canAsk else { throw LargePlanUnasked(workers: change.plan.changes.count) }
            try await printer.confirm("\(change.plan.changes.count) workers will be installed. Go on?")
        }
        let grantsCalls = allowCalls
        options.grant = { wishes in
            if grantsCalls { return }
            guard canAsk else { throw CallsNotGranted(wishes: wishes) }
            for wish in wishes { printer.say("\(wish.name) \(wish.sentence)".printable) }
            try await printer.confirm("May \(wishes.count == 1 ? "it" : "they")?")
        }
        return options
    }
}

/// A large plan, and nobody to ask.
///
/// W104.
struct LargePlanUnasked: CodedError {
    let workers: Int

    var code: ErrorCode { .consentRequired }
    var message: String { "\(workers) workers would be installed, and there is nobody to ask whether they should" }
    var hints: [String] { ["look at them with `--dry-run`, then allow them with `--yes`"] }
    var details: [(key: String, value: String)] { [("workers", String(workers))] }
}

/// A large plan that its user does not want.
///
/// W170.
struct PlanDeclined: CodedError {
    var code: ErrorCode { .cancelled }
    var message: String { "the plan was declined; nothing was changed" }
}
