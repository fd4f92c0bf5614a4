// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import NIOCore
import TestSupport
import Testing

@testable import Engine

@Suite struct HubIntrospectionTests {
    private func rows(_ answer: JSONValue?, _ key: String, _ member: String) -> [JSONValue] {
        guard case .array(let rows)? = answer?[key] else { return [] }
        return rows.map { $0[member] ?? .null }
    }

    @Test func listsWorkersThatAnnouncedThemselves() {
        var hub = HubDriver()
        let worker = hub.worker("zed", namespace: "red", functions: ["f"])
        _ = hub.connect()
        let answer = hub.call(worker, "engine::workers::list")
        let own: [JSONValue] = [
            "iii-engine-functions", "iii-observability", "iii-telemetry", "iii-worker-manager",
        ]
        #expect(rows(answer, "workers", "name") == own + ["zed"])
        guard case .array(let all)? = answer?["workers"] else { return }
        let expected: JSONValue = [
            "name": "zed", "description": nil, "version": nil, "id": "id-1", "namespace": "red", "runtime": "test",
            "os": nil, "status": "connected", "function_count": 1, "connected_at_ms": 1000, "active_invocations": 0,
            "isolation": nil, "ip_address": "127.0.0.1",
        ]
        #expect(all.last == expected)
        #expect(rows(hub.call(worker, "engine::workers::list", ["runtime": "test"]), "workers", "name") == ["zed"])
        #expect(rows(hub.call(worker, "engine::workers::list", ["search": "ZE"]), "workers", "name") == ["zed"])
        #expect(rows(hub.call(worker, "engine::workers::list", ["status": "gone"]), "workers", "name").isEmpty)
    }

    @Test func tellsOfOneWorker() {
        var hub = HubDriver()
        let worker = hub.worker("w", functions: ["f"])
        hub.send(worker, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        hub.send(worker, .registerTrigger(TriggerRegistration(id: "b", triggerType: "tick", functionID: "f")))
        let answer = hub.call(worker, "engine::workers::info", ["name": "w"])
        #expect(answer?["worker"]?["pid"] == 1)
        #expect(answer?["worker"]?["internal"] == false)
        #expect(rows(answer, "functions", "function_id") == ["f"])
        #expect(rows(answer, "trigger_types", "id") == ["tick"])
        #expect(rows(answer, "registered_triggers", "id") == ["b"])
        let missing = hub.call(worker, "engine::workers::info", ["name": "x"])
        #expect(missing?["error"] == ["code": "NOT_FOUND", "message": "Worker 'x' is not connected."])
    }

    @Test func aNameInTwoNamespacesIsAmbiguousUnlessOneIsDefault() {
        var hub = HubDriver()
        _ = hub.worker("w", namespace: "red")
        let blue = hub.worker("w", namespace: "blue")
        let answer = hub.call(blue, "engine::workers::info", ["name": "w"])
        #expect(
            answer?["error"]?["message"] == "Worker 'w' is not connected. It exists in several namespaces: blue, red."
        )
        #expect(
            hub.call(blue, "engine::workers::info", ["name": "w", "namespace": "red"])?["worker"]?["namespace"] == "red"
        )
        _ = hub.worker("w")
        #expect(hub.call(blue, "engine::workers::info", ["name": "w"])?["worker"]?["namespace"] == "default")
    }

    @Test func listsFunctions() {
        var hub = HubDriver()
        let worker = hub.worker("w")
        let registrations = [
            FunctionRegistration(id: "b::add", description: "adds", metadata: RawJSON(["k": [1]])),
            FunctionRegistration(id: "a::hidden", metadata: RawJSON(["internal": true])),
            FunctionRegistration(id: "a::sum", description: "also ADDS"),
        ]
        for registration in registrations { hub.send(worker, .registerFunction(registration)) }
        let answer = hub.call(worker, "engine::functions::list")
        guard case .array(let all)? = answer?["functions"] else { return }
        let metadata = registrations[0].metadata?.value() ?? .null
        #expect(
            all == [
                ["function_id": "a::sum", "namespace": "default", "worker_name": "w", "description": "also ADDS"],
                [
                    "function_id": "b::add", "namespace": "default", "worker_name": "w", "description": "adds",
                    "metadata": metadata,
                ],
            ]
        )
        func ids(_ filter: JSONValue) -> [JSONValue] {
            rows(hub.call(worker, "engine::functions::list", filter), "functions", "function_id")
        }
        #expect(ids(["search": "add"]) == ["b::add", "a::sum"])
        #expect(ids(["prefix": "a::"]) == ["a::sum"])
        #expect(ids(["prefix": "a::", "include_internal": true]) == ["a::hidden", "a::sum"])
        #expect(ids(["worker": "x"]).isEmpty)
        #expect(ids(["workers": ["x", "w"]]).count == 2)
        #expect(
            ids(["include_internal": true, "worker": "iii-engine-functions"]).count == BuiltinFunction.allCases.count
        )
    }

    /// Schemas come out as they went in, half characters and all.
    @Test func tellsOfOneFunctionOrSeveral() throws {
        var hub = HubDriver()
        let worker = hub.worker("w")
        let schema = try RawJSON(parsing: .init(string: #"{"b":1.0,"a":"\ud83d","n":12345678901234567890}"#))
        hub.send(worker, .registerFunction(FunctionRegistration(id: "f", requestFormat: schema)))
        hub.send(worker, .registerTrigger(TriggerRegistration(id: "b", triggerType: "tick", functionID: "f")))
        hub.send(
            worker,
            .invoke(InvokeFunction(id: "i", functionID: "engine::functions::info", data: RawJSON(["function_id": "f"])))
        )
        guard case .result(let result)? = hub.take(worker).last, case .success(let raw?) = result.outcome else {
            Issue.record("no answer")
            return
        }
        #expect(
            raw.description
                == #"{"function_id":"f","namespace":"default","worker_name":"w","request_schema":"# + schema.description
                + #","registered_triggers":[{"id":"b","trigger_type":"tick","config":null}]}"#
        )
        hub.send(worker, .registerFunction(FunctionRegistration(id: "g")))
        let several = hub.call(worker, "engine::functions::info", ["function_ids": ["x", "g", "x"]])
        #expect(rows(several, "functions", "function_id") == ["x", "g"])
        #expect(rows(several, "functions", "error") == ["not_found", nil])
    }

    @Test(
        arguments: [
            ("engine::functions::info", [:], "INVALID_ARGUMENTS"),
            ("engine::functions::info", ["function_ids": []], "INVALID_ARGUMENTS"),
            ("engine::functions::info", ["function_id": "f", "function_ids": ["f"]], "INVALID_ARGUMENTS"),
            ("engine::functions::info", ["function_id": 1], "deserialization_error"),
            ("engine::functions::info", ["function_id": "x"], "NOT_FOUND"),
            ("engine::workers::info", [:], "deserialization_error"),
            ("engine::workers::list", [1], "deserialization_error"),
            ("engine::workers::list", ["search": 1], "deserialization_error"),
            ("engine::workers::register", ["namespace": " "], "INVALID_NAMESPACE"),
            ("engine::workers::register", "x", "deserialization_error"),
            ("engine::triggers::info", ["id": "x"], "NOT_FOUND"),
            ("engine::registered-triggers::info", ["id": "x"], "NOT_FOUND"),
            ("engine::register_trigger", ["function_id": "f"], "deserialization_error"),
            ("engine::channels::create", ["buffer_size": "x"], "deserialization_error"),
            ("engine::nonsense", [:], "function_not_found"),
        ] as [(String, JSONValue, String)]
    )
    func refusesWhatDoesNotFit(function: String, request: JSONValue, code: String) {
        var hub = HubDriver()
        let worker = hub.worker("w")
        #expect(hub.call(worker, function, request)?["error"]?["code"] == .string(code))
    }

    @Test func listsTriggersAndBindings() {
        var hub = HubDriver()
        let provider = hub.worker("p")
        let type = TriggerTypeRegistration(
            id: "tick",
            description: "ticks",
            configFormat: RawJSON(["type": "object"]),
            callFormat: RawJSON(["type": "string"])
        )
        hub.send(provider, .registerTriggerType(type))
        let config = RawJSON(["text": .string(String(repeating: "x", count: 100))])
        hub.send(
            provider,
            .registerTrigger(
                TriggerRegistration(
                    id: "b",
                    triggerType: "tick",
                    functionID: "f",
                    config: config,
                    metadata: RawJSON([1])
                )
            )
        )
        #expect(rows(hub.call(provider, "engine::triggers::list"), "triggers", "id") == ["tick"])
        let all = hub.call(provider, "engine::triggers::list", ["include_internal": true])
        #expect(rows(all, "triggers", "id") == ["engine::functions-available", "engine::workers-available", "tick"])
        #expect(
            hub.call(provider, "engine::triggers::info", ["id": "tick"]) == [
                "id": "tick", "namespace": "default", "worker_name": "p", "description": "ticks",
                "configuration_schema": ["type": "object"], "request_schema": ["type": "string"], "instance_count": 1,
            ]
        )
        let bindings = hub.call(provider, "engine::registered-triggers::list", ["trigger_type": "tick"])
        guard case .string(let summary)? = rows(bindings, "registered_triggers", "config_summary").first else {
            Issue.record("no summary")
            return
        }
        #expect(summary.count == 81)
        let info = hub.call(provider, "engine::registered-triggers::info", ["id": "b"])
        #expect(info?["metadata"] == [1])
        #expect(info?["trigger"]?["id"] == "tick")
        #expect(info?["function"] == .null)
    }

    @Test(arguments: [(nil, 64), (0, 1), (10, 10), (5000, 1024)] as [(Int?, Int)])
    func makesChannels(size: Int?, capacity: Int) {
        var hub = HubDriver()
        let worker = hub.worker("w")
        let answer = hub.call(
            worker,
            "engine::channels::create",
            ["buffer_size": size.map { .number(JSONNumber($0)) } ?? .null]
        )
        let ticket = hub.tickets.first
        #expect(ticket?.capacity == capacity)
        let id = JSONValue.string(ticket?.id ?? "")
        let key = JSONValue.string(ticket?.key ?? "")
        #expect(
            answer == [
                "writer": ["channel_id": id, "access_key": key, "direction": "write"],
                "reader": ["channel_id": id, "access_key": key, "direction": "read"],
            ]
        )
    }
}

@Suite struct UUIDTextTests {
    @Test func hasTheFormOfAVersionFourUUID() throws {
        var random = SeededGenerator(seed: 1)
        let pattern = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        let all = (0..<100).map { _ in UUIDText.random(using: &random) }
        for id in all { #expect(try pattern.wholeMatch(in: id) != nil, "\(id)") }
        #expect(Set(all).count == 100)
    }
}
