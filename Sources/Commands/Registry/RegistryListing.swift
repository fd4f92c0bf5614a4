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
import WorkerModel
import WorkerOperations

/// `iii registry list`.
struct RegistryListing: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the registries that commands here know, and which names are theirs.",
        discussion: """
            A name belongs to the first registry with a pattern that fits it; what fits none goes to the one that is marked \
            with `the rest`. All of them are asked whether they answer.

              iii registry list
              iii registry list --offline --json
            """
    )

    @Flag(help: "Ask no registry whether it answers.")
    var offline = false

    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let rules = try context.registryRules(of: try Project.find(context.environment))
        var rows = try rows(rules, context)
        if !offline { try await reach(&rows, rules, context) }
        if output.json { return context.printer.result(["registries": .array(rows.map(\.json))]) }
        let head = ["NAME", "URL", "PATTERNS", "LOGGED IN", "REACHED", "CHOSEN BY"]
        context.printer.table(head: head, rows.map(\.cells))
    }

    /// In the order in which they are asked whether a name is theirs, those that are only trusted behind.
    private func rows(_ rules: RegistryRules, _ context: CommandContext) throws -> [Row] {
        let logins = try context.storedCredentials().logins
        func row(_ base: RegistryBase, _ name: String?, _ patterns: [String], _ reason: String) -> Row {
            let login = logins[base.loginName]
            return Row(
                place: ChosenRegistry(base, .standard),
                name: name,
                patterns: patterns,
                isLoggedIn: login != nil,
                account: login?.account,
                reason: reason
            )
        }
        var rows = rules.list.entries.map { entry in
            row(
                RegistryBase(entry.url),
                entry.name.description,
                entry.patterns.map(\.description),
                "`registries:` of \(entry.file.rawValue)"
            )
        }
        if !rules.list.entries.contains(where: { $0.patterns.contains(.any) }) {
            let rest = rules.fallback
            rows.append(row(rest.base, nil, ["the rest"], rest.reason.words))
        }
        for base in rules.trusted where !rows.contains(where: { $0.place.base == base }) {
            rows.append(row(base, nil, [], logins[base.loginName] != nil ? "login" : "`iii registry trust`"))
        }
        return rows
    }

    private func reach(_ rows: inout [Row], _ rules: RegistryRules, _ context: CommandContext) async throws {
        let places = rows.map(\.place)
        let results = try await context.withRegistries(rules) { registry in
            await withTaskGroup(of: (Int, ErrorReport?).self) { group in
                for (index, place) in places.enumerated() {
                    group.addTask {
                        var question = ListQuestion()
                        question.pageSize = 1
                        do {
                            _ = try await registry.at(place).client.list(question)
                            return (index, nil)
                        } catch { return (index, ErrorReport(error)) }
                    }
                }
                return await group.reduce(into: [Int: ErrorReport?]()) { $0[$1.0] = $1.1 }
            }
        }
        try Task.checkCancellation()
        for (index, failure) in results {
            rows[index].isReached = failure == nil
            rows[index].failure = failure.map { "[\($0.code.rawValue)] \($0.message)" }
        }
    }
}

extension RegistryListing {
    /// One registry.
    fileprivate struct Row: Sendable {
        let place: ChosenRegistry
        let name: String?
        let patterns: [String]
        let isLoggedIn: Bool
        let account: String?
        let reason: String
        /// Nil where nobody asked.
        var isReached: Bool?
        var failure: String?

        var cells: [String] {
            let reached = isReached.map { $0 ? "yes" : "no" } ?? "-"
            let login = isLoggedIn ? account ?? "yes" : "-"
            let patterns = patterns.isEmpty ? "-" : patterns.joined(separator: ", ")
            return [name ?? "-", place.base.description, patterns, login, reached, reason].map(\.printable)
        }

        var json: JSONValue {
            [
                "name": name.map(JSONValue.string) ?? .null, "url": .string(place.base.description),
                "patterns": .array(patterns.map(JSONValue.string)), "logged_in": .bool(isLoggedIn),
                "account": account.map(JSONValue.string) ?? .null,
                "reached": isReached.map(JSONValue.bool) ?? .null, "problem": failure.map(JSONValue.string) ?? .null,
                "chosen_by": .string(reason),
            ]
        }
    }
}
