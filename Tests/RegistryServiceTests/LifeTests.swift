// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import RegistryService
import RegistryStorage
import Resolution
import Testing
import WorkerModel

/// What happens to a version after it was published, and who notices.
struct LifeTests {
    /// A registry with `w` in three versions, `latest` on the last, and the caller who owns it.
    private static func run(_ body: @Sendable (ServiceFixture, Caller) async throws -> Void) async throws {
        try await ServiceFixture.run { (registry) async throws in
            let caller = try await registry.caller()
            for version in ["1.0.0", "1.1.0", "1.2.0"] {
                try await registry.publish(Requests.binary("w", version, tag: "latest"), by: caller)
            }
            try await body(registry, caller)
        }
    }

    private static func events(_ registry: ServiceFixture, _ name: String = "w") async throws -> [String] {
        let page = try PageRequest(size: "100", cursor: nil)
        let answer = try JSONValue(parsing: try await registry.service.records.events(of: name, page))
        guard case .array(let events) = answer["events"] else { return [] }
        return events.compactMap { if case .string(let kind) = $0["kind"] { kind } else { nil } }
    }

    private static func yank(
        _ registry: ServiceFixture,
        _ version: String,
        _ caller: Caller,
        reason: String = "bad"
    ) async throws -> VersionChangeAnswer {
        try await registry.service.yank("w", version, YankRequest(reason: reason), by: caller)
    }

    // MARK: Yanking

    @Test func yankedLatestGivesWayAndStaysForThoseWhoNameIt() async throws {
        try await Self.run { (registry, caller) async throws in
            let answer = try await Self.yank(registry, "1.2.0", caller)
            #expect(answer.hasChanged && answer.latest?.description == "1.1.0" && answer.yanked?.reason == "bad")
            #expect(try await registry.detail("w")["version"] == "1.1.0")
            #expect(try await registry.download("w", "^1")?["version"] == "1.1.0")
            #expect(try await registry.download("w", "1.2.0")?["version"] == "1.2.0")
            #expect(try await registry.detail("w", "1.2.0")["yanked"]?["reason"] == "bad")
            let pinned = try ResolvedGraph(json: try await registry.resolve("w", "1.2.0"))
            #expect(pinned.warnings.map(\.code) == [GraphWarning.yanked] && pinned.warnings[0].message == "bad")
            #expect(try await registry.resolve("w", "*")["warnings"] == nil)
            #expect(try await Self.events(registry).prefix(2) == ["channel_moved", "yanked"])
        }
    }

    @Test func yankingTwiceChangesNothingAndUnyankingTakesItBack() async throws {
        try await Self.run { (registry, caller) async throws in
            _ = try await Self.yank(registry, "1.1.0", caller)
            let count = try await Self.events(registry).count
            #expect(try await !Self.yank(registry, "1.1.0", caller).hasChanged)
            #expect(try await Self.events(registry).count == count)
            #expect(try await Self.yank(registry, "1.1.0", caller, reason: "worse").yanked?.reason == "worse")
            let undone = try await registry.service.yank.undo("w", "1.1.0", by: caller)
            #expect(undone.hasChanged && undone.yanked == nil && undone.latest?.description == "1.2.0")
            #expect(try await !registry.service.yank.undo("w", "1.1.0", by: caller).hasChanged)
            #expect(try await registry.download("w", "~1.1")?["version"] == "1.1.0")
        }
    }

    @Test func workerWithoutAnyVersionLeftIsHiddenUntilOneIsBack() async throws {
        try await Self.run { (registry, caller) async throws in
            for version in ["1.0.0", "1.1.0", "1.2.0"] { _ = try await Self.yank(registry, version, caller) }
            #expect(await ReadingTests.failure { try await registry.detail("w") }?.reason == .versionNotFound)
            #expect(try await registry.list().isEmpty)
            let answer = try await registry.service.yank.undo("w", "1.0.0", by: caller)
            #expect(answer.latest?.description == "1.0.0")
            #expect(try await registry.list() == ["w 1.0.0"])
        }
    }

    @Test func keptDownloadsGoWithAYank() async throws {
        try await Self.run { (registry, caller) async throws in
            #expect(try await registry.download("w", "^1")?["version"] == "1.2.0")
            _ = try await Self.yank(registry, "1.2.0", caller)
            #expect(try await registry.download("w", "^1")?["version"] == "1.1.0")
            #expect(try await registry.download("w")?["version"] == "1.1.0")
        }
    }

    @Test(arguments: ["a\u{0}b", "line\nbreak", String(repeating: "x", count: 1001)])
    func reasonsAreOneShortParagraph(_ reason: String) async throws {
        try await Self.run { (registry, caller) async throws in
            await #expect(throws: RegistryServiceError.self) {
                try await Self.yank(registry, "1.0.0", caller, reason: reason)
            }
            #expect(try await registry.detail("w", "1.0.0")["yanked"] == nil)
        }
    }

    // MARK: Deleting

    private static func obstacles(_ remove: () async throws -> some Any) async -> [RemovalObstacle] {
        do { _ = try await remove() } catch RegistryServiceError.removalRefused(_, _, let obstacles) {
            return obstacles
        } catch { Issue.record(error) }
        return []
    }

    @Test func freshVersionCanBeDeletedAndItsNumberIsUsedUp() async throws {
        try await Self.run { (registry, caller) async throws in
            let answer = try await registry.service.remove("w", "1.2.0", reason: "", by: caller)
            #expect(answer.latest?.description == "1.1.0")
            #expect(try await registry.list() == ["w 1.1.0"])
            await #expect(throws: RegistryServiceError.self) { try await registry.detail("w", "1.2.0") }
            await #expect { try await registry.publish(Requests.binary("w", "1.2.0"), by: caller) } throws: {
                if case RegistryServiceError.versionBurnt = $0 { true } else { false }
            }
            let report = try await CheckRegistry(store: registry.store, blobs: registry.blobs)()
            #expect(report.damages.isEmpty && report.versions == 2)
        }
    }

    @Test func everyRuleInTheWayOfDeletingIsTold() async throws {
        try await Self.run { (registry, caller) async throws in
            try await registry.publish(Requests.engine("needs", needs: [("w", "1.2.0")]), by: caller)
            try await registry.publish(Requests.engine("takes-any", needs: [("w", "^1")]), by: caller)
            for _ in 0..<9 { _ = try await registry.service.download("w", version: "1.2.0", counting: false) }
            try await registry.service.downloads.flush()
            _ = try await registry.service.download("w", version: "1.2.0", counting: true)
            registry.clock.advance(by: .seconds(24 * 3600 + 1))
            let obstacles = await Self.obstacles {
                try await registry.service.remove("w", "1.2.0", reason: "", by: caller)
            }
            #expect(obstacles.map(\.subject) == ["age", "downloads", "dependents"])
            #expect(obstacles.last?.reason.contains("needs@1.0.0") == true)
            #expect(try await registry.detail("w")["version"] == "1.2.0")
        }
    }

    @Test func lastVersionThatARangeFindsStays() async throws {
        try await Self.run { (registry, caller) async throws in
            try await registry.publish(Requests.engine("a", needs: [("w", ">=1.2")]), by: caller)
            let obstacles = await Self.obstacles {
                try await registry.service.remove("w", "1.2.0", reason: "", by: caller)
            }
            #expect(obstacles.map(\.subject) == ["dependents"])
            _ = try await registry.service.remove("w", "1.1.0", reason: "", by: caller)
        }
    }

    @Test func administratorRemovesForAReasonThatReadersAreTold() async throws {
        try await Self.run { (registry, _) async throws in
            try await registry.publish(Requests.engine("needs", needs: [("w", "1.2.0")]))
            registry.clock.advance(by: .seconds(90 * 24 * 3600))
            let administrator = try await registry.caller("root", scopes: [.admin])
            _ = try await registry.service.remove("w", "1.2.0", reason: "malware", by: administrator)
            for read in [{ try await registry.detail("w", "1.2.0") }, { try await registry.resolve("w", "1.2.0") }]
                as [@Sendable () async throws -> JSONValue]
            {
                await #expect { try await read() } throws: { error in
                    guard case RegistryServiceError.versionRemoved(_, let removal) = error else { return false }
                    return removal.isAbuse && removal.reason == "malware"
                }
            }
            #expect(await ReadingTests.failure { try await registry.resolve("needs") }?.reason == .versionNotFound)
        }
    }

    // MARK: Deprecating

    @Test func deprecationIsSeenWhereverTheVersionIs() async throws {
        try await Self.run { (registry, caller) async throws in
            try await registry.publish(Requests.engine("better"), by: caller)
            let better = try WorkerName(parsing: "better")
            let deprecate = registry.service.deprecate
            _ = try await deprecate("w", DeprecateRequest(message: "old", versions: "<1.1"), by: caller)
            let list = try await deprecate("w", DeprecateRequest(message: "leave", replacement: better), by: caller)
            #expect(list.deprecations.map(\.message) == ["old", "leave"])
            #expect(try await registry.detail("w", "1.0.0")["deprecated"]?["message"] == "old")
            #expect(try await registry.detail("w")["deprecated"]?["replacement"] == "better")
            let graph = try ResolvedGraph(json: try await registry.resolve("w"))
            #expect(graph.warnings.map(\.code) == [GraphWarning.deprecated])
            #expect(graph.warnings.first?.replacement == better)
            let versions = try VersionList(json: try JSONValue(parsing: try await registry.service.versions("w").body))
            #expect(versions.versions.map { $0.deprecated?.message } == ["leave", "leave", "old"])
            let page = try WorkerPage(json: try await registry.page(.init(search: "w")))
            #expect(page.workers.first?.deprecated?.message == "leave")
            #expect(try await deprecate("w", DeprecateRequest(message: ""), by: caller).deprecations.isEmpty)
            #expect(try await !deprecate("w", DeprecateRequest(message: ""), by: caller).hasChanged)
            #expect(try await registry.detail("w")["deprecated"] == nil)
            #expect(try await Self.events(registry).prefix(3) == ["undeprecated", "deprecated", "deprecated"])
        }
    }

    @Test func nonsenseOfADeprecationIsRefused() async throws {
        try await Self.run { (registry, caller) async throws in
            for request in [
                DeprecateRequest(message: "a", versions: "^^"),
                DeprecateRequest(message: "a", replacement: try WorkerName(parsing: "nobody")),
                DeprecateRequest(message: "a", replacement: try WorkerName(parsing: "w")),
            ] {
                await #expect(throws: RegistryServiceError.self) {
                    try await registry.service.deprecate("w", request, by: caller)
                }
            }
            #expect(try await registry.detail("w")["deprecated"] == nil)
        }
    }

    // MARK: Who may

    @Test func strangersAndLesserKeysChangeNothing() async throws {
        try await Self.run { (registry, _) async throws in
            let (stranger, lesser) = (
                try await registry.caller("mallory"), try await registry.caller(scopes: [.publish])
            )
            let before = try await Self.events(registry).count
            for caller in [stranger, lesser] {
                let service = registry.service
                let changes: [@Sendable () async throws -> Void] = [
                    { _ = try await Self.yank(registry, "1.0.0", caller) },
                    { _ = try await service.yank.undo("w", "1.0.0", by: caller) },
                    { _ = try await service.remove("w", "1.0.0", reason: "x", by: caller) },
                    { _ = try await service.deprecate("w", DeprecateRequest(message: "x"), by: caller) },
                    { _ = try await service.channels("w", "next", Moves.to("1.0.0"), by: caller) },
                    { _ = try await service.channels.remove("w", "next", by: caller) },
                ]
                for change in changes { await #expect(throws: RegistryServiceError.self) { try await change() } }
            }
            await #expect(throws: RegistryServiceError.self) {
                try await registry.service.skills.replace("w", ["version": "1.0.0", "skills": [:]], by: stranger)
            }
            #expect(try await Self.events(registry).count == before)
        }
    }
}

/// Moves of channels.
enum Moves {
    static func to(
        _ version: String,
        expecting expected: ChannelRequest.Expectation = .anything,
        on channel: ChannelName? = nil
    ) throws -> ChannelRequest {
        ChannelRequest(
            version: try SemanticVersion(parsing: version),
            expected: expected,
            expectedChannel: channel
        )
    }
}

extension ServiceFixture {
    func page(_ question: ListWorkers.Question) async throws -> JSONValue {
        try JSONValue(parsing: try await service.list(question))
    }

    /// The rows of a list as `name version`.
    func list(_ question: ListWorkers.Question = .init()) async throws -> [String] {
        try WorkerPage(json: try await page(question)).workers.map { "\($0.name) \($0.version)" }
    }
}
