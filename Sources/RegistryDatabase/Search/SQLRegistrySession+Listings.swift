// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// What lists show: written with every change of it, read in the order of downloads or of time.
extension SQLRegistrySession {
    /// From this many workers on, a tag is common: going through the workers in order finds a page of it soon.
    private static let commonTag = 1000

    // MARK: Writing

    func setListing(_ listing: WorkerListing) throws(RegistryStorageError) {
        let row = try connection.row("SELECT id, downloads FROM workers WHERE name = ?", [listing.worker.sql])
        guard let row else { throw .workerNotFound(listing.worker) }
        let (id, downloads) = (try row.integer(0), try row.integer(1))
        try removeListing(id)
        let place = SearchPlace.of(worker: id, downloads: downloads)
        try connection.execute(
            """
            INSERT INTO listings (worker_id, search_id, format, kind, downloads, published_at, answer)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                id.sql, place.sql, listing.format.sql, listing.kind.rawValue.sql, downloads.sql,
                listing.publishedAt.sql, listing.answer.sql,
            ]
        )
        for tag in Set(listing.tags.map(\.storable)) {
            try connection.execute("INSERT INTO listing_tags (tag, worker_id) VALUES (?, ?)", [tag.sql, id.sql])
        }
        try insertWords(of: listing, at: place)
        try insertTerms(of: listing)
    }

    func removeListing(of worker: WorkerName) throws(RegistryStorageError) {
        guard let id = try identity(of: worker) else { return }
        try removeListing(id)
    }

    /// Adds to the downloads that lists go by, and moves the worker among the found where it has become popular.
    func countListed(_ count: Int64, of worker: Int64) throws(RegistryStorageError) {
        let row = try connection.row("SELECT search_id, downloads FROM listings WHERE worker_id = ?", [worker.sql])
        guard let row else { return }
        let (old, downloads) = (try row.integer(0), try row.integer(1) + count)
        let new = SearchPlace.of(worker: worker, downloads: downloads)
        try connection.execute(
            "UPDATE listings SET downloads = ?, search_id = ? WHERE worker_id = ?",
            [downloads.sql, new.sql, worker.sql]
        )
        if new == old { return }
        try connection.execute("UPDATE search_words SET rowid = ? WHERE rowid = ?", [new.sql, old.sql])
        try connection.execute("UPDATE search_names SET rowid = ? WHERE rowid = ?", [new.sql, old.sql])
    }

    private func removeListing(_ id: Int64) throws(RegistryStorageError) {
        let row = try connection.row("SELECT search_id FROM listings WHERE worker_id = ?", [id.sql])
        guard let place = try row?.integer(0) else { return }
        try connection.execute("DELETE FROM search_words WHERE rowid = ?", [place.sql])
        try connection.execute("DELETE FROM search_names WHERE rowid = ?", [place.sql])
        try connection.execute("DELETE FROM listing_tags WHERE worker_id = ?", [id.sql])
        try connection.execute("DELETE FROM listings WHERE worker_id = ?", [id.sql])
    }

    private func insertWords(of listing: WorkerListing, at place: Int64) throws(RegistryStorageError) {
        let facets = [SearchWords.facet(of: listing.kind)] + listing.tags.map { SearchWords.facet(of: $0) }
        let name = listing.worker.description
        try connection.execute(
            """
            INSERT INTO search_words (rowid, name, tags, description, functions, readme, facets)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                place.sql, name.sql, listing.tags.joined(separator: " ").storable.sql,
                listing.description.storable.sql, listing.functions.joined(separator: " ").storable.sql,
                listing.readme.storable.sql, facets.joined(separator: " ").sql,
            ]
        )
        try connection.execute("INSERT INTO search_names (rowid, name) VALUES (?, ?)", [place.sql, name.sql])
    }

    // MARK: Reading in order

    func listings(_ query: ListingQuery) throws(RegistryStorageError) -> ListingPage {
        if !query.words.isEmpty { return try found(query) }
        let key = query.order == .recent ? "published_at" : "downloads"
        var isRare = false
        if let tag = query.tag { isRare = try !isCommon(tag) }
        // A rare tag is gone through whole and sorted; the sign keeps the engine from going through all workers in order.
        let order = isRare ? "+listings.\(key), +listings.worker_id" : "listings.\(key), listings.worker_id"
        var conditions: [String] = []
        var parameters: [SQLValue] = []
        func require(_ condition: String, _ values: SQLValue...) {
            conditions.append(condition)
            parameters += values
        }
        if let tag = query.tag, isRare { require("listing_tags.tag = ?", tag.storable.sql) }
        if let tag = query.tag, !isRare {
            require(
                """
                EXISTS (SELECT 1 FROM listing_tags WHERE listing_tags.tag = ?
                    AND listing_tags.worker_id = listings.worker_id)
                """,
                tag.storable.sql
            )
        }
        if let kind = query.kind { require("\(isRare ? "+" : "")listings.kind = ?", kind.rawValue.sql) }
        if let place = query.after { require("(\(order)) < (?, ?)", place.major.sql, place.minor.sql) }
        let source = isRare ? "listing_tags JOIN listings ON listings.worker_id = listing_tags.worker_id" : "listings"
        let descending = order.replacing(",", with: " DESC,") + " DESC"
        let rows = try connection.query(
            """
            SELECT workers.name, listings.answer, listings.downloads, listings.\(key), listings.worker_id
            FROM \(source) JOIN workers ON workers.id = listings.worker_id
            \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
            ORDER BY \(descending) LIMIT ?
            """,
            parameters + [(query.limit + 1).sql]
        )
        return try page(rows, limit: query.limit)
    }

    private func page(_ rows: [SQLRow], limit: Int) throws(RegistryStorageError) -> ListingPage {
        var listed: [ListingPage.Row] = []
        for row in rows.prefix(limit) {
            listed.append(
                ListingPage.Row(worker: try row.workerName(0), answer: try row.text(1), downloads: try row.integer(2))
            )
        }
        guard rows.count > limit, let last = rows.prefix(limit).last else {
            return ListingPage(rows: listed, next: nil)
        }
        return ListingPage(
            rows: listed,
            next: ListingPlace(major: try last.integer(3), minor: try last.integer(4))
        )
    }

    private func isCommon(_ tag: String) throws(RegistryStorageError) -> Bool {
        let row = try connection.row(
            "SELECT COUNT(*) FROM (SELECT 1 FROM listing_tags WHERE tag = ? LIMIT ?) AS some",
            [tag.storable.sql, Self.commonTag.sql]
        )
        return try row?.integer(0) == Int64(Self.commonTag)
    }

    func unlisted(format: Int, limit: Int) throws(RegistryStorageError) -> [WorkerName] {
        let rows = try connection.query(
            """
            SELECT workers.name FROM channels JOIN workers ON workers.id = channels.worker_id
            LEFT JOIN listings ON listings.worker_id = workers.id
            WHERE channels.name = ? AND (listings.format IS NULL OR listings.format <> ?) LIMIT ?
            """,
            [ChannelName.latest.sql, format.sql, limit.sql]
        )
        var names: [WorkerName] = []
        for row in rows { names.append(try row.workerName(0)) }
        return names
    }
}

/// The number of a worker among those that searches find: of two workers, the much more downloaded has the smaller one.
///
/// FTS5 answers in the order of these numbers, so that a page of the popular ones is found without looking at the rest.
enum SearchPlace {
    /// Numbers of workers stay below this: 2⁴⁰.
    private static let workers: Int64 = 1 << 40

    static func of(worker: Int64, downloads: Int64) -> Int64 {
        // Doubling the downloads is one step up: seldom enough for words to be written anew.
        let steps = Int64(Int64.bitWidth - max(downloads, 0).leadingZeroBitCount)
        return (64 - steps) * workers + worker
    }
}

extension String {
    /// The text without NUL characters, which databases refuse.
    var storable: String { utf8.contains(0) ? String(filter { $0 != "\0" }) : self }
}
