// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import RegistryService
import Testing

/// Events, dependents, downloads, feeds and badges tell what happened, all of it and at once.
struct RecordTests {
    @Test func eventsComeLastFirstPageByPage() async throws {
        try await ServiceFixture.run { (registry) async throws in
            let caller = try await registry.caller()
            try await registry.publish(Requests.engine("w", "1.0.0"), by: caller)
            try await registry.publish(Requests.engine("other"), by: caller)
            try await registry.publish(Requests.engine("w", "1.1.0"), by: caller)
            var (cursor, kinds) = (String?.none, [String]())
            repeat {
                let page = try PageRequest(size: "2", cursor: cursor)
                let answer = try JSONValue(parsing: try await registry.service.records.events(of: "w", page))
                guard case .array(let events) = answer["events"] else { break }
                #expect(events.count <= 2)
                for event in events { if case .string(let kind) = event["kind"] { kinds.append(kind) } }
                if case .string(let next) = answer["pagination"]?["next_cursor"] { cursor = next } else { cursor = nil }
            } while cursor != nil
            #expect(kinds == ["channel_moved", "published", "channel_moved", "published", "owner_added"])
        }
    }

    @Test func downloadsAreToldByVersionAndDay() async throws {
        try await ServiceFixture.run { (registry) async throws in
            let caller = try await registry.caller()
            let service = registry.service
            try await registry.publish(Requests.binary("w", "1.0.0", tag: "latest"), by: caller)
            try await registry.publish(Requests.binary("w", "1.1.0"), by: caller)
            func download(_ version: String, ci: Bool = false) async throws {
                _ = try await service.download("w", version: version, counting: ci)
            }
            try await download("1.0.0")
            try await service.downloads.flush()
            registry.clock.advance(by: .seconds(8 * 24 * 3600))
            try await download("1.0.0")
            try await download("1.1.0", ci: true)
            try await service.downloads.flush()
            try await download("1.0.0")
            let answer = try JSONValue(parsing: try await service.records.downloads(of: "w"))
            #expect(answer["total_downloads"] == 3 && answer["weekly_downloads"] == 2)
            #expect(answer["period_downloads"] == 3 && answer["period_ci_downloads"] == 1)
            #expect(
                answer["versions"] == [
                    ["version": "1.1.0", "days": [["day": "2026-08-09", "count": 0, "ci": 1]]],
                    [
                        "version": "1.0.0",
                        "days": [
                            ["day": "2026-08-01", "count": 1, "ci": 0], ["day": "2026-08-09", "count": 2, "ci": 0],
                        ],
                    ],
                ]
            )
        }
    }

    @Test func dependentsAreToldWithTheirRanges() async throws {
        try await ServiceFixture.run { (registry) async throws in
            let caller = try await registry.caller()
            for name in ["a", "b"] {
                try await registry.publish(Requests.engine(name, needs: [("w", "^1")]), by: caller)
            }
            try await registry.publish(Requests.engine("w"), by: caller)
            let page = try PageRequest(size: "1", cursor: nil)
            let answer = try JSONValue(parsing: try await registry.service.records.dependents(of: "w", page))
            #expect(answer["dependents"] == [["name": "a", "version": "1.0.0", "range": "^1"]])
            #expect(answer["pagination"] == ["next_cursor": "a", "has_more": true, "page_size": 1])
            let second = try PageRequest(size: "1", cursor: "a")
            let rest = try JSONValue(parsing: try await registry.service.records.dependents(of: "w", second))
            #expect(rest["pagination"]?["has_more"] == false)
        }
    }

    @Test func feedNamesWhatWasPublished() async throws {
        try await ServiceFixture.run { (registry) async throws in
            let caller = try await registry.caller()
            try await registry.publish(Requests.engine("w", "1.0.0"), by: caller)
            try await registry.publish(Requests.engine("v", "2.0.0"), by: caller)
            let all = String(decoding: try await registry.service.feed(), as: UTF8.self)
            #expect(all.contains("<title>v 2.0.0</title>") && all.contains("<title>w 1.0.0</title>"))
            #expect(all.contains("https://registry.test/w/w?version=1.0.0"))
            let one = String(decoding: try await registry.service.feed(of: "w"), as: UTF8.self)
            #expect(!one.contains("2.0.0") && one.contains("<updated>2026-08-01T10:00:00Z</updated>"))
        }
    }

    @Test func badgesShowNumbersAndNeverFail() async throws {
        try await ServiceFixture.run { (registry) async throws in
            try await registry.publish(Requests.binary("w", "1.0.0", tag: "latest"))
            for _ in 0..<3 { _ = try await registry.service.download("w", version: nil, counting: false) }
            let badges = registry.service.badges
            for (picture, label) in [
                (try await badges(.workers), "iii workers 1"), (try await badges(.downloads), "iii downloads 3"),
                (try await badges(.weeklyDownloads), "iii downloads/week 3"),
                (try await badges(worker: "w"), "iii w v1.0.0"), (try await badges(worker: "x"), "iii x not published"),
                (try await badges(worker: "<&>"), "iii no such worker"),
            ] { #expect(String(decoding: picture, as: UTF8.self).contains(#"aria-label="\#(label)""#), "\(label)") }
        }
    }
}
