// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import JSONText
import RegistryClient
import WorkerModel
import WorkerOperations

/// `iii worker yank`.
struct WorkerYank: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "yank",
        abstract: "Keep new users away from a version.",
        discussion: """
            Ranges and `latest` choose it no more. Whoever has it in a lock file, or asks for exactly it, still gets it, with \
            the reason as a warning.

              iii worker yank text-stats@1.2.0 --reason 'counts words twice'
            """
    )

    @Argument(help: ArgumentHelp("The version.", valueName: "name@version"))
    var worker: String

    @Option(help: "What is wrong with it, for its users.")
    var reason: String

    @OptionGroup var registry: RegistryOption
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let argument = try VersionArgument(worker)
        try await context.withRegistry(of: argument.name, try registry.base) {
            try await $0.client.yank(argument.name, argument.version, reason: reason)
        }
        if output.json { return context.printer.result(argument.json(["yanked": true, "reason": .string(reason)])) }
        context.printer.result("yanked \(argument.name) \(argument.version)")
    }
}

/// `iii worker unyank`.
struct WorkerUnyank: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "unyank",
        abstract: "Take a yank back.",
        discussion: """
              iii worker unyank text-stats@1.2.0
            """
    )

    @Argument(help: ArgumentHelp("The version.", valueName: "name@version"))
    var worker: String

    @OptionGroup var registry: RegistryOption
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let argument = try VersionArgument(worker)
        try await context.withRegistry(of: argument.name, try registry.base) {
            try await $0.client.unyank(argument.name, argument.version)
        }
        if output.json { return context.printer.result(argument.json(["yanked": false])) }
        context.printer.result("\(argument.name) \(argument.version) can be chosen again")
    }
}

extension VersionArgument {
    /// Name and version with more members.
    func json(_ more: JSONObject) -> JSONValue {
        var object: JSONObject = ["name": .string(name.description), "version": .string(version.description)]
        for member in more.members { object[member.key] = member.value }
        return .object(object)
    }
}
