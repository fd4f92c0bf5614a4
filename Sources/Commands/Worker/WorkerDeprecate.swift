// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import JSONText
import RegistryAPI
import RegistryClient
import WorkerModel
import WorkerOperations

/// `iii worker deprecate`.
struct WorkerDeprecate: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "deprecate",
        abstract: "Tell the users of a worker to leave it.",
        discussion: """
            Nothing stops working; `add`, `outdated` and the registry's pages show the message. --undo takes it back.

              iii worker deprecate text-stats --message 'no longer kept up' --replacement text-numbers
              iii worker deprecate text-stats --versions '<2' --message 'move to 2'
              iii worker deprecate text-stats --undo
            """
    )

    @Argument(help: ArgumentHelp("The worker.", valueName: "name"))
    var name: String

    @Option(help: "What its users should know.")
    var message: String?

    @Option(help: "Only these versions, a range.")
    var versions: String?

    @Option(help: "The worker to use instead.")
    var replacement: String?

    @Flag(help: "Take the deprecation back.")
    var undo = false

    @OptionGroup var registry: RegistryOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard undo else {
            if (message ?? "").isEmpty { throw ValidationError("say with --message what users should know") }
            return
        }
        if message != nil || replacement != nil { throw ValidationError("--undo takes no message and no replacement") }
    }

    func run(in context: CommandContext) async throws {
        let name = try WorkerName(parsing: name)
        let request = DeprecateRequest(
            message: undo ? "" : message ?? "",
            replacement: try replacement.map { try WorkerName(parsing: $0) },
            versions: try versions.map { try VersionRequirement(parsing: $0).description }
        )
        try await context.withRegistry(of: name, try registry.base) { try await $0.client.deprecate(name, request) }
        if output.json {
            return context.printer.result(["name": .string(name.description), "deprecated": .bool(!undo)])
        }
        context.printer.result(undo ? "\(name) is no longer deprecated" : "deprecated \(name)")
    }
}
