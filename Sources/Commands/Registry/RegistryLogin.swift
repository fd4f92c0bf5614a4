// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
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
            With --username it is the password for a registry of images.

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
        if let username, let registry {
            name = registry
            login = Credentials.Login(account: username, secret: try await secret("password for \(username)", context))
        } else {
            let choice = try RegistryChoice(context.environment, named: registry)
            guard choice.base.url != nil else { throw NoLogin(registry: choice.base.description) }
            name = choice.base.loginName
            let key = try await secret("key for \(name)", context)
            login = Credentials.Login(account: try await account(of: key, choice, context), secret: key)
        }
        let path = try IIIHome(context.environment).credentials
        try await Credentials.change(path) { $0.logins[name] = login }
        if output.json {
            let account = login.account.map(JSONValue.string) ?? .null
            return context.printer.result(["registry": .string(name), "account": account, "path": .string(path.string)])
        }
        context.printer.result("logged in to \(name)" + (login.account.map { " as \($0.printable)" } ?? ""))
        if context.environment[.apiKey] != nil {
            context.printer.say("warning: `III_API_KEY` is set, and wins over the key that was stored")
        }
    }

    /// The account behind a key; nil where the registry does not tell, or is not asked.
    private func account(
        of key: Redacted<String>,
        _ choice: RegistryChoice,
        _ context: CommandContext
    ) async throws
        -> String?
    {
        if noCheck { return nil }
        return try await context.withRegistry(choice.with(key: key)) { try await $0.client.account() }?.account
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
            let name = try RegistryChoice(context.environment, named: registry).base.loginName
            if stored[name] != nil { names = [name] }
        }
        let gone = names
        if !gone.isEmpty { try await Credentials.change(path) { for name in gone { $0.logins[name] = nil } } }
        if output.json { return context.printer.result(["logged_out": .array(gone.map(JSONValue.string))]) }
        for name in gone { context.printer.result("logged out of \(name)") }
        if gone.isEmpty { context.printer.say("no key was stored") }
    }
}

extension RegistryChoice {
    /// The same registry, with another key.
    func with(key: Redacted<String>) -> RegistryChoice { RegistryChoice(base: base, isConfigured: true, key: key) }
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
