// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import RegistryAPI
import WorkerModel
import WorkerOperations

/// `iii worker outdated`.
struct WorkerOutdated: FetchingCommand {
    static let configuration = CommandConfiguration(
        commandName: "outdated",
        abstract: "Show which workers have newer versions.",
        discussion: """
            WANTED is what `iii worker update` would install; LATEST may lie beyond what was asked for. A worker whose \
            current version is yanked or deprecated is shown too, with the reason under NOTES.

              iii worker outdated
              iii worker outdated --all --json
            """
    )

    @Flag(help: "Show the workers that are up to date too.")
    var all = false

    @OptionGroup var network: NetworkOptions
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let outcome = try await context.withWorkshop(try context.project()) {
            try await OutdatedWorkers($0).run(all: all)
        }
        render(outcome, context.printer)
        try context.report(outcome.failures)
    }

    private func render(_ outcome: OutdatedWorkers.Outcome, _ printer: Printer) {
        let rows = outcome.rows
        if output.json { return printer.result(["workers": .array(rows.map(\.json))]) }
        if rows.isEmpty { return printer.say("every worker is at its latest version") }
        let origins = RegistryColumn(rows.map(\.registry), usual: outcome.firstRegistry)
        let head = ["NAME", "CURRENT", "WANTED", "LATEST", "ASKED FOR"] + origins.head + ["NOTES"]
        printer.table(head: head, rows.map { $0.cells + origins.cell($0.registry) + [$0.notes.cell.printable] })
    }
}

extension OutdatedWorkers.Row {
    fileprivate var cells: [String] {
        let nothing = isUnknown ? "?" : "-"
        return [name.description, current, wanted ?? nothing, latest ?? nothing, selector?.description ?? "-"]
            .map(\.printable)
    }

    fileprivate var json: JSONValue {
        [
            "name": .string(name.description), "current": .string(current),
            "wanted": wanted.map(JSONValue.string) ?? .null, "latest": latest.map(JSONValue.string) ?? .null,
            "selector": selector.map { .string($0.description) } ?? .null, "outdated": .bool(isOutdated),
            "notes": .array(notes.map(\.json)), "registry": registry.map(JSONValue.string) ?? .null,
            "reached": .bool(!isUnknown),
        ]
    }
}
