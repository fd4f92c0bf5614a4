// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import ProjectFiles
import RegistryAPI
import RegistryClient
import SystemPackage
import WorkerModel
import WorkerOperations

/// `iii registry login`.
struct RegistryLogin: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Store the key of an account at a registry.",
        discussion: """
            The key is asked for, or read from a pipe; it is never an argument, where other users of the machine could see \
            it. The registry is asked whose key it is before it is stored in ~/.iii/credentials, which only you can read. \
            With --username it is the password for a registry of images. Where no registry is chosen yet, the first login \
            chooses the one that it names.

              iii registry login
              iii registry login https://registry.example < key.txt
              echo $TOKEN | iii registry login ghcr.io --username acme
            """
    )

    @Argument(help: ArgumentHelp("The registry; without it, the one that is in use.", valueName: "url"))
    var registry: String?

    @Option(help: "The user name at a registry of images.")
    var username: String?

    @Flag(help: "Store the key without asking the registry.")
    var noCheck = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if username != nil, registry == nil {
            throw ValidationError("--username is for a registry of images: name its host")
        }
    }

    func run(in context: CommandContext) async throws {
        let login: Credentials.Login
        let name: String
        var chosen = false
        if let username, let registry {
            name = registry
            login = Credentials.Login(account: username, secret: try await secret("password for \(username)", context))
        } else {
            let rules = try context.registryRules(
                try base,
                of: try registry == nil ? Project.find(context.environment) : nil
            )
            let place = rules.fallback
            guard place.base.url != nil else { throw NoLogin(registry: place.base.description) }
            name = place.base.loginName
            let text = try await secret("key for \(name)", context)
            let key = try RegistryKeyText.read(text.exposed, from: "what was given")
            login = Credentials.Login(account: try await account(of: key, rules, context), secret: key)
            if registry != nil { chosen = try await choose(place.base, rules, context) }
        }
        let path = try IIIHome(context.environment).credentials
        try await Credentials.change(path) { $0.logins[name] = login }
        if output.json {
            let account = login.account.map(JSONValue.string) ?? .null
            return context.printer.result([
                "registry": .string(name), "account": account, "path": .string(path.string), "chosen": .bool(chosen),
            ])
        }
        context.printer.result("logged in to \(name)" + (login.account.map { " as \($0.printable)" } ?? ""))
        if chosen {
            context.printer.say(
                "no registry was chosen: commands talk to \(name) now (`iii registry use` changes that)"
            )
        }
        if context.environment[.apiKey] != nil {
            context.printer.say("warning: `III_API_KEY` is set, and wins over the key that was stored")
        }
    }

    /// The registry that the command line names.
    private var base: RegistryBase? {
        get throws { try registry.map { try RegistryBase($0, from: "the argument") } }
    }

    /// Makes a registry the one that commands talk to, where nothing has chosen one yet.
    ///
    /// - Returns: whether it did.
    private func choose(_ base: RegistryBase, _ rules: RegistryRules, _ context: CommandContext) async throws -> Bool {
        var others = rules
        others.option = nil
        let isOpen = others.fallback.reason == .standard && rules.list.entries.isEmpty && base != rules.standard
        guard isOpen else { return false }
        let text = base.description
        try await Credentials.change(try IIIHome(context.environment).credentials) { $0.registry = text }
        return true
    }

    /// The account behind a key; nil where the registry does not tell, or is not asked.
    private func account(
        of key: Redacted<String>,
        _ rules: RegistryRules,
        _ context: CommandContext
    ) async throws
        -> String?
    {
        if noCheck { return nil }
        return try await context.withRegistries(rules, key: key) { try await $0.client.account() }?.account
    }

    private func secret(_ what: String, _ context: CommandContext) async throws -> Redacted<String> {
        let text: String?
        if Terminal.isInteractive(.standardInput) {
            context.printer.ask("\(what): ")
            defer { context.printer.say("") }
            text = try await Terminal.readSecret()
        } else {
            text = try Terminal.readLine(from: .standardInput, upTo: .kibibytes(4))
        }
        let trimmed = text?.filter { $0 != " " && $0 != "\t" } ?? ""
        if trimmed.isEmpty { throw NoKeyGiven() }
        return Redacted(trimmed)
    }
}

/// `iii registry logout`.
struct RegistryLogout: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "Forget the key of a registry.",
        discussion: """
            The key stays valid at the registry; revoke it there if somebody else may have it.

              iii registry logout
              iii registry logout --all
            """
    )

    @Argument(help: ArgumentHelp("The registry; without it, the one that is in use.", valueName: "url"))
    var registry: String?

    @Flag(help: "Forget every key.")
    var all = false

    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let path = try IIIHome(context.environment).credentials
        let stored = try Credentials(reading: path).logins
        var names: [String] = []
        if all {
            names = stored.keys.sorted()
        } else if let registry, stored[registry] != nil {
            names = [registry]
        } else {
            let base = try registry.map { try RegistryBase($0, from: "the argument") }
            let project = try base == nil ? Project.find(context.environment) : nil
            let name = try context.registryRules(base, of: project).fallback.base.loginName
            if stored[name] != nil { names = [name] }
        }
        let gone = names
        if !gone.isEmpty { try await Credentials.change(path) { for name in gone { $0.logins[name] = nil } } }
        if output.json { return context.printer.result(["logged_out": .array(gone.map(JSONValue.string))]) }
        for name in gone { context.printer.result("logged out of \(name)") }
        if gone.isEmpty { context.printer.say("no key was stored") }
    }
}

/// A file in the place of a registry, which has no accounts.
struct NoLogin: CodedError {
    let registry: String

    var code: ErrorCode { .badPayload }
    var message: String { "`\(registry.printable)` is a file, which has no accounts" }
    var hints: [String] { ["name a registry: `iii registry login https://…`"] }
}

/// Nothing was typed, and nothing came from the pipe.
struct NoKeyGiven: CodedError {
    var code: ErrorCode { .unauthorized }
    var message: String { "no key was given" }
    var hints: [String] { ["type it when asked, or send it through a pipe: `iii registry login < key.txt`"] }
}
