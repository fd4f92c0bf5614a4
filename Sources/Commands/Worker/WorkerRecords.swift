// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import JSONText
import RegistryClient

/// `iii worker dependents`.
struct WorkerDependents: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "dependents",
        abstract: "Show which workers of the registry need one.",
        discussion: """
              iii worker dependents text-stats
              iii worker dependents text-stats --json
            """
    )

    @OptionGroup var question: RecordQuestion
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let answer = try await question.ask(in: context) { try await $0.dependents(of: $1) }
        if output.json { return context.printer.result(answer) }
        let rows = answer.rows("dependents")
        if rows.isEmpty { return context.printer.say("no worker needs `\(question.name.printable)`") }
        context.printer.table(
            head: ["NAME", "VERSION", "ASKS FOR"],
            rows.map { [$0.shown("name"), $0.shown("version"), $0.shown("range")] }
        )
        if answer.hasMore { context.printer.say("… and more") }
    }
}

/// `iii worker downloads`.
struct WorkerDownloads: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "downloads",
        abstract: "Show how often a worker was downloaded.",
        discussion: """
              iii worker downloads text-stats
              iii worker downloads text-stats --json
            """
    )

    @OptionGroup var question: RecordQuestion
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let answer = try await question.ask(in: context) { try await $0.downloads(of: $1) }
        if output.json { return context.printer.result(answer) }
        context.printer.table([
            ["in all", answer.shown("total_downloads")], ["last 7 days", answer.shown("weekly_downloads")],
            ["since \(answer.shown("since"))", answer.shown("period_downloads")],
            ["by machines", answer.shown("period_ci_downloads")],
        ])
    }
}

/// `iii worker events`.
struct WorkerHistory: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what happened to a worker in the registry, newest first.",
        discussion: """
              iii worker events text-stats
              iii worker events text-stats --json
            """
    )

    @OptionGroup var question: RecordQuestion
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let answer = try await question.ask(in: context) { try await $0.events(of: $1) }
        if output.json { return context.printer.result(answer) }
        context.printer.table(
            head: ["AT", "WHAT", "VERSION", "BY"],
            answer.rows("events").map { [$0.shown("at"), $0.shown("kind"), $0.shown("version"), $0.shown("account")] }
        )
        if answer.hasMore { context.printer.say("… and more") }
    }
}

extension JSONValue {
    /// The elements of a list that is a member; none where it is something else.
    fileprivate func rows(_ key: String) -> [JSONValue] {
        if case .array(let rows)? = self[key] { rows } else { [] }
    }

    /// A member as it is shown in a cell.
    fileprivate func shown(_ key: String) -> String {
        switch self[key] {
        case .string(let text): text.printable
        case .number(let number): number.description
        default: "-"
        }
    }

    fileprivate var hasMore: Bool { self["pagination"]?["has_more"] == true }
}
