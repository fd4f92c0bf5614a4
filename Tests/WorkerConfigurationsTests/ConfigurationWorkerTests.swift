// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel
import EngineProtocol
import HostSystem
import JSONText
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import WorkerConfigurations

/// A worker over a folder of its own, with what it told of changes.
private struct Bench {
    let folder: FilePath
    let worker: LocalWorker

    init(_ folder: FilePath, _ variables: [String: String] = [:]) {
        self.folder = folder
        worker = ConfigurationWorker(folder: folder) { variables[$0] }.localWorker
    }

    func call(_ function: String, _ payload: JSONValue) async throws -> JSONValue {
        let local = try #require(worker.functions.first { $0.registration.id == "configuration::\(function)" })
        let call = LocalCall(
            callID: "c",
            functionID: local.registration.id,
            data: RawJSON(payload),
            metadata: nil,
            callerWorkerID: nil,
            handler: local.handler
        )
        return try await local.handler(call)?.value() ?? .null
    }

    func code(_ function: String, _ payload: JSONValue) async throws -> String {
        do {
            let value = try await call(function, payload)
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
