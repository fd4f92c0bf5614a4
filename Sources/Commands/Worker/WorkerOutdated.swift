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
        let rows = try await context.withWorkshop(try context.project()) {
            try await OutdatedWorkers($0).run(all: all)
        }
        if output.json { return context.printer.result(["workers": .array(rows.map(\.json))]) }
        if rows.isEmpty { return context.printer.say("every worker is at its latest version") }
        let head = ["NAME", "CURRENT", "WANTED", "LATEST", "ASKED FOR", "NOTES"]
        context.printer.table(head: head, rows.map(\.cells))
    }
}

extension OutdatedWorkers.Row {
    fileprivate var cells: [String] {
        [name.description, current, wanted ?? "-", latest ?? "-", selector?.description ?? "-", notes.cell]
            .map(\.printable)
    }

    fileprivate var json: JSONValue {
        [
            "name": .string(name.description), "current": .string(current),
            "wanted": wanted.map(JSONValue.string) ?? .null, "latest": latest.map(JSONValue.string) ?? .null,
            "selector": selector.map { .string($0.description) } ?? .null, "outdated": .bool(isOutdated),
            "notes": .array(notes.map(\.json)),
        ]
    }
}
