// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

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
        return Array(document(worker, entries).utf8)
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

    private func document(_ worker: WorkerName?, _ entries: [Entry]) -> String {
        let root = publicURL().description
        let path = worker.map { "/w/\($0)/feed.atom" } ?? "/feed.atom"
        let title = worker.map { "\($0): new versions" } ?? "New versions of workers"
        // Without entries there was no news since the epoch, which readers take for old.
        let updated = entries.first?.at ?? Timestamp(milliseconds: 0)
        var lines = [
            #"<?xml version="1.0" encoding="utf-8"?>"#, #"<feed xmlns="http://www.w3.org/2005/Atom">"#,
            "<title>\(Markup.escaped(title))</title>", "<id>\(Markup.escaped(root + path))</id>",
            #"<link rel="self" type="application/atom+xml" href="\#(Markup.escaped(root + path))"/>"#,
            "<updated>\(updated)</updated>",
        ]
        for entry in entries {
            let link = "\(root)/w/\(entry.worker)?version=\(entry.version)"
            lines += [
                "<entry>", "<title>\(Markup.escaped("\(entry.worker) \(entry.version)"))</title>",
                "<id>\(Markup.escaped(link))</id>", #"<link rel="alternate" href="\#(Markup.escaped(link))"/>"#,
                "<updated>\(entry.at)</updated>",
                "<author><name>\(Markup.escaped(entry.account))</name></author>", "</entry>",
            ]
        }
        return (lines + ["</feed>"]).joined(separator: "\n") + "\n"
    }
}

/// Texts inside XML.
enum Markup {
    static func escaped(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            // XML has no words for these at all.
            case "\u{0}"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": output += "\u{FFFD}"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }
}
