// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import RegistryAPI
import RegistryService
import RegistryStorage
import Testing
import WorkerModel

/// A version is published whole or not at all, once, by those who may.
struct PublishTests {
    /// What JSON can hold that careless stores lose.
    static let nasty: JSONValue = [
        "empty": "", "unicode": "é e\u{301} \u{1F600} \u{202E} \u{0}\u{1}\u{7F}", "quote": "\"\\/\n",
        "nested": [[[[:]]], [nil, true, false]], "": "empty key",
        "@public-url-0@": "https://registry.test", "number": 1,
    ]

    @Test func readsBackWhatWasPublished() async throws {
        try await ServiceFixture.run { registry in
            let big = try JSONValue(parsing: #"{"big":123456789012345678901234567890,"small":1e-400,"one":1.0}"#)
            var request = Requests.binary(tag: "latest")
            request["readme"] = "# Smoke\r\n\u{0} \u{1F600}\n"
            request["description"] = " spaces "
            request["license"] = "Apache-2.0"
            request["repo"] = "https://github.com/acme/w"
            request["tags"] = ["b", "a", "b"]
            request["experimental"] = true
            request["config"] = ["nasty": Self.nasty, "numbers": big]
            request["dependencies"] = [["name": "z", "version": ""], ["name": "a", "version": "latest"]]
            request["functions"] = [["name": "smoke::run", "request_schema": Self.nasty, "own": big, "metadata": nil]]
            request["triggers"] = [["name": "tick", "invocation_schema": big]]
            try await registry.publish(request)
            let detail = try await registry.detail("smoke", "1.2.3")
            for key in [
                "version", "type", "readme", "description", "license", "repo", "tags", "experimental", "config",
                "dependencies", "functions", "triggers",
            ] {
                #expect(detail[key].map { $0.isEquivalent(to: request[key] ?? .null) } == true, "\(key)")
            }
            #expect(detail["supported_targets"] == ["x86_64-unknown-linux-gnu"])
            #expect(detail["author"] == ["name": "acme", "pfp": nil, "verified": true])
            #expect(detail["published_at"] == "2026-08-01T10:00:00Z")
            let download = try await registry.download("smoke", "1.2.3")
            #expect(download?["config"].map { $0.isEquivalent(to: request["config"] ?? .null) } == true)
            #expect(download?["binaries"] == request["binaries"].map { Self.sorted($0) })
        }
    }

    private static func sorted(_ binaries: JSONValue) -> JSONValue {
        guard case .object(let targets) = binaries else { return binaries }
        return .object(
            JSONObject(
                targets.members.map { target in
                    (target.key, ["sha256": target.value["sha256"] ?? .null, "url": target.value["url"] ?? .null])
                }
            )
        )
    }

    @Test func tagMovesWithTheVersion() async throws {
        try await ServiceFixture.run { registry in
            let caller = try await registry.caller()
            try await registry.publish(Requests.engine("state", "1.0.0", tag: "latest"), by: caller)
            try await registry.publish(Requests.engine("state", "1.1.0", tag: nil), by: caller)
            #expect(try await registry.resolve("state")["root"]?["version"] == "1.0.0")
            try await registry.publish(Requests.engine("state", "1.2.0", tag: "latest"), by: caller)
            #expect(try await registry.resolve("state")["root"]?["version"] == "1.2.0")
            #expect(try await registry.resolve("state", "1.1.0")["root"]?["version"] == "1.1.0")
            let rows = try JSONValue(parsing: try await registry.service.versions("state").body)["versions"]
            let expected: [JSONValue] = [
                ["version": "1.2.0", "tag": "latest", "tags": ["latest"]],
                ["version": "1.1.0", "tag": nil, "tags": []], ["version": "1.0.0", "tag": nil, "tags": []],
            ]
            guard case .array(let found) = rows else { return #expect(Bool(false)) }
            #expect(
                found.map { ["version": $0["version"] ?? 0, "tag": $0["tag"] ?? 0, "tags": $0["tags"] ?? 0] }
                    == expected
            )
        }
    }

    @Test func repeatingChangesNothing() async throws {
        try await ServiceFixture.run { registry in
            let caller = try await registry.caller()
            try await registry.publish(Requests.binary(tag: "latest"), by: caller)
            var other = Requests.binary(tag: "next")
            try await Self.expectExists(identical: true) { try await registry.publish(other, by: caller) }
            other["readme"] = "changed"
            try await Self.expectExists(identical: false) { try await registry.publish(other, by: caller) }
            #expect(try await registry.store.read { try $0.channel(.next, of: WorkerName(parsing: "smoke")) } == nil)
            #expect(try await registry.detail("smoke")["readme"] == "")
        }
    }

    private static func expectExists(identical: Bool, _ publish: () async throws -> PublishAnswer) async throws {
        do {
            _ = try await publish()
            Issue.record("a version was published twice")
        } catch RegistryServiceError.versionExists(_, _, let isIdentical) { #expect(isIdentical == identical) }
    }

    @Test func oneOfManyPublishersWins() async throws {
        try await ServiceFixture.run { registry in
            let caller = try await registry.caller()
            let outcomes = await withTaskGroup(of: String.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        var request = Requests.engine("race", "1.0.0", tag: "t\(number)")
                        request["readme"] = .string("\(number)")
                        do {
                            _ = try await registry.publish(request, by: caller)
                            return "published"
                        } catch RegistryServiceError.versionExists { return "exists" } catch { return "\(error)" }
                    }
                }
                return await group.reduce(into: [String]()) { $0.append($1) }.sorted()
            }
            #expect(outcomes == Array(repeating: "exists", count: 5) + ["published"])
            let channels = try await registry.store.read { try $0.channels(of: WorkerName(parsing: "race")) }
            let readme = try await registry.detail("race", "1.0.0")["readme"]
            #expect(channels.keys.map { "\($0)" } == [readme].map { "t\($0?.text() ?? "")".replacing("\"", with: "") })
        }
    }

    @Test func firstPublisherOwnsTheName() async throws {
        try await ServiceFixture.run { registry in
            try await registry.publish(Requests.engine("state", "1.0.0"), by: registry.caller("acme"))
            let stranger = try await registry.caller("mallory")
            await #expect(throws: RegistryServiceError.self) {
                try await registry.publish(Requests.engine("state", "1.1.0"), by: stranger)
            }
            #expect(try await registry.store.read { try $0.versions(of: WorkerName(parsing: "state")).count } == 1)
            let administrator = try await registry.caller("root", scopes: [.admin])
            try await registry.publish(Requests.engine("state", "1.1.0"), by: administrator)
        }
    }

    @Test func strangersLearnNothingOfContent() async throws {
        try await ServiceFixture.run { registry in
            try await registry.publish(Requests.engine("state"), by: registry.caller("acme"))
            do {
                try await registry.publish(Requests.engine("state"), by: registry.caller("mallory"))
                Issue.record("published over another account")
            } catch RegistryServiceError.notOwner(let name) { #expect(name.description == "state") }
        }
    }

    @Test(arguments: [
        ("image-resize", "image_resize", true), ("image-resize", "imageresize", true),
        ("image-resize", "irnage-resize", true), ("image-resize", "image-res1ze", true),
        ("pdfkit", "pdfk1t", true), ("pdfk1t", "pdfkit", true), ("pdfk1t", "pdfklt", true),
        ("library", "l1brary", true),
        ("l1brary", "library", true), ("t001", "tool", true), ("mail", "mall", false), ("pdfkit", "pdfklt", false),
        ("pdfkit", "pdfkits", false),
    ])
    func namesThatLookAlikeNeedAnAdministrator(_ known: String, _ name: String, _ isTaken: Bool) async throws {
        try await ServiceFixture.run { registry in
            try await registry.publish(Requests.engine(known))
            let mallory = try await registry.caller("mallory")
            for ask in [
                { try await registry.service.publish.check($0, by: $1) },
                { try await registry.service.publish($0, by: $1) },
            ] as [@Sendable (JSONValue, Caller) async throws -> PublishAnswer] {
                do {
                    _ = try await ask(.object(Requests.engine(name)), mallory)
                    #expect(!isTaken)
                } catch RegistryServiceError.nameTooSimilar(_, let other) {
                    #expect(isTaken && other.description == known)
                }
            }
            if isTaken {
                try await registry.publish(Requests.engine(name), by: registry.caller("root", scopes: [.admin]))
            }
        }
    }

    @Test(arguments: ["iii", "admin", "latest", "iii-worker-manager", "iii_worker_manager", "i1i", "1atest", "r00t"])
    func reservedNamesNeedAnAdministrator(_ name: String) async throws {
        try await ServiceFixture.run { registry in
            let mallory = try await registry.caller("mallory")
            await #expect(throws: RegistryServiceError.self) {
                try await registry.service.publish.check(.object(Requests.engine(name)), by: mallory)
            }
            do {
                try await registry.publish(Requests.engine(name), by: mallory)
                Issue.record("published")
            } catch RegistryServiceError.nameReserved(let refused) { #expect(refused.description == name) }
            try await registry.publish(Requests.engine(name), by: registry.caller("root", scopes: [.admin]))
        }
    }

    /// A publisher of the next version asks for what exists already.
    @Test func namesThatExistStayTheirOwners() async throws {
        try await ServiceFixture.run { registry in
            let admin = try await registry.caller("root", scopes: [.admin])
            try await registry.publish(Requests.engine("iii-http"), by: admin)
            _ = try await registry.caller("acme")
            _ = try await registry.service.owners.add("acme", to: "iii-http", by: admin)
            try await registry.publish(Requests.engine("iii-http", "1.0.1"))
        }
    }

    @Test func releaseOfAnOldLineLeavesLatestAndIsChosenByRanges() async throws {
        try await ServiceFixture.run { registry in
            let caller = try await registry.caller()
            func release(_ version: String, tag: String? = "latest") async throws -> PublishAnswer {
                let request = JSONValue.object(Requests.engine("state", version, tag: tag))
                let planned = try await registry.service.publish.check(request, isRelease: true, by: caller)
                let answer = try await registry.service.publish(request, isRelease: true, by: caller)
                #expect(planned.channel == answer.channel && planned.warnings == answer.warnings)
                #expect(planned.publishedAt == nil && answer.publishedAt != nil)
                return answer
            }
            func latest() async throws -> JSONValue? { try await registry.resolve("state")["root"]?["version"] }
            #expect(try await release("1.0.0").channel == .latest)
            #expect(try await release("2.0.0").channel == .latest)
            let fix = try await release("1.0.1")
            #expect(fix.channel == nil)
            #expect(fix.warnings == ["`latest` stays at 2.0.0, which is above 1.0.1"])
            #expect(try await latest() == "2.0.0")
            #expect(try await registry.resolve("state", "^1.0.0")["root"]?["version"] == "1.0.1")
            #expect(try await release("1.0.2", tag: nil).warnings == [])
            #expect(try await registry.resolve("state", "^1.0.0")["root"]?["version"] == "1.0.2")
            #expect(try await latest() == "2.0.0")
            // A channel that is named in a request that says nothing of a release moves wherever it is told to.
            try await registry.publish(Requests.engine("state", "1.0.3", tag: "latest"), by: caller)
            #expect(try await latest() == "1.0.3")
        }
    }

    @Test func scopeIsNeeded() async throws {
        try await ServiceFixture.run { registry in
            let reader = try await registry.caller(scopes: [.tags])
            do {
                try await registry.publish(Requests.engine("state"), by: reader)
                Issue.record("published without the scope")
            } catch RegistryServiceError.scopeMissing(let scope) { #expect(scope == .publish) }
        }
    }

    @Test func tooLargeForResolvingIsRefused() async throws {
        try await ServiceFixture.run { registry in
            var request = Requests.engine("fat")
            request["config"] = ["text": .string(String(repeating: "x", count: 256 << 10))]
            let found = await problems { try await registry.publish(request) }
            #expect(found.map(\.path) == ["$.config"])
            request["config"] = nil
            request["readme"] = .string(String(repeating: "x", count: 1 << 20))
            try await registry.publish(request)
        }
    }

    @Test func failureOfTheTransactionLeavesNothing() async throws {
        try await ServiceFixture.run { registry in
            let caller = try await registry.caller()
            try await registry.publish(Requests.engine("state", "1.0.0"), by: caller)
            let failing = RegistryService(
                store: FailingStore(store: registry.store),
                blobs: registry.blobs,
                publicURL: registry.publicURL,
                surroundings: registry.service.surroundings
            )
            for request in [Requests.engine("state", "1.1.0"), Requests.engine("other", "1.0.0")] {
                await #expect(throws: RegistryStorageError.self) {
                    try await failing.publish(.object(request), by: caller)
                }
            }
            #expect(try await registry.resolve("state")["root"]?["version"] == "1.0.0")
            #expect(try await registry.store.read { try $0.worker(WorkerName(parsing: "other")) } == nil)
            #expect(try await registry.store.read { try $0.events(of: nil, before: nil, limit: 9).count } == 5)
            try await registry.publish(Requests.engine("state", "1.1.0"), by: caller)
        }
    }

    @Test func eventsTellWhatHappened() async throws {
        try await ServiceFixture.run { registry in
            let caller = try await registry.caller()
            try await registry.publish(Requests.engine("state", "1.0.0"), by: caller)
            try await registry.publish(Requests.engine("state", "1.1.0"), by: caller)
            let events = try await registry.store.read {
                try $0.events(of: WorkerName(parsing: "state"), before: nil, limit: 100)
            }
            #expect(
                events.reversed().map(\.event.kind)
                    == [.ownerAdded, .published, .channelMoved, .published, .channelMoved]
            )
            #expect(events[0].event.details == #"{"channel":"latest","from":"1.0.0"}"#)
        }
    }

    @Test func nameNextToAMuchUsedOneIsToldNotRefused() async throws {
        try await ServiceFixture.run { (registry) async throws in
            let caller = try await registry.caller()
            try await registry.publish(Requests.binary("pdf-tools", "1.0.0", tag: "latest"), by: caller)
            #expect(try await registry.publish(Requests.engine("pdf-tool"), by: caller).warnings.isEmpty)
            for _ in 0..<1000 { _ = try await registry.service.download("pdf-tools", version: nil, counting: false) }
            try await registry.service.downloads.flush()
            let warnings = try await registry.publish(Requests.engine("pdf-toools"), by: caller).warnings
            #expect(warnings.count == 1 && warnings.first?.contains("`pdf-tools`") == true)
            #expect(try await registry.publish(Requests.engine("pdf-tool", "1.0.1"), by: caller).warnings.isEmpty)
        }
    }
}
