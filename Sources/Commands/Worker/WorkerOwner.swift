// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import JSONText
import RegistryAPI
import RegistryClient
import WorkerModel
import WorkerOperations

/// `iii worker owner`.
struct WorkerOwner: ContextCommand {
    enum Action: String, ExpressibleByArgument, CaseIterable, Sendable {
        case add, remove, list
    }

    static let configuration = CommandConfiguration(
        commandName: "owner",
        abstract: "Show and change the accounts that own a worker.",
        discussion: """
            Owners publish, yank, move channels and choose owners. The last one cannot be removed.

              iii worker owner list text-stats
              iii worker owner add text-stats acme
            """
    )

    @Argument(help: "add, remove or list.")
    var action: Action

    @Argument(help: ArgumentHelp("The worker.", valueName: "name"))
    var name: String

    @Argument(help: "The account to add or remove.")
    var account: String?

    @OptionGroup var registry: RegistryOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if action == .list, account != nil { throw ValidationError("`list` takes no account") }
        if action != .list, account == nil { throw ValidationError("name the account to \(action.rawValue)") }
    }

    func run(in context: CommandContext) async throws {
        let name = try WorkerName(parsing: name)
        let owners = try await context.withRegistry(of: name, try registry.base) { registry in
            switch (action, account) {
            case (.add, let account?): try await registry.client.addOwner(account, of: name)
            case (.remove, let account?): try await registry.client.removeOwner(account, of: name)
            default: break
            }
            return try await registry.client.owners(of: name)
        }
        if output.json {
            let names = owners.owners.map(JSONValue.string)
            return context.printer.result(["name": .string(name.description), "owners": .array(names)])
        }
        for owner in owners.owners { context.printer.result(owner.printable) }
    }
}
