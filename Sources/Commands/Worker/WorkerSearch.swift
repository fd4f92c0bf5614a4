// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import JSONText
import ProjectFiles
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

    @OptionGroup var registry: RegistryOption
    @OptionGroup var network: NetworkOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(1...1000).contains(limit) { throw ValidationError("--limit is between 1 and 1000") }
    }

    func run(in context: CommandContext) async throws {
        let option = try registry.base
        let project = try Project.find(context.environment)
        let rules = try context.registryRules(option, of: project)
        let printer = context.printer
        let found = try await context.withRegistries(rules) { try await find(at: $0, printer) }
        if output.json { return printer.result(found.json) }
        if found.rows.isEmpty {
            printer.say("no worker suits")
            if let hint = Likeness.hint(for: found.word, among: found.alike) { printer.say("hint: \(hint)") }
            return
        }
        let origins = RegistryColumn(found.rows.map { $0.registry }, usual: rules.all.first?.base.description ?? "")
        printer.table(
            head: ["NAME", "VERSION", "KIND", "DOWNLOADS"] + origins.head + ["DESCRIPTION", "NOTES"],
            found.rows.map { found in
                found.row.cells + origins.cell(found.registry)
                    + [PrintableText(found.row.description, limit: 80).description, found.row.notes.cell]
            }
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
        var rows: [(row: WorkerRow, registry: String)] = []
        /// How many there are besides, as far as they were counted.
        var more = 0
        /// The words that were looked for.
        var word = ""
        /// Where nothing was found, names of workers that may have been meant.
        var alike: [String] = []

        var json: JSONValue {
            [
                "workers": .array(
                    rows.map { row, registry in
                        guard case .object(var object) = row.json else { return row.json }
                        object["registry"] = .string(registry)
                        return .object(object)
                    }
                ),
                "more": .number(JSONNumber(more)),
                "suggestions": .array(Likeness.nearest(to: word, among: alike).prefix(3).map(JSONValue.string)),
            ]
        }
    }

    /// Asks every registry that names may belong to, at once; one that is away takes only its own workers away.
    private func find(at registry: RegistryConnection, _ printer: Printer) async throws -> Found {
        let places = registry.rules.all
        let results = await withTaskGroup(of: (Int, Result<Found, any Error>).self) { group in
            for (index, place) in places.enumerated() {
                group.addTask {
                    do { return (index, .success(try await find(place, registry))) } catch {
                        return (index, .failure(error))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
        try Task.checkCancellation()
        let answered = results.compactMap { try? $0.get() }
        guard let first = answered.first else { return try results.first?.get() ?? Found() }
        for (place, result) in zip(places, results) {
            guard case .failure(let error) = result else { continue }
            let report = ErrorReport(error)
            let words = "workers of \(place) are missing: \(report.message)"
            printer.say("warning: [\(report.code.rawValue)] \(words.printable)")
        }
        if answered.count == 1 { return first }
        var found = Found(word: first.word)
        found.alike = answered.flatMap(\.alike)
        // What suits best comes first at each of them.
        var rows = (0..<limit).flatMap { place in
            answered.compactMap { $0.rows.indices.contains(place) ? $0.rows[place] : nil }
        }
        if sort == .downloads { rows.sort { $0.row.totalDownloads > $1.row.totalDownloads } }
        found.rows = Array(rows.prefix(limit))
        found.more = answered.reduce(rows.count - found.rows.count) { $0 + $1.more }
        return found
    }

    /// What one registry has, without names that belong to another one.
    private func find(_ place: ChosenRegistry, _ registry: RegistryConnection) async throws -> Found {
        var found = try await find(registry.at(place).client)
        let rules = registry.rules
        if rules.option == nil { try found.rows.removeAll { try rules.registry(of: $0.row.name).base != place.base } }
        return found
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
            found.rows += wanted.map { ($0, client.base.description) }
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
        ]
    }
}

extension WorkerKind: ExpressibleByArgument {}
extension ListQuestion.Order: ExpressibleByArgument {}
