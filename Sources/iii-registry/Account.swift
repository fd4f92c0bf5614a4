// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import JSONText
import RegistryService
import RegistryStorage

/// `iii-registry account`.
struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account",
        abstract: "Manage the accounts that hold keys and own workers.",
        discussion: "Works on the registry's folder, also while the registry serves.",
        subcommands: [Create.self, List.self, Suspend.self, Resume.self]
    )

    /// `iii-registry account create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an account without keys.",
            discussion: """
                Examples:
                  iii-registry account create acme --data ./registry-data
                """
        )

        @OptionGroup var data: DataOptions

        @Argument(help: "Lower-case letters, digits, `-` and `_`.")
        var name: String

        func run() async throws {
            let name = try AccountName(parsing: name)
            try await data.withAccounts { try await $0.create(name) }
            Output.say("account `\(name)` made; `iii-registry key create --account \(name)` makes a key for it")
        }
    }

    /// `iii-registry account list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the accounts.",
            discussion: """
                Examples:
                  iii-registry account list --data ./registry-data
                  iii-registry account list --json
                """
        )

        @OptionGroup var data: DataOptions

        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let accounts = try await data.withAccounts { try await $0.list() }
            if json {
                Output.result(JSONValue.array(accounts.map { Self.json($0.account, $0.goodKeys) }).text())
            } else {
                let rows = accounts.map { account, keys in
                    [
                        account.name.description, account.createdAt.description, "\(keys)",
                        account.suspendedAt.map { "suspended since \($0)" } ?? "",
                    ]
                }
                Output.table(["ACCOUNT", "MADE", "GOOD KEYS", ""], rows)
            }
        }

        private static func json(_ account: Account, _ goodKeys: Int) -> JSONValue {
            [
                "created_at": .string(account.createdAt.description), "good_keys": .number(JSONNumber(goodKeys)),
                "name": .string(account.name.description),
                "suspended_at": account.suspendedAt.map { .string($0.description) } ?? .null,
            ]
        }
    }

    /// `iii-registry account suspend`.
    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuse every key of an account, until it is resumed.",
            discussion: """
                Its workers stay, and everybody can read and install them.

                Examples:
                  iii-registry account suspend mallory --data ./registry-data
                """
        )

        @OptionGroup var data: DataOptions

        @Argument(help: "The account.") var name: String

        func run() async throws {
            let name = try AccountName(parsing: name)
            try await data.withAccounts { try await $0.setSuspended(true, name) }
            Output.say("account `\(name)` is suspended")
        }
    }

    /// `iii-registry account resume`.
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take the keys of a suspended account again.",
            discussion: """
                Examples:
                  iii-registry account resume mallory --data ./registry-data
                """
        )

        @OptionGroup var data: DataOptions

        @Argument(help: "The account.") var name: String

        func run() async throws {
            let name = try AccountName(parsing: name)
            try await data.withAccounts { try await $0.setSuspended(false, name) }
            Output.say("account `\(name)` is resumed")
        }
    }
}

extension DataOptions {
    fileprivate func withAccounts<Value: Sendable>(
        _ body: @Sendable (Accounts) async throws -> Value
    ) async throws -> Value {
        try await withStore { store in
            try await body(Accounts(store: store, surroundings: Surroundings(now: WallClock.now)))
        }
    }
}
