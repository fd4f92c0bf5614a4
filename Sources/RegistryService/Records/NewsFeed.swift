// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import MarkupText
import RegistryAPI
import RegistryStorage
import WorkerModel

/// What was published last, as Atom (RFC 4287).
package struct NewsFeed: Sendable {
    /// Entries of a feed.
    private static let entries = 50

    let store: any RegistryStore
    let publicURL: @Sendable () -> PublicURL

    /// The feed of one worker, or of all.
    ///
    /// - Returns: the document in UTF-8.
    /// - Throws: `RegistryServiceError.workerNotFound`.
    package func callAsFunction(of name: String? = nil) async throws -> [UInt8] {
        let worker = try name.map { name throws in try VersionChoice.name(name) }
        let entries = try await store.read { session -> [Entry] in
            if let worker, try session.worker(worker) == nil { throw RegistryServiceError.workerNotFound(worker) }
            let events = try session.events(of: worker, kind: .published, before: nil, limit: Self.entries)
            return try events.compactMap { recorded in try Entry(recorded.event, in: session) }
        }
        return document(worker, entries).bytes
    }

    private struct Entry {
        let worker: WorkerName
        let version: SemanticVersion
        let at: Timestamp
        let account: String

        /// Nil for a version that is gone.
        init?(_ event: RegistryEvent, in session: any RegistryReadSession) throws {
            guard let worker = event.worker, let version = event.version,
                try session.contains(version, of: worker)
            else { return nil }
            self.worker = worker
            self.version = version
            at = event.at
            account = event.account?.description ?? ""
        }
    }

    private func document(_ worker: WorkerName?, _ entries: [Entry]) -> Markup {
        let root = publicURL().description
        let address = root + (worker.map { RegistryPath.workerFeed(of: $0) } ?? .feed).description
        let title = worker.map { "\($0): new versions" } ?? "New versions of workers"
        // Without entries there was no news since the epoch, which readers take for old.
        let updated = entries.first?.at ?? Timestamp(milliseconds: 0)
        let items: [Markup] = entries.map { entry in
            let id = root + RegistryPath.detail(entry.worker, selector: .exact(entry.version)).description
            let page = root + RegistryPath.page(entry.worker, selector: .exact(entry.version)).description
            return """
                <entry>
                <title>\(entry.worker.description) \(entry.version.description)</title>
                <id>\(id)</id><link rel="alternate" type="text/html" href="\(page)"/>
                <updated>\(entry.at.description)</updated>
                <author><name>\(entry.account)</name></author>
                </entry>

                """
        }
        return """
            <?xml version="1.0" encoding="utf-8"?>
            <feed xmlns="http://www.w3.org/2005/Atom">
            <title>\(title)</title>
            <id>\(address)</id>
            <link rel="self" type="application/atom+xml" href="\(address)"/>
            <updated>\(updated.description)</updated>
            \(items)</feed>

            """
    }
}
