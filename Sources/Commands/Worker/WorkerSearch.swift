// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import JSONText
import RegistryAPI
import RegistryClient
import WorkerModel
import WorkerOperations

/// `iii worker search`.
struct WorkerSearch: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find workers in the registry.",
        discussion: """
            Names, descriptions, tags, functions and READMEs are searched; what suits best comes first. Without words all \
            workers are listed.

              iii worker search pdf
              iii worker search --tag evaluation --sort recent --limit 50
            """
    )

    @Argument(help: ArgumentHelp("Words to look for.", valueName: "text"))
    var words: [String] = []

    @Option(help: "Only workers with this discovery tag.")
    var tag: String?

    @Option(name: .customLong("type"), help: "Only bundle, binary, image or engine workers.")
    var kind: WorkerKind?

    @Option(help: "By relevance, downloads or recent.")
    var sort: ListQuestion.Order?

    @Option(help: "How many workers to show.")
    var limit = 20

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(1...1000).contains(limit) { throw ValidationError("--limit is between 1 and 1000") }
    }

    func run(in context: CommandContext) async throws {
        let rows = try await context.withRegistry { registry in try await find(registry.client) }
        if output.json { return context.printer.result(["workers": .array(rows.map(\.json))]) }
        if rows.isEmpty { return context.printer.say("no worker suits") }
        let cells = rows.map { row in
            [
                row.name.description, row.version.description, row.kind.rawValue, String(row.totalDownloads),
                PrintableText(row.description, limit: 80).description,
            ]
        }
        for line in TextTable.lines([["NAME", "VERSION", "KIND", "DOWNLOADS", "DESCRIPTION"]] + cells) {
            context.printer.result(line)
        }
    }

    private func find(_ client: RegistryClient) async throws -> [WorkerRow] {
        var question = ListQuestion(search: words.isEmpty ? nil : words.joined(separator: " "))
        question.tag = tag
        question.kind = kind
        question.order = sort
        var rows: [WorkerRow] = []
        repeat {
            question.pageSize = min(limit - rows.count, 100)
            let page = try await client.list(question)
            // An older registry chooses the size of its pages itself.
            rows += page.workers.prefix(limit - rows.count)
            question.cursor = page.workers.isEmpty ? nil : page.nextCursor
        } while rows.count < limit && question.cursor != nil
        return rows
    }
}

extension WorkerKind: ExpressibleByArgument {}
extension ListQuestion.Order: ExpressibleByArgument {}
