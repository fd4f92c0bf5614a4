// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// The words that workers are found by, under their spellings: what a misspelled word may have meant.
///
/// A word stays when the last worker with it is gone: then it corrects to nothing that is found.
extension SQLRegistrySession {
    /// The most words of one listing that are kept.
    private static let termsOfListing = 256
    /// The most other spellings of one word that are looked for.
    private static let alternatives = 8

    func insertTerms(of listing: WorkerListing) throws(RegistryStorageError) {
        let name = listing.worker.description
        let skeleton = try worker(listing.worker)?.skeleton ?? name
        let texts = [name, skeleton] + listing.tags + [listing.description] + listing.functions
        var terms: Set<String> = []
        for text in texts {
            for word in text.storable.searchWords where terms.count < Self.termsOfListing { terms.insert(word) }
        }
        for term in terms.sorted() {
            guard let spelling = Spelling(term) else { continue }
            let count = try connection.execute(
                "INSERT INTO search_terms (term) VALUES (?) ON CONFLICT (term) DO NOTHING",
                [term.sql]
            )
            if count == 0 { continue }
            for text in spelling.spellings {
                try connection.execute(
                    "INSERT INTO search_spellings (spelling, term) VALUES (?, ?)",
                    [text.sql, term.sql]
                )
            }
        }
    }

    /// Other spellings of those words that neither are nor begin a known one.
    func corrections(of words: [String]) throws(RegistryStorageError) -> [String: [String]] {
        var corrections: [String: [String]] = [:]
        for word in words {
            let known = try connection.row(
                "SELECT 1 FROM search_terms WHERE term >= ? AND term < ? LIMIT 1",
                [word.sql, (word + "\u{10FFFF}").sql]
            )
            guard known == nil, let spelling = Spelling(word) else { continue }
            let terms = try terms(near: spelling)
            if !terms.isEmpty { corrections[word] = Array(terms.prefix(Self.alternatives)) }
        }
        return corrections
    }

    func workers(near skeleton: String, downloads: Int64) throws(RegistryStorageError) -> [WorkerName] {
        guard let spelling = Spelling(skeleton) else { return [] }
        var names: [WorkerName] = []
        for term in try [skeleton] + terms(near: spelling) {
            let rows = try connection.query(
                "SELECT name FROM workers WHERE skeleton = ? AND downloads >= ? ORDER BY name",
                [term.sql, downloads.sql]
            )
            for row in rows { names.append(try row.workerName(0)) }
        }
        return names
    }

    /// Known words that are one change away, in their order.
    private func terms(near spelling: Spelling) throws(RegistryStorageError) -> [String] {
        var terms: Set<String> = []
        for text in spelling.spellings {
            let rows = try connection.query(
                "SELECT term FROM search_spellings WHERE spelling = ? LIMIT 100",
                [text.sql]
            )
            for row in rows { terms.insert(try row.text(0)) }
        }
        return terms.filter { Spelling($0)?.isOneChange(from: spelling) ?? false }.sorted()
    }
}
