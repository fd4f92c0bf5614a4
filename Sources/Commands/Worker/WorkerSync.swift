// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import ProjectFiles
import WorkerModel
import WorkerOperations

/// `iii worker sync`.
struct WorkerSync: FetchingCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Make what is installed equal to iii.lock.",
        discussion: """
            Fetches what this machine lacks, all kinds of workers, several at a time; config.yaml and iii.lock are not \
            changed. With --frozen nothing is changed at all, and the exit status is 3 where anything is not as iii.lock \
            says.

              iii worker sync
              iii worker sync --frozen
              iii worker sync --resolve
            """
    )

    @Flag(help: "Change nothing; fail where there would be something to change.")
    var frozen = false

    @Flag(help: "First write an iii.lock anew in which a merge has left two versions.")
    var resolve = false

    @OptionGroup var images: ImageOptions
    @OptionGroup var network: NetworkOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if frozen, resolve { throw ValidationError("--resolve writes iii.lock, and --frozen writes nothing") }
    }

    func run(in context: CommandContext) async throws {
        var context = context
        context.layerLimits = images.limits
        let project = try context.project()
        if frozen {
            let drift = try await context.withWorkshop(project) { try await SyncProject($0).frozen() }
            return try render(drift, project, context.printer)
        }
        if resolve {
            let change = try await context.withWorkshop(project) { try await SyncProject($0).resolve() }
            for line in change?.resultLines(isDryRun: false) ?? [] { context.printer.say(line) }
            if change == nil { context.printer.say("iii.lock holds no merge conflict") }
        }
        let outcome = try await context.withWorkshop(project) { try await SyncProject($0).run() }
        try render(outcome, context.printer)
    }

    private func render(_ drift: [Drift], _ project: Project, _ printer: Printer) throws {
        if drift.isEmpty {
            return output.json
                ? printer.result(["ok": true, "drift": []]) : printer.result("everything is as iii.lock says")
        }
        let error = ProjectDrifted(items: drift, lockfile: project.lockfilePath)
        if output.json { printer.result(ErrorRendering.envelope(ErrorReport(error))) }
        printer.say("error: [\(error.code.rawValue)] \(error.message.printable)")
        for item in drift { printer.say("  \(item.line.printable)") }
        for fix in error.hints { printer.say("fix: \(fix.printable)") }
        printer.say("docs: docs/errors.md#\(error.code.rawValue.lowercased())")
        throw ExitCode(error.code.exitStatus)
    }

    private func render(_ outcome: SyncProject.Outcome, _ printer: Printer) throws {
        if output.json {
            printer.result(outcome.json)
        } else {
            for worker in outcome.workers {
                guard let verb = worker.fate.verb else { continue }
                printer.result("\(verb) \(worker.name) \(worker.version)".printable)
            }
            printer.result(outcome.summary)
        }
        guard !outcome.failures.isEmpty else { return }
        var status: Int32 = 1
        for error in outcome.failures.reversed() { status = ErrorRendering.report(error, to: printer, json: false) }
        throw ExitCode(status)
    }
}

extension SyncProject.Fate {
    fileprivate var label: String {
        switch self {
        case .installed: "installed"
        case .alreadyCurrent: "already_current"
        case .repaired: "repaired"
        case .skipped: "skipped"
        case .failed: "failed"
        }
    }

    /// What is worth a line of its own.
    fileprivate var verb: String? {
        switch self {
        case .installed, .repaired: label
        case .failed: "failed"
        case .alreadyCurrent, .skipped: nil
        }
    }

    fileprivate var reason: String? {
        switch self {
        case .skipped(let reason): reason
        case .failed(let error): ErrorReport(error).message
        case .installed, .alreadyCurrent, .repaired: nil
        }
    }
}

extension SyncProject.Outcome {
    private static let labels = ["installed", "already_current", "repaired", "skipped", "failed"]

    private func count(_ label: String) -> Int { workers.count { $0.fate.label == label } }

    fileprivate var summary: String {
        Self.labels.map { label in
            "\(String(label.map { $0 == "_" ? " " : $0 })): \(count(label))"
        }.joined(separator: ", ")
    }

    fileprivate var json: JSONValue {
        var object = JSONObject(Self.labels.map { ($0, .number(JSONNumber(count($0)))) })
        object["workers"] = .array(
            workers.map { worker in
                [
                    "name": .string(worker.name.description), "version": .string(worker.version),
                    "status": .string(worker.fate.label), "reason": worker.fate.reason.map(JSONValue.string) ?? .null,
                ]
            }
        )
        return .object(object)
    }
}
