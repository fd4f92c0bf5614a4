// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import JSONText
import RegistryAPI
import RegistryClient
import WorkerModel
import WorkerOperations

/// `iii worker tag`.
struct WorkerTag: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Point a channel to a version.",
        discussion: """
            With --expect it moves only if nobody else moved it meanwhile; `none` expects that it does not exist yet. \
            --remove takes a channel away.

              iii worker tag text-stats@1.3.0 latest --expect 1.2.0
              iii worker tag text-stats --remove beta
            """
    )

    @Argument(help: ArgumentHelp("The version; the name alone with --remove.", valueName: "name@version"))
    var worker: String

    @Argument(help: "The channel.")
    var channel: String?

    @Option(help: ArgumentHelp("Move only from this version.", valueName: "version|none"))
    var expect: String?

    @Option(help: ArgumentHelp("Remove this channel.", valueName: "channel"))
    var remove: String?

    @OptionGroup var registry: RegistryOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if (channel == nil) == (remove == nil) { throw ValidationError("name a channel to move, or one to --remove") }
        if remove != nil, expect != nil { throw ValidationError("--expect is for moving a channel") }
    }

    func run(in context: CommandContext) async throws {
        if let remove { return try await removeChannel(remove, in: context) }
        let argument = try VersionArgument(worker)
        let channel = try ChannelName(parsing: channel ?? "")
        let expected: ChannelRequest.Expectation =
            switch expect {
            case nil: .anything
            case "none": .unassigned
            case let text?: .version(try SemanticVersion(parsing: text))
            }
        let move = ChannelRequest(version: argument.version, expected: expected)
        let answer = try await context.withRegistry(of: argument.name, try registry.base) { registry in
            try await registry.client.move(channel, of: argument.name, move)
        }
        if output.json {
            let more: JSONObject = ["channel": .string(channel.description), "changed": .bool(answer.hasChanged)]
            return context.printer.result(argument.json(more))
        }
        let words = answer.hasChanged ? "now means" : "meant already"
        context.printer.result("\(argument.name)@\(channel) \(words) \(argument.version)")
    }

    private func removeChannel(_ text: String, in context: CommandContext) async throws {
        let name = try WorkerName(parsing: worker)
        let channel = try ChannelName(parsing: text)
        try await context.withRegistry(of: name, try registry.base) { try await $0.client.remove(channel, of: name) }
        if output.json {
            return context.printer.result(["name": .string(name.description), "removed": .string(channel.description)])
        }
        context.printer.result("removed the channel \(channel) of \(name)")
    }
}
