// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// The words of one search, and the questions to FTS5 that they make.
struct SearchWords {
    /// The most words that are looked at.
    static let limit = 8

    let words: [String]
    let facets: [String]
    /// Other spellings of words that no worker has.
    var corrections: [String: [String]] = [:]

    init(_ query: ListingQuery) {
        words = Array(query.words.prefix(Self.limit))
        facets = [query.kind.map { Self.facet(of: $0) }, query.tag.map { Self.facet(of: $0) }].compactMap(\.self)
    }

    /// The token under which workers of a kind are found.
    static func facet(of kind: WorkerKind) -> String { "kind\(kind.rawValue)" }

    /// The token under which workers with a tag are found: a tag may be any text, a token only letters and digits.
    static func facet(of tag: String) -> String {
        "tag" + tag.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    // MARK: What names suit

    func isName(_ name: WorkerName) -> Bool {
        let text = name.description.lowercased()
        return text.searchWords == words || text == words.joined()
    }

    /// The names that `isName` holds for, as far as they can be listed.
    var names: [String] {
        ["-", "_", "", "."].map { words.joined(separator: $0) }
    }

    func beginWordsOf(_ name: WorkerName) -> Bool {
        let parts = name.description.searchWords
        return words.allSatisfy { word in
            parts.contains { Self.isBeginning(word) ? $0.hasPrefix(word) : $0 == word }
        }
    }

    func arePartsOf(_ name: WorkerName) -> Bool {
        let text = name.description.lowercased()
        return words.allSatisfy { text.contains($0) }
    }

    /// The question for names that have all words in them; nil where the words are too short to be looked up so.
    var partsQuery: String? {
        let long = words.filter { $0.count >= 3 }
        return long.isEmpty ? nil : long.map { "\"\($0)\"" }.joined(separator: " AND ")
    }

    // MARK: What texts suit

    /// The question for workers of one tier that are in no better one.
    func query(_ tier: SearchTier) -> String {
        let isCorrected = tier == .spelling || tier == .spellingInName
        var query = Self.inColumns(tier.columns, conjunction { isCorrected ? corrected($0) : Self.beginning($0) })
        if let facets = facetQuery { query = "(\(query) AND \(facets))" }
        if let better = tier.better {
            query = "(\(query) NOT \(Self.inColumns(better.columns, conjunction(Self.beginning))))"
        }
        if tier == .spelling {
            let names = Self.inColumns(SearchTier.spellingInName.columns, conjunction { corrected($0) })
            query = "(\(query) NOT \(names))"
        }
        return query
    }

    /// The question for workers of every tier that texts tell.
    var anywhere: String {
        var query = Self.inColumns(SearchTier.spelling.columns, conjunction { corrected($0) })
        if let facets = facetQuery { query = "(\(query) AND \(facets))" }
        return query
    }

    private var facetQuery: String? {
        if facets.isEmpty { return nil }
        return Self.inColumns(["facets"], facets.map { "\"\($0)\"" }.joined(separator: " AND "))
    }

    private func conjunction(_ write: (String) -> String) -> String { words.map(write).joined(separator: " AND ") }

    private static func inColumns(_ columns: [String], _ query: String) -> String {
        "({\(columns.joined(separator: " "))} : (\(query)))"
    }

    /// Whether a word is taken for the beginning of others too; one letter begins too many.
    private static func isBeginning(_ word: String) -> Bool { word.utf8.count > 1 }

    private static func beginning(_ word: String) -> String { isBeginning(word) ? "\"\(word)\" *" : "\"\(word)\"" }

    private func corrected(_ word: String) -> String {
        guard let others = corrections[word] else { return Self.beginning(word) }
        return "(" + ([Self.beginning(word)] + others.map { "\"\($0)\"" }).joined(separator: " OR ") + ")"
    }
}
