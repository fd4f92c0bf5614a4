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
struct WorkerSearch: FetchingCommand {
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

    @OptionGroup var network: NetworkOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(1...1000).contains(limit) { throw ValidationError("--limit is between 1 and 1000") }
    }

    func run(in context: CommandContext) async throws {
        let found = try await context.withRegistry { registry in try await find(registry.client) }
        let printer = context.printer
        if output.json { return printer.result(found.json) }
        if found.rows.isEmpty {
            printer.say("no worker suits")
            if let hint = Likeness.hint(for: found.word, among: found.alike) { printer.say("hint: \(hint)") }
            return
        }
        printer.table(
            head: ["NAME", "VERSION", "KIND", "DOWNLOADS", "DESCRIPTION", "NOTES"],
            found.rows.map(\.cells)
        )
        if found.more > 0 {
            let count = found.more > Self.counted ? "more than \(Self.counted)" : "\(found.more)"
            printer.say("… and \(count) more; `--limit` shows more of them, more words fewer")
        }
    }

    /// The most workers that are counted beyond those that are shown.
    private static let counted = 99

    /// What was found.
    private struct Found: Sendable {
        var rows: [WorkerRow] = []
        /// How many there are besides, as far as they were counted.
        var more = 0
        /// The words that were looked for.
        var word = ""
        /// Where nothing was found, names of workers that may have been meant.
        var alike: [String] = []

        var json: JSONValue {
            [
                "workers": .array(rows.map(\.json)), "more": .number(JSONNumber(more)),
                "suggestions": .array(Likeness.nearest(to: word, among: alike).prefix(3).map(JSONValue.string)),
            ]
        }
    }

    private func find(_ client: RegistryClient) async throws -> Found {
        var question = ListQuestion(search: words.isEmpty ? nil : words.joined(separator: " "))
        question.tag = tag
        question.kind = kind
        question.order = sort
        var found = Found(word: words.joined(separator: "-"))
        while found.rows.count < limit {
            question.pageSize = min(limit - found.rows.count, 100)
            let page = try await client.list(question)
            // An older registry chooses the size of its pages itself.
            let wanted = page.workers.prefix(limit - found.rows.count)
            found.rows += wanted
            found.more = page.workers.count - wanted.count
            question.cursor = page.workers.isEmpty ? nil : page.nextCursor
            if question.cursor == nil { break }
        }
        if question.cursor != nil {
            question.pageSize = Self.counted + 1
            found.more += try await client.list(question).workers.count
        }
        if found.rows.isEmpty, !words.isEmpty { found.alike = await names(beginningLike: found.word, client) }
        return found
    }

    /// Workers whose names begin as the text does that nothing was found for.
    private func names(beginningLike text: String, _ client: RegistryClient) async -> [String] {
        let least = min(3, text.count)
        var question = ListQuestion(search: String(text.prefix(max(least, text.count * 2 / 3))))
        question.pageSize = 100
        // Whoever cannot answer this has given the answer that matters.
        return (try? await client.list(question))?.workers.map(\.name.description) ?? []
    }
}

extension WorkerRow {
    fileprivate var cells: [String] {
        [
            name.description, version.description, kind.rawValue, String(totalDownloads),
            PrintableText(description, limit: 80).description, notes.cell,
        ]
    }
}

extension WorkerKind: ExpressibleByArgument {}
extension ListQuestion.Order: ExpressibleByArgument {}
