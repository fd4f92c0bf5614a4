// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import SystemPackage
import TestSupport
import Testing
import WorkerConfigurations

@testable import Engine

/// Triggers that the engine's own process fires.
@Suite struct HubLocalEventTests {
    private func hub() -> HubDriver {
        let type = TriggerTypeRegistration(id: "bell", description: "rings")
        return HubDriver(
            localWorkers: [LocalWorker(name: "tower", description: "", functions: [], triggerTypes: [type])]
        )
    }

    private func bind(_ hub: inout HubDriver, _ id: ConnectionID, _ function: String, _ config: JSONValue?) {
        let trigger = TriggerRegistration(
            id: "b-\(function)",
            triggerType: "bell",
            functionID: function,
            config: config.map { RawJSON($0) }
        )
        hub.send(id, .registerTrigger(trigger))
    }

    private let ring = LocalEvent(triggerType: "bell", data: RawJSON(["n": 1])) { $0?.member("deaf") == nil }

    @Test func anEventCallsWhoeverIsMeant() {
        var hub = hub()
        let bob = hub.worker("bob", functions: ["bob::on", "bob::off"])
        bind(&hub, bob, "bob::on", nil)
        bind(&hub, bob, "bob::off", ["deaf": true])
        hub.receive(.localEvent(ring))
        let calls = hub.takeCalls(bob)
        #expect(calls.map(\.functionID) == ["bob::on"])
        #expect(calls.first?.data?.description == #"{"n":1}"#)
        let listed = hub.call(bob, "engine::triggers::list")
        #expect(
            listed?["triggers"] == [
                ["id": "bell", "namespace": "default", "worker_name": "tower", "description": "rings"]
            ]
        )
    }

    @Test(arguments: [("true", true), ("null", true), ("false", false)])
    func aConditionDecides(answer: String, isCalled: Bool) throws {
        var hub = hub()
        let bob = hub.worker("bob", functions: ["bob::on", "bob::if"])
        bind(&hub, bob, "bob::on", ["condition_function_id": "bob::if"])
        hub.receive(.localEvent(ring))
        let question = try #require(hub.takeCalls(bob).first)
        #expect(question.functionID == "bob::if")
        hub.send(bob, .ok(try #require(question.id), try JSONValue(parsing: answer.utf8)))
        #expect(hub.takeCalls(bob).map(\.functionID) == (isCalled ? ["bob::on"] : []))
    }

    @Test func aConditionThatFailsOrIsMissingSaysNo() throws {
        var hub = hub()
        let bob = hub.worker("bob", functions: ["bob::on"])
        let judge = hub.worker("judge", functions: ["judge::if"])
        bind(&hub, bob, "bob::on", ["condition_function_id": "judge::if"])
        hub.receive(.localEvent(ring))
        _ = try #require(hub.takeCalls(judge).first)
        hub.receive(.disconnected(judge))
        hub.receive(.localEvent(ring))
        #expect(hub.takeCalls(bob).isEmpty)
        #expect(hub.hub.calls.isEmpty)
    }

    @Test func configurationsAreKeptAndToldThroughARunningEngine() async throws {
        try await withTemporaryDirectory { folder in
            let worker = ConfigurationWorker(folder: folder.appending("config")) { _ in nil }.localWorker
            try await withEngine(localWorkers: [worker]) { address in
                let watch = """
                    worker.register_function('watch::on', lambda data: emit('changed', data['new_value']))
                    worker.register_trigger({'type': 'configuration', 'function_id': 'watch::on',
                                             'config': {'configuration_id': 'web'}})
                    """
                try await PythonWorker.connected("watch", to: address.url, watch) { watcher in
                    try await watcher.settle("watch::on")
                    func call(_ function: String, _ payload: String) -> String {
                        """
                        worker.trigger({'function_id': 'configuration::\(function)', 'namespace': 'default',
                                        'payload': \(payload)})
                        """
                    }
                    try await watcher.run(
                        call(
                            "register",
                            "{'id': 'web', 'name': 'Web', 'description': 'd', 'schema': {'type': 'integer'}, 'initial_value': 1}"
                        )
                    )
                    #expect(try await watcher.event("changed") == 1)
                    #expect(
                        try await watcher.run(call("set", "{'id': 'web', 'value': 2}")) == [
                            "old_value": 1, "new_value": 2,
                        ]
                    )
                    #expect(try await watcher.event("changed") == 2)
                    #expect(try await watcher.run(call("get", "{'id': 'web'}")) == ["id": "web", "value": 2])
                    let wrong = try await watcher.error(call("set", "{'id': 'web', 'value': 'x'}"))
                    #expect(wrong.code == "SCHEMA_INVALID")
                }
            }
        }
    }
}
