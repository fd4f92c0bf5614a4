// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// Finding workers by words: tier after tier, in each the popular ones first.
extension SQLRegistrySession {
    /// The most matches that are put in an order of their own.
    private static let sorted = 1000
    /// Rows that are looked at for one page; what is left is on the next.
    private static let patience = 4000

    private struct Match {
        let worker: WorkerName
        let downloads: Int64
        let publishedAt: Int64
        let searchID: Int64
        let tier: SearchTier
    }

    func found(_ query: ListingQuery) throws(RegistryStorageError) -> ListingPage {
        var words = SearchWords(query)
        words.corrections = try corrections(of: words.words)
        guard query.order != .relevance else {
            let (matches, next) = try matches(of: words, query, from: query.after, limit: query.limit)
            return ListingPage(rows: try rows(matches), next: next)
        }
        var (matches, _) = try matches(of: words, query, from: nil, limit: Self.sorted)
        matches.sort { left, right in
            query.order == .recent
                ? (left.publishedAt, left.searchID) > (right.publishedAt, right.searchID)
                : (left.downloads, right.searchID) > (right.downloads, left.searchID)
        }
        let start = Int(clamping: max(query.after?.minor ?? 0, 0))
        let page = matches.dropFirst(start).prefix(query.limit)
        let end = start + page.count
        return ListingPage(
            rows: try rows(Array(page)),
            next: end < matches.count && !page.isEmpty ? ListingPlace(major: 0, minor: Int64(end)) : nil
        )
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
        if table != "search_words" {
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
        let source = table.map { "\($0) JOIN listings ON listings.search_id = \($0).rowid" } ?? "listings"
        let rows = try connection.query(
            """
            SELECT workers.name, listings.downloads, listings.published_at, listings.search_id
            FROM \(source) JOIN workers ON workers.id = listings.worker_id
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(table.map { $0 + ".rowid" } ?? "search_id") LIMIT ?
            """,
            parameters + [limit.sql]
        )
        var matches: [Match] = []
        for row in rows {
            matches.append(
                Match(
                    worker: try row.workerName(0),
                    downloads: try row.integer(1),
                    publishedAt: try row.integer(2),
                    searchID: try row.integer(3),
                    tier: tier
                )
            )
        }
        return matches
    }
}
