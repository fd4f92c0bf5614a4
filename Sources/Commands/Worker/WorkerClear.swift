// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import SystemPackage
import WorkerModel
import WorkerOperations

/// `iii worker clear`.
struct WorkerClear: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear",
        abstract: "Remove what is installed and no project or running worker needs.",
        discussion: """
            What a lock file of a project on this machine names stays, and so does what a process uses. Everything that is \
            removed can be fetched again.

              iii worker clear --dry-run
              iii worker clear pdfkit
              iii worker clear --all
            """
    )

    @Argument(
        help: ArgumentHelp("Only what was installed for these workers.", valueName: "name"),
        completion: .custom(completeLockedNames)
    )
    var names: [String] = []

    @Flag(help: "Empty the caches too.")
    var all = false

    @Flag(help: "Show what would be removed, and remove nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Accepted for scripts; nothing is asked.")
    var yes = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if all, !names.isEmpty { throw ValidationError("--all is for everything: leave the names out") }
    }

    func run(in context: CommandContext) async throws {
        var request = ClearStore.Request()
        request.names = try names.map { try WorkerName(parsing: $0) }
        request.includesCaches = all
        request.isDryRun = dryRun
        let outcome = try await ClearStore(home: try IIIHome(context.environment)).run(request)
        if output.json { return context.printer.result(outcome.json) }
        context.printer.table(outcome.items.map { $0.cells(isDryRun: dryRun) })
        if outcome.layers > .zero {
            context.printer.result("\(dryRun ? "would remove" : "removed") layers of images  \(outcome.layers)")
        }
        if outcome.caches > .zero {
            context.printer.result("\(dryRun ? "would empty" : "emptied") the caches  \(outcome.caches)")
        }
        context.printer.result("\(dryRun ? "would free" : "freed") \(outcome.freed)")
    }
}

extension ClearStore.Item {
    fileprivate func cells(isDryRun: Bool) -> [String] {
        let what = [(name ?? "?").printable, digest.abbreviated, size.description]
        return switch reason {
        case .removed: [isDryRun ? "would remove" : "removed"] + what
        case .neededBy(let project): ["kept"] + what + ["needed by \(project.string.printable)"]
        case .running: ["kept"] + what + ["running"]
        case .base: ["kept"] + what + ["base image"]
        }
    }

    fileprivate var json: JSONValue {
        let (state, project): (String, String?) =
            switch reason {
            case .removed: ("removed", nil)
            case .neededBy(let project): ("needed", project.string)
            case .running: ("running", nil)
            case .base: ("base", nil)
            }
        return [
            "name": name.map(JSONValue.string) ?? .null, "sha256": .string(digest.description),
            "size": .number(JSONNumber(size.bytes)), "state": .string(state),
            "project": project.map(JSONValue.string) ?? .null,
        ]
    }
}

extension ClearStore.Outcome {
    fileprivate var json: JSONValue {
        [
            "dry_run": .bool(isDryRun), "items": .array(items.map(\.json)),
            "freed_bytes": .number(JSONNumber(freed.bytes)), "cache_bytes": .number(JSONNumber(caches.bytes)),
            "layer_bytes": .number(JSONNumber(layers.bytes)),
        ]
    }
}
