// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import ProjectFiles
import RegistryAPI
import RegistryClient
import Transport
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
            let base = try RegistryBase(registry, from: "the argument").description
            try await Credentials.change(path) { $0.registry = base }
        }
        let rules = try context.registryRules(of: try Project.find(context.environment))
        let place = rules.fallback
        let base = place.base.description
        if output.json {
            let isLoggedIn = try context.storedCredentials().logins[place.base.loginName] != nil
            return context.printer.result([
                "registry": .string(base), "chosen_by": .string(place.reason.words), "logged_in": .bool(isLoggedIn),
            ])
        }
        context.printer.result(base)
        if context.environment[.apiURL] != nil {
            context.printer.say("warning: `III_API_URL` is set, and wins over what is chosen here")
        } else if place.reason == .project {
            context.printer.say("warning: `registry:` of this project's config.yaml wins over what is chosen here")
        }
        if let url = place.base.url, url.scheme == .http, !rules.insecureOrigins.contains(url.origin), !url.host.isHere
        {
            context.printer.say(
                "warning: \(url.origin) is plain http, which is used beyond this machine only where `insecure: true` stands "
                    + "beside it under `registries:` of ~/.iii/settings.yaml"
            )
        }
    }
}

/// `iii registry trust`.
struct RegistryTrust: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust",
        abstract: "Let this machine use a registry's own addresses.",
        discussion: """
            What a registry in a private network, or on this machine, has to offer is fetched only where its user has named \
            that registry: in `registries:`, with `use` or `login`, or here. It is kept in ~/.iii/credentials. Nothing else is \
            allowed by it: digests are compared as always, and no key is sent.

              iii registry trust https://registry.corp.example
              iii registry trust https://registry.corp.example --undo
            """
    )

    @Argument(help: ArgumentHelp("The root of a registry.", valueName: "url"))
    var registry: String

    @Flag(help: "Trust it no more.")
    var undo = false

    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let base = try RegistryBase(registry, from: "the argument").description
        let path = try IIIHome(context.environment).credentials
        try await Credentials.change(path) { credentials in
            credentials.trusted.removeAll { $0 == base }
            if !undo { credentials.trusted.append(base) }
        }
        if output.json { return context.printer.result(["registry": .string(base), "trusted": .bool(!undo)]) }
        context.printer.result(undo ? "\(base) is trusted no more" : "this machine uses the addresses of \(base)")
    }
}

extension RemoteURL.Host {
    /// Whether the host is this machine, as far as the text tells.
    fileprivate var isHere: Bool {
        switch self {
        case .name(let name): name == "localhost" || name.hasSuffix(".localhost")
        case .address(let address): address.isLoopback
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

    @OptionGroup var option: RegistryOption
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let rules = try context.registryRules(try option.base, of: try Project.find(context.environment))
        let info = try await context.withRegistries(rules) { try await $0.client.account() }
        let registry = rules.fallback.base.description
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
