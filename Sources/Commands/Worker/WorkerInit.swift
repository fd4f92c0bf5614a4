// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import SystemPackage
import WorkerModel
import WorkerOperations

/// `iii worker init`.
struct WorkerInit: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Begin the project of a worker.",
        discussion: """
            The project can be checked, published and called as it is, and needs nothing but its language. Without a name \
            the worker is named after the folder. Files that are there already stay as they are.

              iii worker init text-stats -l python
              iii worker init pdf-tools -d workers/pdf -l swift
            """
    )

    @Argument(help: ArgumentHelp("The name of the worker, and of the folder without --directory.", valueName: "name"))
    var name: String?

    @Option(name: .shortAndLong, help: "The folder, where it is not the name.", completion: .directory)
    var directory: String?

    @Option(name: .shortAndLong, help: "python, typescript, javascript, rust or swift.")
    var language: ProjectLanguage

    @Flag(help: "Write into a folder that is not empty.")
    var allowNonEmpty = false

    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let folder = context.environment.absolute(directory ?? name ?? ".")
        var request = InitWorker.Request(folder: folder, language: language)
        request.allowsOthers = allowNonEmpty
        // A path such as `workers/pdf` names its folder, and the worker after it.
        request.name = directory == nil ? nil : name
        let outcome = try InitWorker(host: context.host).run(request)
        if output.json { return context.printer.result(outcome.json) }
        let shown = folder.shown(from: context.environment.currentDirectory)
        for file in outcome.written { context.printer.result("wrote \(shown)/\(file)") }
        for file in outcome.kept { context.printer.say("kept \(shown)/\(file)") }
        if let command = language.buildCommand { context.printer.say("hint: build it in `\(shown)` with `\(command)`") }
        context.printer.say("hint: `iii worker check \(shown)` checks it, `iii worker publish \(shown)` publishes it")
    }
}

extension ProjectLanguage: ExpressibleByArgument {
    package init?(argument: String) { self.init(named: argument) }
}

extension InitWorker.Outcome {
    fileprivate var json: JSONValue {
        [
            "name": .string(name.description), "path": .string(folder.string),
            "written": .array(written.map(JSONValue.string)), "kept": .array(kept.map(JSONValue.string)),
        ]
    }
}
