// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import RegistryStorage
import WorkerModel

/// What lists and searches have of each worker: made of its `latest` version whenever that changes.
enum ListedWorkers {
    /// The number of the layout that `listing` makes.
    ///
    /// A server that makes another one makes all listings anew when it starts.
    static let format = 1
    /// Bytes of a README by which a worker is found; what people look for stands at its beginning.
    private static let readme = 8 << 10
    /// Workers that are listed anew in one transaction.
    private static let batch = 200

    /// Writes down what lists show of a worker, or that it is not shown.
    static func refresh(_ name: WorkerName, in session: any RegistrySession) throws {
        guard let version = try session.channel(.latest, of: name),
            let published = try session.version(version, of: name)
        else {
            try session.removeListing(of: name)
            return
        }
        try session.setListing(try listing(of: published))
    }

    /// Lists every worker that is not listed, or only in an older layout.
    static func refreshAll(in store: any RegistryStore) async throws {
        while true {
            let names = try await store.read { try $0.unlisted(format: format, limit: batch) }
            if names.isEmpty { return }
            try await store.write { session in
                for name in names { try refresh(name, in: session) }
            }
        }
    }

    private static func listing(of published: PublishedVersion) throws -> WorkerListing {
        guard let detail = try? JSONValue(parsing: published.answers.detail), case .object(var row) = detail else {
            throw RegistryStorageError.damaged(what: "the answers of `\(published.worker)@\(published.version)`")
        }
        let readme = row["readme"]?.text ?? ""
        let functions = row["functions"]?.elements.compactMap { $0["name"]?.text } ?? []
        for key in ["readme", "functions", "triggers"] { row[key] = nil }
        return WorkerListing(
            worker: published.worker,
            format: format,
            kind: published.kind,
            publishedAt: published.publishedAt,
            answer: JSONValue.object(row).text(),
            tags: row["tags"]?.elements.compactMap(\.text) ?? [],
            description: row["description"]?.text ?? "",
            functions: functions,
            readme: String(decoding: readme.utf8.prefix(Self.readme), as: UTF8.self)
        )
    }
}

extension JSONValue {
    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
    fileprivate var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
}
