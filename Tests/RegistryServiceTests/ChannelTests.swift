// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import RegistryService
import RegistryStorage
import Testing
import WorkerModel

/// Channels move by compare and set, alone or two at once, or not at all.
struct ChannelTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let expected: ChannelRequest.Expectation
        var channel: ChannelName?
        var target = "1.1.0"
        /// Nil for a conflict.
        let hasChanged: Bool?

        var testDescription: String { "\(target) expecting \(expected) on \(channel?.description ?? "-")" }
    }

    static let one = try? SemanticVersion(parsing: "1.0.0")
    static let two = try? SemanticVersion(parsing: "1.1.0")

    /// `latest` points to 1.0.0, `next` to 1.1.0, `rc` nowhere.
    private static func run(_ body: @Sendable (ServiceFixture, Caller) async throws -> Void) async throws {
        try await ServiceFixture.run { (registry) async throws in
            let caller = try await registry.caller()
            try await registry.publish(Requests.binary("w", "1.0.0", tag: "latest"), by: caller)
            try await registry.publish(Requests.binary("w", "1.1.0", tag: "next"), by: caller)
            try await registry.publish(Requests.binary("w", "1.2.0-rc.1"), by: caller)
            try await body(registry, caller)
        }
    }

    private static func channels(_ registry: ServiceFixture) async throws -> [String: String] {
        let channels = try await registry.store.read { try $0.channels(of: WorkerName(parsing: "w")) }
        return Dictionary(uniqueKeysWithValues: channels.map { ($0.key.description, $0.value.description) })
    }

    @Test func expectationsDecide() async throws {
        let one = try #require(Self.one)
        let two = try #require(Self.two)
        let rows = [
            Row(expected: .anything, hasChanged: true),
            Row(expected: .version(one), hasChanged: true),
            Row(expected: .version(two), hasChanged: nil),
            Row(expected: .unassigned, hasChanged: nil),
            Row(expected: .version(one), channel: .next, hasChanged: true),
            Row(expected: .version(one), channel: .latest, hasChanged: nil),
            Row(expected: .anything, channel: .next, target: "1.2.0-rc.1", hasChanged: nil),
            // It is there already, whatever was expected.
            Row(expected: .unassigned, target: "1.0.0", hasChanged: false),
            Row(expected: .version(two), channel: .next, target: "1.0.0", hasChanged: false),
        ]
        for row in rows {
            try await Self.run { (registry, caller) async throws in
                let move = try Moves.to(row.target, expecting: row.expected, on: row.channel)
                var changed: Bool?
                do {
                    changed = try await registry.service.channels("w", "latest", move, by: caller).hasChanged
                } catch RegistryServiceError.channelConflict(_, _, _, let current) {
                    #expect(current == one)
                }
                #expect(changed == row.hasChanged, "\(row.testDescription)")
                let latest = row.hasChanged == nil ? "1.0.0" : row.target
                #expect(try await Self.channels(registry)["latest"] == latest, "\(row.testDescription)")
            }
        }
    }

    @Test func unassignedChannelIsTakenOnceByThoseWhoExpectNothing() async throws {
        try await Self.run { (registry, caller) async throws in
            let wins = await withTaskGroup(of: Bool.self) { group in
                for version in ["1.0.0", "1.1.0", "1.2.0-rc.1", "1.0.0", "1.1.0", "1.2.0-rc.1"] {
                    group.addTask {
                        do {
                            let move = try Moves.to(version, expecting: .unassigned)
                            return try await registry.service.channels("w", "rc", move, by: caller).hasChanged
                        } catch RegistryServiceError.channelConflict { return false } catch {
                            Issue.record(error)
                            return false
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wins == 1)
        }
    }

    @Test func yankedVersionIsNoLatestAndPreReleaseMayBe() async throws {
        try await Self.run { (registry, caller) async throws in
            _ = try await registry.service.yank("w", "1.1.0", YankRequest(reason: ""), by: caller)
            await #expect(throws: RegistryServiceError.self) {
                try await registry.service.channels("w", "latest", Moves.to("1.1.0"), by: caller)
            }
            _ = try await registry.service.channels("w", "latest", Moves.to("1.2.0-rc.1"), by: caller)
            #expect(try await registry.list() == ["w 1.2.0-rc.1"])
            #expect(try await registry.download("w", "*")?["version"] == "1.0.0")
        }
    }

    @Test func channelsButLatestAreRemoved() async throws {
        try await Self.run { (registry, caller) async throws in
            #expect(try await registry.service.channels.remove("w", "next", by: caller).version == Self.two)
            #expect(try await Self.channels(registry) == ["latest": "1.0.0"])
            for channel in ["next", "latest", "V1", "1.0.0"] {
                await #expect(throws: RegistryServiceError.self) {
                    try await registry.service.channels.remove("w", channel, by: caller)
                }
            }
        }
    }

    @Test func onlyVersionsThatWereLatestOnceAreChosenByRanges() async throws {
        try await Self.run { (registry, caller) async throws in
            #expect(try await registry.download("w", "^1")?["version"] == "1.0.0")
            _ = try await registry.service.channels("w", "latest", Moves.to("1.1.0"), by: caller)
            _ = try await registry.service.channels("w", "latest", Moves.to("1.0.0"), by: caller)
            #expect(try await registry.download("w", "^1")?["version"] == "1.1.0")
        }
    }

    // MARK: Finalizing

    private static func finalize(
        _ candidate: String,
        _ stable: String,
        expecting latest: JSONValue = "1.0.0"
    ) throws -> FinalizeRequest {
        try FinalizeRequest(json: [
            "candidate_version": .string(candidate), "stable_version": .string(stable),
            "expected_latest_version": latest,
        ])
    }

    @Test func candidateBecomesStableOnBothChannelsAtOnce() async throws {
        try await Self.run { (registry, caller) async throws in
            _ = try await registry.service.channels("w", "next", Moves.to("1.2.0-rc.1"), by: caller)
            let request = try Self.finalize("1.2.0-rc.1", "1.2.0")
            let channels = registry.service.channels
            await #expect(throws: RegistryServiceError.self, "not published") {
                try await channels.finalize("w", request, by: caller)
            }
            try await registry.publish(Requests.binary("w", "1.2.0"), by: caller)
            for wrong in [
                try Self.finalize("1.2.0-rc.2", "1.2.0"), try Self.finalize("1.2.0-rc.1", "1.2.0", expecting: "1.1.0"),
                try Self.finalize("1.2.0-rc.1", "1.2.0", expecting: .null),
            ] {
                await #expect(throws: RegistryServiceError.self) {
                    try await channels.finalize("w", wrong, by: caller)
                }
                #expect(try await Self.channels(registry) == ["latest": "1.0.0", "next": "1.2.0-rc.1"])
            }
            #expect(try await channels.finalize("w", request, by: caller).hasChanged)
            #expect(try await Self.channels(registry) == ["latest": "1.2.0", "next": "1.2.0"])
            #expect(try await !channels.finalize("w", request, by: caller).hasChanged)
            #expect(try await registry.list() == ["w 1.2.0"])
        }
    }

    @Test(arguments: [
        ("1.2.0-rc.1", "1.2.1"), ("1.2.0-rc", "1.2.0"), ("1.2.0-beta.1", "1.2.0"), ("1.2.0-rc.1", "1.2.0-rc.1"),
        ("1.2.0", "1.2.0"), ("1.2.0-rc.1.2", "1.2.0"),
    ])
    func onlyACandidateOfTheStableVersionIsFinalized(_ candidate: String, _ stable: String) {
        #expect(throws: JSONShapeError.self) { try Self.finalize(candidate, stable) }
    }
}
