// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import ArgumentParser
import HostSystem
import JSONText
import ProjectFiles
import WorkerModel
import WorkerOperations

/// `iii worker list`.
struct WorkerList: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the workers of the project.",
        discussion: """
            A worker that is not marked as asked for is there because others need it.

              iii worker list
              iii worker list --json
            """
    )

    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let rows = try ListWorkers(project: try context.project(), installation: try context.installation()).run()
        if output.json { return context.printer.result(["workers": .array(rows.map(\.json))]) }
        if rows.isEmpty { return context.printer.say("the project has no workers; `iii worker add NAME` adds one") }
        let cells = [["NAME", "VERSION", "KIND", "ASKED FOR", "INSTALLED"]] + rows.map(\.cells)
        for line in TextTable.lines(cells) { context.printer.result(line) }
    }
}

extension ListWorkers.Row {
    fileprivate var cells: [String] {
        let installed = isInstalled.map { $0 ? "yes" : "no" } ?? "-"
        return [name.description, version ?? "-", kind ?? "-", selector?.description ?? "-", installed].map(\.printable)
    }

    fileprivate var json: JSONValue {
        [
            "name": .string(name.description), "version": version.map(JSONValue.string) ?? .null,
            "kind": kind.map(JSONValue.string) ?? .null, "selector": selector.map { .string($0.description) } ?? .null,
            "installed": isInstalled.map(JSONValue.bool) ?? .null,
        ]
    }
}
