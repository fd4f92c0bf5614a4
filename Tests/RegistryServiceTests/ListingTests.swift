// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import RegistryService
import RegistryStorage
import Testing
import WorkerModel

/// Lists show workers as their `latest` version is, at once.
struct ListingTests {
    @Test func rowIsWhatWasPublishedWithoutReadmeAndInterface() async throws {
        try await ServiceFixture.run { (registry) async throws in
            var request = Requests.binary("smoke", "1.2.3", tag: "latest")
            request["description"] = "Smoke"
            request["readme"] = "# secret word xylophone"
            request["tags"] = ["a", "B c"]
            request["config"] = ["n": .number(JSONNumber(1)), "deep": [["x": nil]]]
            request["functions"] = [["name": "smoke::run"]]
            request["dependencies"] = [["name": "base", "version": "^1"]]
            request["experimental"] = true
            try await registry.publish(request)
            _ = try await registry.service.download("smoke", version: nil, counting: false)
            let page = try await registry.page(.init(search: "xylophone"))
            guard case .array(let rows) = page["workers"], let row = rows.first else {
                Issue.record("no row: \(page.text())")
                return
            }
            let detail = try await registry.detail("smoke")
            for key in ["readme", "functions", "triggers"] { #expect(row[key] == nil, "\(key)") }
            for key in [
                "name", "version", "type", "description", "repo", "config", "supported_targets", "dependencies",
                "license", "tags", "experimental", "total_downloads", "author",
            ] { #expect(row[key] == detail[key] && row[key] != nil, "\(key)") }
            #expect(row["total_downloads"] == 1)
            #expect(page["pagination"] == ["next_cursor": nil, "has_more": false, "page_size": 20])
        }
    }

    @Test func pagesFollowEachOther() async throws {
        try await ServiceFixture.run { (registry) async throws in
            let caller = try await registry.caller()
            for number in 10..<35 { try await registry.publish(Requests.engine("w\(number)"), by: caller) }
            var (cursor, seen, sizes) = (String?.none, Set<String>(), [Int]())
            repeat {
                let page = try WorkerPage(json: try await registry.page(.init(cursor: cursor)))
                seen.formUnion(page.workers.map(\.name.description))
                sizes.append(page.workers.count)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(seen.count == 25 && sizes == [20, 5])
            let small = try WorkerPage(json: try await registry.page(.init(search: "w1", pageSize: "3")))
            #expect(small.workers.count == 3 && small.nextCursor != nil)
        }
    }

    @Test func workerWithoutLatestIsNotListed() async throws {
        try await ServiceFixture.run { (registry) async throws in
            let caller = try await registry.caller()
            try await registry.publish(Requests.binary("w", "1.0.0"), by: caller)
            #expect(try await registry.list().isEmpty)
            _ = try await registry.service.channels("w", "latest", Moves.to("1.0.0"), by: caller)
            #expect(try await registry.list(.init(search: "w")) == ["w 1.0.0"])
        }
    }

    @Test(arguments: [
        ("!!!", 0), ("  ", 2), ("", 2), ("'; DROP TABLE workers; --", 0), (String(repeating: "a ", count: 5000), 0),
    ])
    func searchOfAnythingIsSafe(_ search: String, _ count: Int) async throws {
        try await ServiceFixture.run { (registry) async throws in
            try await registry.publish(Requests.engine("one"))
            try await registry.publish(Requests.engine("two"))
            #expect(try await registry.list(.init(search: search)).count == count)
        }
    }

    @Test func everythingWrongWithAQuestionIsTold() async throws {
        try await ServiceFixture.run { (registry) async throws in
            let question = ListWorkers.Question(kind: "x", sort: "x", pageSize: "x", cursor: "x")
            do {
                _ = try await registry.list(question)
            } catch RegistryServiceError.invalidRequest(let problems) {
                #expect(problems.map(\.path) == ["type", "sort", "page_size", "cursor"])
            }
        }
    }

    @Test func registryOfAnOlderReleaseIsListedWhenItIsPrepared() async throws {
        try await ServiceFixture.run { (registry) async throws in
            try await registry.publish(Requests.engine("one"))
            try await registry.store.write { try $0.removeListing(of: WorkerName(parsing: "one")) }
            #expect(try await registry.list().isEmpty)
            try await registry.service.prepare()
            #expect(try await registry.list() == ["one 1.0.0"])
        }
    }

    @Test func rowsAreSortedByTheNumberThatTheyShow() async throws {
        try await ServiceFixture.run { registry in
            for name in ["a", "b", "c"] { try await registry.publish(Requests.binary(name, tag: "latest")) }
            for name in ["b", "b", "b", "c"] {
                _ = try await registry.service.download(name, version: nil, counting: false)
            }
            guard case .array(let rows) = try await registry.page(.init(sort: "downloads"))["workers"] else {
                Issue.record("no rows")
                return
            }
            #expect(rows.map { $0["name"] } == ["b", "c", "a"])
            #expect(rows.map { $0["total_downloads"] } == [3, 1, 0])
        }
    }
}
