// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import HostSystem
import JSONText
import Synchronization
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerConfigurations

/// A worker over a folder of its own, with what it told of changes.
private struct Bench {
    let folder: FilePath
    let worker: LocalWorker

    init(_ folder: FilePath, _ variables: [String: String] = [:]) {
        self.folder = folder
        worker = ConfigurationWorker(folder: folder) { variables[$0] }.localWorker
    }

    func call(_ function: String, _ payload: JSONValue, as caller: BusCaller = .owner) async throws -> JSONValue {
        let local = try #require(worker.functions.first { $0.registration.id == "configuration::\(function)" })
        let call = LocalCall(
            callID: "c",
            functionID: local.registration.id,
            data: RawJSON(payload),
            metadata: nil,
            callerWorkerID: nil,
            caller: caller,
            handler: local.handler
        )
        return try await local.handler(call)?.value() ?? .null
    }

    func code(_ function: String, _ payload: JSONValue, as caller: BusCaller = .owner) async throws -> String {
        do {
            let value = try await call(function, payload, as: caller)
            Issue.record("answered \(value.text())")
            return ""
        } catch let failure as CallFailure { return failure.code }
    }

    func event() async -> LocalEvent? { await worker.events?.first { _ in true } }
}

@Suite(.timeLimit(.minutes(20))) struct ConfigurationWorkerTests {
    private let entry: JSONValue = [
        "id": "web", "name": "Web", "description": "ports: and such",
        "schema": ["type": "object", "required": ["port"], "properties": ["port": ["type": "integer"]]],
    ]

    private func registration(_ more: JSONObject) -> JSONValue {
        guard case .object(var object) = entry else { return entry }
        for member in more.members { object[member.key] = member.value }
        return .object(object)
    }

    @Test func anEntryIsKeptAndToldOf() async throws {
        try await withTemporaryDirectory { folder in
            let bench = Bench(folder.appending("config"))
            let stored = try await bench.call("register", registration(["initial_value": ["port": 1]]))
            #expect(stored["value"] == ["port": 1])
            #expect(stored["name"] == "Web")
            // Another process reads what this one wrote.
            let other = Bench(folder.appending("config"))
            #expect(try await other.call("get", ["id": "web"]) == ["id": "web", "value": ["port": 1]])
            let changed = try await other.call("set", ["id": "web", "value": ["port": 2]])
            #expect(changed == ["old_value": ["port": 1], "new_value": ["port": 2]])
            #expect(try await bench.call("list", [:]) == ["configurations": [entry]])
            #expect(try await bench.call("schema", ["id": "web"]) == entry)
        }
    }

    @Test func registeringAgainKeepsTheValue() async throws {
        try await withTemporaryDirectory { folder in
            let bench = Bench(folder)
            _ = try await bench.call("register", registration(["initial_value": ["port": 1]]))
            let again = try await bench.call("register", registration(["metadata": ["m": 1]]))
            #expect(again["value"] == ["port": 1])
            #expect(again["metadata"]?.text() == #"{"m":1}"#)
            let replaced = try await bench.call("register", registration(["initial_value": ["port": 3]]))
            #expect(replaced["value"] == ["port": 3])
        }
    }

    @Test func placeholdersAreFilledInOnReading() async throws {
        try await withTemporaryDirectory { folder in
            let bench = Bench(folder, ["HOST": "h"])
            let value: JSONValue = ["a": "${HOST}:${PORT:80}", "b": ["$x", "${", "${NONE:}"]]
            _ = try await bench.call("register", ["id": "x", "initial_value": value])
            #expect(try await bench.call("get", ["id": "x", "raw": true])["value"] == value)
            #expect(try await bench.call("get", ["id": "x"])["value"] == ["a": "h:80", "b": ["$x", "${", ""]])
            _ = try await bench.call("set", ["id": "x", "value": "${NONE}"])
            #expect(try await bench.code("get", ["id": "x"]) == "EXPAND_FAILED")
        }
    }

    private static let secrets = ["AWS_SECRET": "s3cret", "HOME": "/home/me", "MINE": "mine", "III_TOKEN": "t0p"]

    /// Those who are not the project's user, with what they may name.
    private static func callers(_ worker: String) -> [String: BusCaller] {
        var sandboxed = BusCaller(worker: worker, isolation: "namespaces")
        sandboxed.variables = ["MINE"]
        var granted = sandboxed
        (granted.isGranted, granted.grantedIsolation) = (true, "none")
        return [
            "sandboxed": sandboxed, "granted": granted, "native": BusCaller(worker: worker),
            "guest": BusCaller(isGranted: true),
        ]
    }

    /// Placeholders are the user's: of what comes over the bus, none is filled in that its sender may not name.
    @Test(
        arguments: [
            // given, sandboxed, native, guest
            ("${AWS_SECRET}", "${AWS_SECRET}", "s3cret", "${AWS_SECRET}"), ("${MINE}", "mine", "mine", "${MINE}"),
            ("${AWS_SECRET:d}", "d", "s3cret", "d"), ("${III_TOKEN}", "${III_TOKEN}", "${III_TOKEN}", "${III_TOKEN}"),
            ("$${HOME}", "$${HOME}", "$${HOME}", "$${HOME}"), ("$$${HOME}", "$$${HOME}", "$$${HOME}", "$$${HOME}"),
            ("${X:$}{HOME}", "${HOME}", "${HOME}", "${HOME}"), ("${X:${HOME}}", "${HOME}", "${HOME}", "${HOME}"),
            ("${MINE}${HOME}", "mine${HOME}", "mine/home/me", "${MINE}${HOME}"),
            ("${NONE:$}${MINE}", "$${MINE}", "$mine", "$${MINE}"),
            ("$${MINE}${HOME", "$${MINE}${HOME", "$${MINE}${HOME", "$${MINE}${HOME"),
            ("${${HOME}}", "${${HOME}}", nil, "${${HOME}}"), ("${ HOME}", "${ HOME}", nil, "${ HOME}"),
            ("a$", "a$", "a$", "a$"), ("${HOME", "${HOME", "${HOME", "${HOME"), ("${}", "${}", nil, "${}"),
        ] as [(String, String, String?, String)]
    )
    func noRoadLeadsToTheEnvironment(given: String, sandboxed: String, native: String?, guest: String) async throws {
        let expected: [String: String?] = [
            "sandboxed": sandboxed, "granted": sandboxed, "native": native, "guest": guest,
        ]
        for (who, caller) in Self.callers("w") {
            try await withTemporaryDirectory { folder in
                let bench = Bench(folder, Self.secrets)
                let value: JSONValue = ["s": .string(given), "l": [.string(given)]]
                _ = try await bench.call("register", ["id": "w", "initial_value": value], as: caller)
                let told = try #require(await bench.event())
                func expect(_ answer: JSONValue?, _ road: String) {
                    guard let text = expected[who] ?? nil else { return }
                    #expect(answer == ["s": .string(text), "l": [.string(text)]], "\(who) by \(road): \(given)")
                }
                // Whoever reads it, also the user.
                expect(try? await bench.call("get", ["id": "w"], as: caller)["value"], "register")
                expect(try? await bench.call("get", ["id": "w"])["value"], "register, read by the user")
                if expected[who] ?? nil != nil { expect(told.data.member("new_value")?.value(), "an event") }
                _ = try await bench.call("register", ["id": "w", "initial_value": 1])
                let set = try await bench.call("set", ["id": "w", "value": value], as: caller)
                expect(try? await bench.call("get", ["id": "w"], as: caller)["value"], "set")
                // Said again as it is kept, it still means the same.
                if let kept = set["new_value"] {
                    _ = try await bench.call("set", ["id": "w", "value": kept])
                    expect(try? await bench.call("get", ["id": "w"])["value"], "the user's copy of it")
                }
            }
        }
    }

    /// What the user writes, by a call or into the file, is filled in for whoever may read the entry.
    @Test func theUsersOwnPlaceholdersAreFilledIn() async throws {
        try await withTemporaryDirectory { folder in
            let bench = Bench(folder, Self.secrets)
            let worker = try #require(Self.callers("w")["sandboxed"])
            _ = try await bench.call("register", ["id": "w"], as: worker)
            _ = try await bench.call("set", ["id": "w", "value": "${AWS_SECRET}"])
            #expect(try await bench.call("get", ["id": "w"], as: worker)["value"] == "s3cret")
            try HostFiles.write(Array("value: ${HOME}\n".utf8), to: folder.appending("w.yaml"))
            #expect(try await bench.call("get", ["id": "w"], as: worker)["value"] == "/home/me")
            // It does not become the worker's word by registering again.
            _ = try await bench.call("register", ["id": "w", "description": "${AWS_SECRET}"], as: worker)
            #expect(try await bench.call("get", ["id": "w", "raw": true])["value"] == "${HOME}")
            #expect(try await bench.call("schema", ["id": "w"])["description"] == "${AWS_SECRET}")
        }
    }

    @Test func entriesOfOthersAreNotTouched() async throws {
        try await withTemporaryDirectory { folder in
            let bench = Bench(folder, Self.secrets)
            _ = try await bench.call("register", ["id": "other", "initial_value": "${AWS_SECRET}"])
            let callers = Self.callers("w")
            for who in ["sandboxed", "native"] {
                let caller = try #require(callers[who])
                for function in ["register", "set", "get", "schema"] {
                    let request: JSONValue = ["id": "other", "value": 1]
                    #expect(try await bench.code(function, request, as: caller) == "FORBIDDEN", "\(who) \(function)")
                }
                #expect(try await bench.call("list", [:], as: caller) == ["configurations": []])
            }
            let granted = try #require(callers["granted"])
            #expect(try await bench.call("get", ["id": "other"], as: granted)["value"] == "s3cret")
        }
    }

    @Test func refusesWhatDoesNotFit() async throws {
        try await withTemporaryDirectory { folder in
            let bench = Bench(folder)
            #expect(try await bench.code("register", registration(["initial_value": [:]])) == "SCHEMA_INVALID")
            #expect(try await bench.code("set", ["id": "web", "value": 1]) == "NOT_FOUND")
            _ = try await bench.call("register", entry)
            #expect(try await bench.code("set", ["id": "web", "value": ["port": "x"]]) == "SCHEMA_INVALID")
            #expect(try await bench.call("get", ["id": "web"])["value"] == .null)
            #expect(try await bench.code("set", ["id": "web"]) == "deserialization_error")
            for id in ["", "../up", "A", "a.b", String(repeating: "a", count: 65)] {
                #expect(try await bench.code("register", ["id": .string(id)]) == "INVALID_ID")
            }
        }
    }

    @Test func aBrokenFileIsLeftAlone() async throws {
        try await withTemporaryDirectory { folder in
            let bench = Bench(folder)
            _ = try await bench.call("register", entry)
            let broken = Array("value: [".utf8)
            try HostFiles.write(broken, to: folder.appending("bad.yaml"))
            #expect(try await bench.code("get", ["id": "bad"]) == "ADAPTER_ERROR")
            #expect(try await bench.code("register", ["id": "bad"]) == "ADAPTER_ERROR")
            #expect(try HostFiles.read(folder.appending("bad.yaml"), upTo: .mebibytes(1)) == broken)
            #expect(try await bench.call("list", [:]) == ["configurations": [entry]])
        }
    }

    @Test func changesAreToldToThoseWhoAsked() async throws {
        try await withTemporaryDirectory { folder in
            let bench = Bench(folder, ["PORT": "1"])
            _ = try await bench.call("register", ["id": "x", "initial_value": "${PORT}"])
            let first = try #require(await bench.event())
            #expect(first.data.member("event_type")?.string == "configuration:registered")
            #expect(first.data.member("new_value")?.string == "1")
            #expect(first.matches(nil))
            #expect(first.matches(RawJSON(["configuration_id": "x"])))
            #expect(!first.matches(RawJSON(["configuration_id": "y"])))
            #expect(!first.matches(RawJSON(["event_types": ["configuration:updated"]])))
            _ = try await bench.call("set", ["id": "x", "value": 2])
            let second = try #require(await bench.event())
            #expect(second.data.member("old_value")?.string == "1")
            #expect(second.data.member("new_value")?.description == "2")
            #expect(second.matches(RawJSON(["event_types": ["configuration:updated"], "configuration_id": "x"])))
        }
    }

    /// What people do to the files is told like what calls do, once, and what calls do is not told twice.
    @Test func changesOfTheFilesAreToldOf() async throws {
        try await withTemporaryDirectory { folder in
            let bench = Bench(folder.appending("config"))
            let watching = Task { await bench.worker.background?() }
            defer { watching.cancel() }
            _ = try await bench.call("register", ["id": "x", "initial_value": ["n": 1, "f": "1.0"]])
            #expect(await bench.event()?.data.member("event_type")?.string == "configuration:registered")
            let file = folder.appending("config").appending("x.yaml")
            // The watch begins when it can; what was written before is known, not news.
            let told = Mutex<RawJSON?>(nil)
            let hearing = Task {
                let event = await bench.event()
                told.withLock { $0 = event?.data }
            }
            var written = 1
            while told.withLock({ $0 == nil }) {
                written += 1
                try HostFiles.write(Array("value: {n: \(written)}\n".utf8), to: file)
                // Who reads waits until a file is left alone.
                let next = ContinuousClock.now + .seconds(1)
                while told.withLock({ $0 == nil }), ContinuousClock.now < next { await Task.yield() }
            }
            await hearing.value
            #expect(told.withLock { $0?.member("event_type")?.string } == "configuration:updated")
            #expect(told.withLock { $0?.member("new_value")?.member("n") } != nil)
            try HostFiles.removeFile(file)
            while let event = await bench.event(), event.data.member("event_type")?.string != "configuration:deleted" {}
        }
    }
}
