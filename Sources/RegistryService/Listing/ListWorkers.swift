// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import RegistryStorage
import WorkerModel

/// Pages of workers: all of them, or those that a search finds, each in its `latest` version.
package struct ListWorkers: Sendable {
    /// Words are looked for in so many bytes of a search; nobody types more.
    static let searchSize = 200

    /// What is asked for, as it was written; nil and empty mean nothing.
    package struct Question: Sendable {
        package var search: String?
        package var tag: String?
        package var kind: String?
        package var sort: String?
        package var pageSize: String?
        package var cursor: String?
        /// The most rows that `pageSize` may ask for.
        package var largestPage = PageRequest.largest

        package init(
            search: String? = nil,
            tag: String? = nil,
            kind: String? = nil,
            sort: String? = nil,
            pageSize: String? = nil,
            cursor: String? = nil
        ) {
            self.search = search
            self.tag = tag
            self.kind = kind
            self.sort = sort
            self.pageSize = pageSize
            self.cursor = cursor
        }
    }

    let store: any RegistryStore
    let counter: DownloadCounter

    /// Answers one page.
    ///
    /// - Returns: the answer as JSON.
    /// - Throws: `RegistryServiceError.invalidRequest` with everything that is wrong with the question.
    package func callAsFunction(_ question: Question) async throws -> [UInt8] {
        let query = try question.query()
        // A search for nothing that has letters or digits finds nothing; no search finds all.
        let isHopeless = query.words.isEmpty && !(question.search ?? "").allSatisfy(\.isWhitespace)
        // Rows are sorted by what is written down, and show it: one number. What cannot be written now is written later.
        try? await counter.flush()
        let answer = try await store.read { session -> (rows: [[UInt8]], next: ListingPlace?) in
            if isHopeless { return ([], nil) }
            let page = try session.listings(query)
            return (try page.rows.map { try Self.row($0, in: session) }, page.next)
        }
        var output = Array("{\"workers\":[".utf8)
        for (index, row) in answer.rows.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output += row
        }
        output += "],\"pagination\":".utf8
        output += Pagination(next: answer.next.map(Cursor.text), pageSize: query.limit).json.bytes()
        output.append(UInt8(ascii: "}"))
        return output
    }

    /// What was made when the version became `latest`, with what changes put at its end.
    private static func row(
        _ row: ListingPage.Row,
        in session: any RegistryReadSession
    ) throws -> [UInt8] {
        var changing: JSONObject = ["total_downloads": .number(JSONNumber(row.downloads))]
        changing["author"] = try session.owners(of: row.worker).first.map { owner in
            WorkerDetail.Author(name: owner.description, isVerified: true).json
        }
        if let deprecation = try session.deprecations(of: row.worker).first(where: { $0.versions == nil }) {
            changing["deprecated"] = DeprecationNotice(deprecation).json
        }
        return AnswerText.adding(changing, to: row.answer)
    }
}

extension ListWorkers.Question {
    fileprivate func query() throws(RegistryServiceError) -> ListingQuery {
        var problems: [PublicationProblem] = []
        func note(_ path: String, _ reason: String) { problems.append(PublicationProblem(path: path, reason: reason)) }
        var query = ListingQuery(
            words: Self.words(of: search ?? ""),
            tag: tag.ifWritten,
            limit: min(PageRequest.standard, largestPage)
        )
        if let kind = kind.ifWritten {
            query.kind = WorkerKind(rawValue: kind)
            let known = WorkerKind.allCases.map(\.rawValue).joined(separator: ", ")
            if query.kind == nil { note("type", "is not one of \(known)") }
        }
        switch sort.ifWritten {
        case nil, "relevance": query.order = .relevance
        case "downloads": query.order = .downloads
        case "recent": query.order = .recent
        default: note("sort", "is not one of relevance, downloads, recent")
        }
        do throws(RegistryServiceError) {
            query.limit = try PageRequest(size: pageSize, largest: largestPage).size
        } catch { if case .invalidRequest(let found) = error { problems += found } }
        if let cursor = cursor.ifWritten {
            query.after = Cursor.place(cursor)
            if query.after == nil { note("cursor", "is not one that this registry gave") }
        }
        if !problems.isEmpty { throw .invalidRequest(problems) }
        return query
    }

    private static func words(of search: String) -> [String] {
        let text = String(decoding: search.utf8.prefix(ListWorkers.searchSize), as: UTF8.self).lowercased()
        return text.split { !($0.isLetter || $0.isNumber) }.map(String.init)
    }
}

extension String? {
    fileprivate var ifWritten: String? { self?.isEmpty == true ? nil : self }
}

/// Where a list goes on, as a text that only this registry reads.
enum Cursor {
    static func text(_ place: ListingPlace) -> String {
        String(place.major, radix: 36) + "." + String(place.minor, radix: 36)
    }

    static func place(_ text: String) -> ListingPlace? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = Int64(parts[0], radix: 36), let minor = Int64(parts[1], radix: 36) else {
            return nil
        }
        return ListingPlace(major: major, minor: minor)
    }
}

/// How a list ends.
struct Pagination {
    let next: String?
    let pageSize: Int

    var json: JSONValue {
        [
            "next_cursor": next.map(JSONValue.string) ?? .null, "has_more": .bool(next != nil),
            "page_size": .number(JSONNumber(pageSize)),
        ]
    }
}
