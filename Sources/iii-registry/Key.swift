// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import JSONText
import RegistryAPI
import RegistryService
import RegistryStorage

/// `iii-registry key`.
struct Key: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Manage the keys of accounts.",
        discussion: "Works on the registry's folder, also while the registry serves.",
        subcommands: [Create.self, List.self, Revoke.self]
    )

    /// `iii-registry key create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key, and the account where it does not exist yet.",
            discussion: """
                Prints the key, alone, on standard output; nobody can ask for it again. Works while the registry serves.

                Examples:
                  iii-registry key create --data ./registry-data --account acme
                  iii-registry key create --account ci --scope publish --name 'acme-*' --expires 90d --label "release job"
                """
        )

        @OptionGroup var data: DataOptions

        @Option(help: "The account that holds the key.")
        var account: String

        @Option(
            help: ArgumentHelp(
                "What the key is good for: publish, yank, tags, owners, admin. Repeat for several.",
                discussion: "Without it, everything but admin."
            )
        )
        var scope: [String] = []

        @Option(
            help: ArgumentHelp(
                "The workers that the key is good for, `*` standing for any characters. Repeat for several.",
                discussion: "Without it, all workers.",
                valueName: "pattern"
            )
        )
        var name: [String] = []

        @Option(
            help: ArgumentHelp(
                "When the key ends: days from now (`90d`), hours (`12h`), a day or a moment of RFC 3339.",
                discussion: "Without it, never.",
                valueName: "when"
            )
        )
        var expires: String?

        @Option(help: "What its holder calls the key.")
        var label: String = ""

        func validate() throws {
            for name in scope where KeyScope(rawValue: name) == nil {
                let known = KeyScope.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("`\(name)` is not a scope: use \(known)")
            }
        }

        func run() async throws {
            let account = try AccountName(parsing: account)
            let scopes = Set(scope.compactMap { KeyScope(rawValue: $0) })
            let patterns = try name.map { try NamePattern(parsing: $0) }
            let end = try expires.map { try KeyExpiry(parsing: $0, now: WallClock.now()).moment }
            let label = label
            let key = try await data.withKeys { keys in
                try await keys.create(
                    for: account,
                    label: label,
                    scopes: scopes.isEmpty ? Keys.standardScopes : scopes,
                    patterns: patterns,
                    expiresAt: end
                )
            }
            Output.result(key.text.exposed)
        }
    }

    /// `iii-registry key list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the keys of an account, or of all.",
            discussion: """
                Shows ids, never keys: nobody can ask for those again.

                Examples:
                  iii-registry key list --data ./registry-data --account acme
                  iii-registry key list --json
                """
        )

        @OptionGroup var data: DataOptions

        @Option(help: "The account; without it, all accounts.") var account: String?
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let account = try account.map { try AccountName(parsing: $0) }
            let keys = try await data.withStore { store in
                try await store.read { session in
                    if let account, try session.account(account) == nil {
                        throw RegistryStorageError.accountNotFound(account)
                    }
                    let accounts = try account.map { [$0] } ?? session.accounts().map(\.name)
                    return try accounts.flatMap { try session.keys(of: $0) }
                }
            }
            if json {
                Output.result(JSONValue.array(keys.map(\.info.json)).text(.sorted))
            } else {
                Output.table(["ID", "ACCOUNT", "SCOPES", "NAMES", "EXPIRES", "LAST USED", "LABEL"], keys.map(Self.row))
            }
        }

        private static func row(_ key: APIKey) -> [String] {
            [
                key.id, key.account.description, key.scopes.map(\.rawValue).sorted().joined(separator: ","),
                key.patterns.isEmpty ? "*" : key.patterns.map(\.description).joined(separator: ","),
                key.expiresAt?.description ?? "never", key.lastUsedAt?.description ?? "never", key.label.printable,
            ]
        }
    }

    /// `iii-registry key revoke`.
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key good for nothing, at once and for ever.",
            discussion: """
                Examples:
                  iii-registry key revoke 4f2a9c0d11e37b58 --data ./registry-data
                """
        )

        @OptionGroup var data: DataOptions

        @Argument(help: "The id of the key, as `iii-registry key list` shows it.") var id: String

        func run() async throws {
            let id = id
            let key = try await data.withKeys { try await $0.revoke(id) }
            Output.say("key \(key.id) of `\(key.account)` is revoked")
        }
    }
}

extension DataOptions {
    fileprivate func withKeys<Value: Sendable>(_ body: @Sendable (Keys) async throws -> Value) async throws -> Value {
        try await withStore { store in
            try await body(Keys(store: store, surroundings: Surroundings(now: WallClock.now)))
        }
    }
}

/// When a key ends, as it is written on the command line.
struct KeyExpiry {
    let moment: Timestamp

    /// Reads `90d`, `12h`, a day or a moment; it has to lie after `now`.
    init(parsing text: String, now: Timestamp) throws {
        let units: [Character: Int64] = ["d": 86_400, "h": 3600]
        if let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
            (1...100_000).contains(count)
        {
            moment = now.adding(.seconds(count * unit))
        } else {
            moment = try Timestamp(parsing: text)
        }
        guard moment > now else { throw ValidationError("`--expires \(text)` is in the past") }
    }
}
