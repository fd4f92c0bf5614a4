// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import JSONText
import RegistryAPI
import RegistryClient
import WorkerOperations

/// `iii registry key`: the keys of one's own account.
struct RegistryKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "List, make and revoke the keys of your account.",
        subcommands: [List.self, Create.self, Revoke.self]
    )

    struct List: ContextCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Show the keys of your account, but for their text.",
            discussion: """
                  iii registry key list
                  iii registry key list --json
                """
        )

        @OptionGroup var registry: RegistryOption
        @OptionGroup var output: OutputOptions

        func run(in context: CommandContext) async throws {
            let list = try await context.withRegistry(of: nil, try registry.base) { try await $0.client.keys() }
            if output.json { return context.printer.result(list.json) }
            let rows = list.keys.map { key in
                [
                    key.id ?? "-", key.label.isEmpty ? "-" : key.label, key.scopes.joined(separator: ","),
                    key.names.isEmpty ? "all" : key.names.joined(separator: ","), key.createdAt ?? "-",
                    key.expiresAt ?? "never", key.lastUsedAt ?? "never",
                ].map(\.printable)
            }
            context.printer.table(head: ["ID", "LABEL", "MAY", "NAMES", "MADE", "ENDS", "USED"], rows)
        }
    }

    struct Create: ContextCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Make a key that is good for no more than the one in use, and print it once.",
            discussion: """
                What is left out is taken from the key in use.

                  iii registry key create --label 'release job' --scope publish --name 'acme-*' --expires 2027-01-01
                  iii registry key create --label laptop --json
                """
        )

        @Option(help: "What you call the key.")
        var label = ""

        @Option(
            name: .customLong("scope"),
            help: "What it is good for: publish, yank, tags, owners. Repeat for several."
        )
        var scopes: [String] = []

        @Option(
            name: .customLong("name"),
            help: "A pattern of names of workers that it is good for. Repeat for several."
        )
        var names: [String] = []

        @Option(help: ArgumentHelp("The day on which it ends.", valueName: "date"))
        var expires: String?

        @OptionGroup var registry: RegistryOption
        @OptionGroup var output: OutputOptions

        func run(in context: CommandContext) async throws {
            let request = NewKeyRequest(
                label: label,
                scopes: scopes.isEmpty ? nil : scopes,
                names: names.isEmpty ? nil : names,
                expiresAt: expires
            )
            let answer = try await context.withRegistry(of: nil, try registry.base) {
                try await $0.client.makeKey(request)
            }
            if output.json { return context.printer.result(answer.json) }
            context.printer.result(answer.key.printable)
            context.printer.say("this is the only time that it is shown; `iii registry key list` shows the rest")
        }
    }

    struct Revoke: ContextCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke",
            abstract: "Make a key good for nothing.",
            discussion: """
                  iii registry key revoke 4f2a9c0d11e37b58
                  iii registry key revoke 4f2a9c0d11e37b58 --json
                """
        )

        @Argument(help: "The id that `iii registry key list` shows.")
        var id: String

        @OptionGroup var registry: RegistryOption
        @OptionGroup var output: OutputOptions

        func run(in context: CommandContext) async throws {
            try await context.withRegistry(of: nil, try registry.base) { try await $0.client.revokeKey(id) }
            if output.json { return context.printer.result(["id": .string(id), "revoked": true]) }
            context.printer.result("revoked \(id.printable)")
        }
    }
}
