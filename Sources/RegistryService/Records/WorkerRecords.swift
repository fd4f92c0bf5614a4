// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryStorage
import WorkerModel

/// What is remembered of a worker besides its versions: what happened, who needs it, how often it was downloaded.
package struct WorkerRecords: Sendable {
    /// Days of downloads that are shown.
    static let days = 90

    let store: any RegistryStore
    let counter: DownloadCounter
    let surroundings: Surroundings

    /// Everything that happened to a worker, last first.
    ///
    /// - Returns: a page of it as JSON.
    /// - Throws: `RegistryServiceError`.
    package func events(of name: String, _ page: PageRequest) async throws -> [UInt8] {
        let (name, place) = (try VersionChoice.name(name), try page.place())
        let events = try await store.read { session in
            try Self.expect(name, in: session)
            return try session.events(of: name, before: place?.minor, limit: page.size + 1)
        }
        let shown = events.prefix(page.size)
        let next = events.count > page.size ? shown.last.map { ListingPlace(major: 0, minor: $0.sequence) } : nil
        let answer: JSONObject = [
            "events": .array(shown.map(Self.row)),
            "pagination": Pagination(next: next.map(Cursor.text), pageSize: page.size).json,
        ]
        return JSONValue.object(answer).bytes()
    }

    /// The workers that need a worker in their `latest` version, by name.
    ///
    /// - Returns: a page of them as JSON.
    /// - Throws: `RegistryServiceError`.
    package func dependents(of name: String, _ page: PageRequest) async throws -> [UInt8] {
        let name = try VersionChoice.name(name)
        let after = try page.cursor.map { cursor in
            guard let name = try? WorkerName(parsing: cursor) else { throw PageRequest.badCursor }
            return name
        }
        let dependents = try await store.read { session in
            try Self.expect(name, in: session)
            return try session.dependents(of: name, after: after, limit: page.size + 1)
        }
        let shown = dependents.prefix(page.size)
        let next = dependents.count > page.size ? shown.last?.worker.description : nil
        let answer: JSONObject = [
            "dependents": .array(
                shown.map { dependent in
                    [
                        "name": .string(dependent.worker.description),
                        "version": .string(dependent.version.description),
                        "range": .string(dependent.selector),
                    ]
                }
            ),
            "pagination": Pagination(next: next, pageSize: page.size).json,
        ]
        return JSONValue.object(answer).bytes()
    }

    /// Downloads of a worker by version and day, of the last days; those by CI machines apart.
    ///
    /// - Returns: the answer as JSON.
    /// - Throws: `RegistryServiceError`.
    package func downloads(of name: String) async throws -> [UInt8] {
        let name = try VersionChoice.name(name)
        let today = surroundings.now().day
        let start = today.adding(days: 1 - Self.days)
        let uncounted = counter.pendingCounts(of: name)
        let (counted, total) = try await store.read { session in
            try Self.expect(name, in: session)
            return (
                try session.downloadCounts(of: name, since: start), try session.downloads(of: name, since: nil)
            )
        }
        let counts = counted + uncounted
        func sum(_ isIncluded: (DownloadCount) -> Bool) -> JSONValue {
            .number(JSONNumber(counts.reduce(0) { isIncluded($1) ? $0 + $1.count : $0 }))
        }
        let week = today.adding(days: -6)
        let pending = uncounted.reduce(0) { $1.isCI ? $0 : $0 + $1.count }
        let answer: JSONObject = [
            "name": .string(name.description), "since": .string(start.description),
            "total_downloads": .number(JSONNumber(total + pending)),
            "weekly_downloads": sum { !$0.isCI && $0.day >= week },
            "period_downloads": sum { !$0.isCI }, "period_ci_downloads": sum(\.isCI),
            "versions": .array(Self.byVersion(counts)),
        ]
        return JSONValue.object(answer).bytes()
    }

    private static func expect(_ name: WorkerName, in session: any RegistryReadSession) throws {
        guard try session.worker(name) != nil else { throw RegistryServiceError.workerNotFound(name) }
    }

    private static func row(_ recorded: RecordedEvent) -> JSONValue {
        let event = recorded.event
        var row: JSONObject = [
            "sequence": .number(JSONNumber(recorded.sequence)), "kind": .string(event.kind.rawValue),
            "at": .string(event.at.description), "account": event.account.map { .string($0.description) } ?? .null,
            "version": event.version.map { .string($0.description) } ?? .null,
        ]
        // Written by us; what cannot be read is better left out than an error for all.
        row["details"] = (try? JSONValue(parsing: event.details)) ?? .emptyObject
        return .object(row)
    }

    /// The newest version first, of each the days with downloads, oldest first.
    private static func byVersion(_ counts: [DownloadCount]) -> [JSONValue] {
        let byVersion = Dictionary(grouping: counts, by: \.version)
        return byVersion.sorted { $1.key < $0.key }.map { version, counts in
            let days = Dictionary(grouping: counts, by: \.day).sorted { $0.key < $1.key }
            let rows: [JSONValue] = days.map { day, counts in
                func sum(isCI: Bool) -> JSONValue {
                    .number(JSONNumber(counts.reduce(0) { $1.isCI == isCI ? $0 + $1.count : $0 }))
                }
                return ["day": .string(day.description), "count": sum(isCI: false), "ci": sum(isCI: true)]
            }
            return ["version": .string(version.description), "days": .array(rows)]
        }
    }
}

/// A page of a list, as it was asked for.
package struct PageRequest: Sendable {
    /// Rows where nobody asks for a number of them.
    package static let standard = 20
    /// The most rows that may be asked for, where a server sets no other limit.
    package static let largest = 100

    package let size: Int
    package let cursor: String?

    /// Reads the two texts of a query; nil and empty mean the first page of the standard size.
    ///
    /// - Throws: `RegistryServiceError.invalidRequest`.
    package init(
        size: String? = nil,
        cursor: String? = nil,
        largest: Int = PageRequest.largest
    ) throws(RegistryServiceError) {
        self.cursor = cursor?.isEmpty == true ? nil : cursor
        guard let size, !size.isEmpty else {
            self.size = min(Self.standard, largest)
            return
        }
        guard let number = Int(size), (1...max(1, largest)).contains(number) else {
            let reason = "is not a number from 1 to \(largest)"
            throw .invalidRequest([PublicationProblem(path: "page_size", reason: reason)])
        }
        self.size = number
    }

    static let badCursor = RegistryServiceError.invalidRequest([
        PublicationProblem(path: "cursor", reason: "is not one that this registry gave")
    ])

    func place() throws(RegistryServiceError) -> ListingPlace? {
        guard let cursor else { return nil }
        guard let place = Cursor.place(cursor) else { throw Self.badCursor }
        return place
    }
}
