// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryDatabase
import Diagnostics
import ArgumentParser
import HostSystem
import RegistryService
import RegistryStorage

/// `iii-registry key`.
struct Key: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Manage the keys of accounts.",
        subcommands: [Create.self]
    )

    /// `iii-registry key create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key, and the account where it does not exist yet.",
            discussion: """
                Prints the key, alone, on standard output; nobody can ask for it again. Works while the registry serves.

                Examples:
                  iii-registry key create --data ./registry-data --account acme
                  iii-registry key create --data ./registry-data --account ci --scope publish --label "release job"
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
            let folder = try DataFolder.existing(data.path(in: try HostEnvironment.live()))
            let keys = Keys(store: folder.store, surroundings: Surroundings(now: WallClock.now))
            let key = try await keys.create(
                for: account,
                label: label,
                scopes: scopes.isEmpty ? Keys.standardScopes : scopes
            )
            try await folder.store.close()
            Output.result(key.text.exposed)
        }
    }
}
