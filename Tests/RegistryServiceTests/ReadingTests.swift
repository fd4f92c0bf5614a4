// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import RegistryService
import RegistryStorage
import Resolution
import Testing
import WorkerModel

/// What is read is what was published last, and says what there is where it says no.
struct ReadingTests {
    static func failure(_ read: () async throws -> some Any) async -> ResolutionFailure? {
        do {
            _ = try await read()
        } catch RegistryServiceError.unresolved(let failure) { return failure } catch {}
        return nil
    }

    @Test func graphComesDependenciesFirst() async throws {
        try await ServiceFixture.run { registry in
            try await registry.publish(Requests.engine("c", "1.4.0"))
            try await registry.publish(Requests.engine("b", "1.0.0", needs: [("c", "^1.0.0")]))
            try await registry.publish(Requests.engine("a", "1.0.0", needs: [("b", "*"), ("c", "latest")]))
            let request = try ResolveRequest(json: ["worker": "a", "target": "aarch64-apple-darwin"])
            let answer = try JSONValue(parsing: try await registry.service.resolve(request))
            let graph = try ResolvedGraph(json: answer)
            #expect(graph.nodes.map(\.name.description) == ["c", "b", "a"])
            #expect(graph.edges.map { "\($0.from)>\($0.to):\($0.range)" } == ["a>b:*", "b>c:^1.0.0", "a>c:latest"])
            #expect(answer["target"] == "aarch64-apple-darwin")
            #expect(answer["root"] == ["name": "a", "version": "1.0.0"])
        }
    }

    @Test func targetIsLeftOutWhereNoneWasSent() async throws {
        try await ServiceFixture.run { registry in
            try await registry.publish(Requests.engine("a"))
            #expect(try await registry.resolve("a")["target"] == nil)
        }
    }

    @Test func failuresNameTheWay() async throws {
        try await ServiceFixture.run { registry in
            try await registry.publish(Requests.engine("a", needs: [("gone", "^0.2.1")]))
            let missing = await Self.failure { try await registry.resolve("a") }
            #expect(missing?.reason == .workerNotFound && missing?.dependencyPathText == "a -> gone")
            #expect(missing?.requested == ["^0.2.1"] && missing?.isRoot == false)
            let range = await Self.failure { try await registry.resolve("a", "^9") }
            #expect(range?.reason == .versionNotFound && range?.available.map(\.description) == ["1.0.0"])
            #expect(await Self.failure { try await registry.resolve("nobody") }?.isRoot == true)
        }
    }

    @Test func workerWithoutLatestListsItsVersions() async throws {
        try await ServiceFixture.run { registry in
            try await registry.publish(Requests.engine("a", "1.0.0-rc.1", tag: nil))
            let found = await Self.failure { try await registry.detail("a") }
            #expect(found?.reason == .versionNotFound && found?.available.map(\.description) == ["1.0.0-rc.1"])
            #expect(await Self.failure { try await registry.download("a") }?.reason == .versionNotFound)
            #expect(try await registry.detail("a", "1.0.0-rc.1")["version"] == "1.0.0-rc.1")
        }
    }

    @Test(arguments: ["../etc", "", "a/b", "A b", String(repeating: "a", count: 65)])
    func impossibleNamesAreNotFound(_ name: String) async throws {
        try await ServiceFixture.run { registry in
            await #expect(throws: RegistryServiceError.self) { try await registry.detail(name) }
            await #expect(throws: RegistryServiceError.self) { try await registry.download(name) }
            await #expect(throws: RegistryServiceError.self) { try await registry.service.versions(name) }
        }
    }

    @Test func downloadTakesVersionsChannelsAndRanges() async throws {
        try await ServiceFixture.run { registry in
            try await registry.publish(Requests.binary("w", "1.0.0", tag: "latest"))
            let caller = try await registry.caller()
            try await registry.publish(Requests.binary("w", "1.1.0", tag: "latest"), by: caller)
            try await registry.publish(Requests.binary("w", "2.0.0-rc.1", tag: "next"), by: caller)
            for (selector, version) in [
                (nil, "1.1.0"), ("", "1.1.0"), ("1.0.0", "1.0.0"), ("next", "2.0.0-rc.1"), ("^1", "1.1.0"),
                ("1.0.x", "1.0.0"),
            ] as [(String?, String)] {
                #expect(try await registry.download("w", selector)?["version"] == .string(version))
            }
            #expect(await Self.failure { try await registry.download("w", "^2") }?.reason == .versionNotFound)
        }
    }

    @Test func engineHasNothingToDownload() async throws {
        try await ServiceFixture.run { registry in
            try await registry.publish(Requests.engine("a"))
            let answer = try await registry.service.download("a", version: "1.0.0", counting: false)
            #expect(answer.body == nil && answer.version.description == "1.0.0")
            #expect(try await registry.detail("a")["total_downloads"] == 1)
        }
    }

    @Test func keptAnswersGoWithTheNextChange() async throws {
        try await ServiceFixture.run { registry in
            let caller = try await registry.caller()
            try await registry.publish(Requests.binary("w", "1.0.0", tag: "latest"), by: caller)
            let question = AnswerQuestion(name: "w", selector: "")
            #expect(try await registry.download("w")?["version"] == "1.0.0")
            #expect(registry.service.download.table.answer(to: question)?.version.description == "1.0.0")
            try await registry.publish(Requests.binary("w", "1.1.0", tag: "latest"), by: caller)
            #expect(registry.service.download.table.answer(to: question) == nil)
            #expect(try await registry.download("w")?["version"] == "1.1.0")
        }
    }

    @Test func countsAreSeenAtOnceAndWrittenLater() async throws {
        try await ServiceFixture.run { registry in
            try await registry.publish(Requests.binary("w", "1.0.0", tag: "latest"))
            let service = registry.service
            for isCI in [false, false, true] { _ = try await service.download("w", version: nil, counting: isCI) }
            #expect(try await registry.detail("w")["total_downloads"] == 2)
            try await service.downloads.flush()
            #expect(try await registry.detail("w")["total_downloads"] == 2)
            let name = try WorkerName(parsing: "w")
            #expect(try await registry.store.read { try $0.downloads(of: name, since: nil) } == 2)
            _ = try await service.download("w", version: "1.0.0", counting: false)
            try await service.downloads.flush()
            try await service.downloads.flush()
            #expect(try await registry.store.read { try $0.downloads(of: name, since: nil) } == 3)
        }
    }

    @Test func countsOutliveAFailureOfTheStore() async throws {
        try await ServiceFixture.run { registry in
            try await registry.publish(Requests.binary("w", "1.0.0", tag: "latest"))
            _ = try await registry.service.download("w", version: nil, counting: false)
            try await registry.store.close()
            await #expect(throws: RegistryStorageError.self) { try await registry.service.downloads.flush() }
            let reopened = try ServiceFixture(registry.folder)
            #expect(registry.service.downloads.unwritten == 1)
            #expect(try await reopened.detail("w")["total_downloads"] == 0)
            try await reopened.store.close()
        }
    }
}
