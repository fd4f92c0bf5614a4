// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import RegistryAPI
import RegistryClient
import WorkerOperations

/// `iii registry use`.
struct RegistryUse: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "use",
        abstract: "Choose the registry that commands talk to.",
        discussion: """
            The choice is kept in ~/.iii/credentials. `III_API_URL` wins over it. Without a URL the choice is shown; \
            --default takes it back.

              iii registry use https://registry.example
              iii registry use --default
            """
    )

    @Argument(help: ArgumentHelp("The root of a registry.", valueName: "url"))
    var registry: String?

    @Flag(name: .customLong("default"), help: "Use the built-in registry again.")
    var usesDefault = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if usesDefault, registry != nil { throw ValidationError("name a registry, or pass --default") }
    }

    func run(in context: CommandContext) async throws {
        let path = try IIIHome(context.environment).credentials
        if usesDefault {
            try await Credentials.change(path) { $0.registry = nil }
        } else if let registry {
            let base = try RegistryBase(registry).description
            try await Credentials.change(path) { $0.registry = base }
        }
        let choice = try RegistryChoice(context.environment)
        let base = choice.base.description
        if output.json {
            return context.printer.result(["registry": .string(base), "logged_in": .bool(choice.key != nil)])
        }
        context.printer.result(base)
        if context.environment[.apiURL] != nil {
            context.printer.say("warning: `III_API_URL` is set, and wins over what is chosen here")
        }
    }
}

/// `iii registry whoami`.
struct RegistryWhoAmI: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami",
        abstract: "Show the account of the key in use, and what it may do.",
        discussion: """
              iii registry whoami
              iii registry whoami --json
            """
    )

    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let choice = try RegistryChoice(context.environment)
        let info = try await context.withRegistry(choice) { try await $0.client.account() }
        let registry = choice.base.description
        if output.json {
            var answer: JSONObject = ["registry": .string(registry)]
            if case .object(let object)? = info?.json {
                for member in object.members { answer[member.key] = member.value }
            }
            return context.printer.result(.object(answer))
        }
        guard let info else { return context.printer.result("\(registry) has this key, and does not tell whose it is") }
        let label = info.label.isEmpty ? "" : " (key `\(info.label.printable)`)"
        context.printer.result("\(info.account.printable)\(label) at \(registry)")
        if !info.scopes.isEmpty {
            context.printer.result("may: \(info.scopes.map(\.printable).joined(separator: ", "))")
        }
        if let end = info.expiresAt { context.printer.result("until: \(end.printable)") }
    }
}
