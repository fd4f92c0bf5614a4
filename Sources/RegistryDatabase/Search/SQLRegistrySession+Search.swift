// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// Finding workers by words: tier after tier, in each the popular ones first.
extension SQLRegistrySession {
    /// The most matches that are put in an order of their own, of those in texts and of those in names.
    private static let sorted = 1000
    /// Rows that are looked at for one page; what is left is on the next.
    private static let patience = 4000

    private struct Match {
        let worker: WorkerName
        let downloads: Int64
        let searchID: Int64
    }

    func found(_ query: ListingQuery) throws(RegistryStorageError) -> ListingPage {
        var words = SearchWords(query)
        words.corrections = try corrections(of: words.words)
        if query.order != .relevance { return try sorted(query, words) }
        let (matches, next) = try matches(of: words, query, from: query.after, limit: query.limit)
        return ListingPage(rows: try rows(matches), next: next)
    }

    /// The popular ones of what is found, whatever its tier, in an order of their own.
    private func sorted(_ query: ListingQuery, _ words: SearchWords) throws(RegistryStorageError) -> ListingPage {
        let key = query.order == .recent ? "published_at" : "downloads"
        var sources = ["SELECT rowid FROM search_words WHERE search_words MATCH ? ORDER BY rowid LIMIT ?"]
        var parameters = [words.anywhere.sql, Self.sorted.sql]
        // Short words cannot be looked up as parts: without them too much would be found.
        if let parts = words.partsQuery, words.words.allSatisfy({ $0.count >= 3 }) {
            sources.append("SELECT rowid FROM search_names WHERE search_names MATCH ? ORDER BY rowid LIMIT ?")
            parameters += [parts.sql, Self.sorted.sql]
        }
        let found = sources.map { "SELECT rowid FROM (\($0)) AS found" }.joined(separator: " UNION ")
        var conditions = ["listings.search_id IN (\(found))"]
        narrow(&conditions, &parameters, to: query)
        if let place = query.after {
            conditions.append("(listings.\(key), listings.worker_id) < (?, ?)")
            parameters += [place.major.sql, place.minor.sql]
        }
        // Without the answers, which are long: they are read for the page only.
        let rows = try connection.query(
            """
            SELECT workers.name, listings.downloads, listings.search_id, listings.\(key), listings.worker_id
            FROM listings JOIN workers ON workers.id = listings.worker_id
            WHERE \(conditions.joined(separator: " AND "))
            ORDER BY +listings.\(key) DESC, +listings.worker_id DESC LIMIT ?
            """,
            parameters + [(query.limit + 1).sql]
        )
        var next: ListingPlace?
        if rows.count > query.limit, let last = rows.prefix(query.limit).last {
            next = ListingPlace(major: try last.integer(3), minor: try last.integer(4))
        }
        return ListingPage(rows: try self.rows(try Self.matches(Array(rows.prefix(query.limit)))), next: next)
    }

    private func rows(_ matches: [Match]) throws(RegistryStorageError) -> [ListingPage.Row] {
        var rows: [ListingPage.Row] = []
        for match in matches {
            let answer = try connection.row(
                "SELECT answer FROM listings WHERE search_id = ?",
                [match.searchID.sql]
            )
            guard let answer else { continue }
            rows.append(
                ListingPage.Row(worker: match.worker, answer: try answer.text(0), downloads: match.downloads)
            )
        }
        return rows
    }

    // MARK: Tiers

    private func matches(
        of words: SearchWords,
        _ query: ListingQuery,
        from place: ListingPlace?,
        limit: Int
    ) throws(RegistryStorageError) -> ([Match], ListingPlace?) {
        var matches: [Match] = []
        var tier = place.flatMap { SearchTier(rawValue: $0.major) } ?? .exactName
        var last = place?.minor ?? 0
        var patience = max(Self.patience, limit)
        while true {
            let batch = max(1, min(limit + 1 - matches.count, patience) + 20)
            let candidates = try candidates(tier, words, query, after: last, limit: batch)
            patience -= candidates.count
            for match in candidates {
                guard suits(match.worker, words, tier) else {
                    last = match.searchID
                    continue
                }
                if matches.count == limit { return (matches, ListingPlace(major: tier.rawValue, minor: last)) }
                matches.append(match)
                last = match.searchID
            }
            if candidates.count < batch || tier == .exactName {
                guard let next = tier.next else { return (matches, nil) }
                (tier, last) = (next, 0)
            } else if patience <= 0 {
                return (matches, ListingPlace(major: tier.rawValue, minor: last))
            }
        }
    }

    /// Whether a worker that was found in a tier belongs to it, rather than to a better one.
    private func suits(_ name: WorkerName, _ words: SearchWords, _ tier: SearchTier) -> Bool {
        if tier == .exactName { return words.isName(name) }
        if words.isName(name) { return false }
        if tier == .name { return true }
        if tier == .partOfName { return words.arePartsOf(name) && !words.beginWordsOf(name) }
        return words.partsQuery == nil || !words.arePartsOf(name)
    }

    private func candidates(
        _ tier: SearchTier,
        _ words: SearchWords,
        _ query: ListingQuery,
        after place: Int64,
        limit: Int
    ) throws(RegistryStorageError) -> [Match] {
        switch tier {
        case .exactName:
            let marks = words.names.map { _ in "?" }.joined(separator: ", ")
            return try matches(
                tier,
                "workers.name IN (\(marks)) AND listings.search_id > ?",
                words.names.map(\.sql) + [place.sql],
                query,
                limit
            )
        case .partOfName:
            guard let parts = words.partsQuery else { return [] }
            return try matches(
                tier,
                "search_names MATCH ? AND search_names.rowid > ?",
                [parts.sql, place.sql],
                query,
                limit
            )
        case .spelling, .spellingInName:
            if words.corrections.isEmpty { return [] }
            fallthrough
        case .name, .tags, .description, .functions, .readme:
            return try matches(
                tier,
                "search_words MATCH ? AND search_words.rowid > ?",
                [words.query(tier).sql, place.sql],
                query,
                limit
            )
        }
    }

    private func matches(
        _ tier: SearchTier,
        _ condition: String,
        _ parameters: [SQLValue],
        _ query: ListingQuery,
        _ limit: Int
    ) throws(RegistryStorageError) -> [Match] {
        var (conditions, parameters) = ([condition], parameters)
        let table: String? =
            switch tier {
            case .exactName: nil
            case .partOfName: "search_names"
            default: "search_words"
            }
        // The table of the words has kind and tag among its words.
        if table != "search_words" { narrow(&conditions, &parameters, to: query) }
        let source = table.map { "\($0) JOIN listings ON listings.search_id = \($0).rowid" } ?? "listings"
        let rows = try connection.query(
            """
            SELECT workers.name, listings.downloads, listings.search_id
            FROM \(source) JOIN workers ON workers.id = listings.worker_id
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(table.map { $0 + ".rowid" } ?? "search_id") LIMIT ?
            """,
            parameters + [limit.sql]
        )
        return try Self.matches(rows)
    }

    /// Keeps what is of the kind and has the tag of a question.
    private func narrow(_ conditions: inout [String], _ parameters: inout [SQLValue], to query: ListingQuery) {
        if let kind = query.kind {
            conditions.append("listings.kind = ?")
            parameters.append(kind.rawValue.sql)
        }
        if let tag = query.tag {
            conditions.append(
                "EXISTS (SELECT 1 FROM listing_tags WHERE tag = ? AND listing_tags.worker_id = listings.worker_id)"
            )
            parameters.append(tag.storable.sql)
        }
    }

    private static func matches(_ rows: [SQLRow]) throws(RegistryStorageError) -> [Match] {
        var matches: [Match] = []
        for row in rows {
            matches.append(
                Match(worker: try row.workerName(0), downloads: try row.integer(1), searchID: try row.integer(2))
            )
        }
        return matches
    }
}
