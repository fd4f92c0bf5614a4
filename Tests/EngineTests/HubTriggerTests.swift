// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Testing

@testable import Engine

@Suite struct HubTriggerTests {
    private let binding = TriggerRegistration(
        id: "b",
        triggerType: "tick",
        functionID: "f",
        config: RawJSON(["every": 1]),
        metadata: RawJSON(["m": 7])
    )

    @Test func aBindingGoesToItsProvider() {
        var hub = HubDriver()
        let provider = hub.worker("p")
        let worker = hub.worker("w", functions: ["f"])
        hub.send(provider, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        hub.send(worker, .registerTrigger(binding))
        #expect(hub.take(provider) == [.registerTrigger(binding)])
        hub.send(provider, .triggerResult(TriggerRegistrationResult(id: "b", triggerType: "tick", functionID: "f")))
        #expect(hub.take(worker).isEmpty)
        hub.send(worker, .unregisterTrigger(id: "b", triggerType: nil))
        #expect(hub.take(provider) == [.unregisterTrigger(id: "b", triggerType: "tick")])
    }

    @Test func aBindingWaitsForItsProvider() {
        var hub = HubDriver()
        let worker = hub.worker("w", functions: ["f"])
        hub.send(worker, .registerTrigger(binding))
        #expect(hub.take(worker).isEmpty)
        let provider = hub.worker("p")
        hub.send(provider, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        #expect(hub.take(provider) == [.registerTrigger(binding)])
        hub.send(provider, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        #expect(hub.take(provider) == [.registerTrigger(binding)])
        hub.receive(.disconnected(provider))
        let second = hub.worker("p")
        hub.send(second, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        #expect(hub.take(second) == [.registerTrigger(binding)])
        hub.receive(.disconnected(worker))
        #expect(hub.take(second) == [.unregisterTrigger(id: "b", triggerType: "tick")])
    }

    @Test func aRefusalReachesWhoBound() {
        var hub = HubDriver()
        let provider = hub.worker("p")
        let worker = hub.worker("w", functions: ["f"])
        hub.send(provider, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        hub.send(worker, .registerTrigger(binding))
        let refusal = TriggerRegistrationResult(
            id: "b",
            triggerType: "tick",
            functionID: "f",
            error: RawJSON(["code": "trigger_registration_failed", "message": "bad config"])
        )
        hub.send(worker, .triggerResult(refusal))
        #expect(hub.take(worker).isEmpty)
        hub.send(provider, .triggerResult(refusal))
        #expect(hub.take(worker) == [.triggerResult(refusal)])
        _ = hub.take(provider)
        hub.send(provider, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        #expect(hub.take(provider) == [.registerTrigger(binding)])
    }

    @Test func aTypeOfTheOwnNamespaceGoesBeforeTheDefaultOne() {
        var hub = HubDriver()
        let common = hub.worker("p")
        hub.send(common, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        let worker = hub.worker("w", namespace: "red")
        var bound = binding
        bound.namespace = "red"
        hub.send(worker, .registerTrigger(bound))
        #expect(hub.take(common) == [.registerTrigger(bound)])
        let own = hub.worker("p", namespace: "red")
        hub.send(own, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        #expect(hub.take(common) == [.unregisterTrigger(id: "b", triggerType: "tick")])
        var moved = bound
        moved.triggerNamespace = "red"
        #expect(hub.take(own) == [.registerTrigger(moved)])
        hub.send(own, .unregisterTriggerType(id: "tick", namespace: "red"))
        #expect(hub.take(common) == [.registerTrigger(bound)])
    }

    @Test func anIDOfAnotherWorkerIsNotTakenOver() {
        var hub = HubDriver()
        let provider = hub.worker("p")
        hub.send(provider, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        let worker = hub.worker("w")
        let stranger = hub.worker("s")
        hub.send(worker, .registerTrigger(binding))
        hub.send(stranger, .registerTrigger(binding))
        hub.send(stranger, .unregisterTrigger(id: "b", triggerType: nil))
        #expect(hub.take(provider).count == 1)
        guard case .triggerResult(let result)? = hub.take(stranger).first else {
            Issue.record("no refusal")
            return
        }
        #expect(result.error?.member("code")?.string == "trigger_registration_failed")
    }

    // MARK: By function

    @Test func aBindingMadeByACallWaitsForItsProvidersWord() {
        var hub = HubDriver()
        let provider = hub.worker("p")
        hub.send(provider, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        let caller = hub.worker("c")
        let request: JSONValue = ["trigger_type": "tick", "function_id": "f", "config": ["every": 1]]
        #expect(hub.call(caller, "engine::register_trigger", request) == nil)
        guard case .registerTrigger(let sent)? = hub.take(provider).first else {
            Issue.record("nothing reached the provider")
            return
        }
        #expect(sent.config?.description == #"{"every":1}"#)
        hub.send(provider, .triggerResult(TriggerRegistrationResult(id: sent.id, triggerType: "tick", functionID: "f")))
        #expect(hub.takeAnswers(caller) == [["id": .string(sent.id)]])
        hub.receive(.disconnected(caller))
        let other = hub.worker("o")
        #expect(hub.call(other, "engine::unregister_trigger", ["id": .string(sent.id)]) == ["removed": true])
        #expect(hub.take(provider) == [.unregisterTrigger(id: sent.id, triggerType: "tick")])
        #expect(hub.call(other, "engine::unregister_trigger", ["id": .string(sent.id)]) == ["removed": false])
    }

    @Test(arguments: [true, false]) func aRefusalOrSilenceEndsTheWait(isRefused: Bool) {
        var hub = HubDriver()
        let provider = hub.worker("p")
        hub.send(provider, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        let caller = hub.worker("c")
        _ = hub.call(caller, "engine::register_trigger", ["trigger_type": "tick", "function_id": "f"])
        guard case .registerTrigger(let sent)? = hub.take(provider).first else {
            Issue.record("nothing reached the provider")
            return
        }
        if isRefused {
            let refusal = TriggerRegistrationResult(
                id: sent.id,
                triggerType: "tick",
                functionID: "f",
                error: RawJSON(["code": "x", "message": "bad"])
            )
            hub.send(provider, .triggerResult(refusal))
            let expected: JSONValue = ["error": ["code": "trigger_registration_failed", "message": "bad"]]
            #expect(hub.takeAnswers(caller) == [expected])
            #expect(hub.hub.bindings.isEmpty)
        } else {
            hub.receive(.timer(.acknowledgement(bindingID: sent.id)))
            #expect(hub.takeAnswers(caller) == [["id": .string(sent.id)]])
        }
    }

    // MARK: Discovery

    @Test func thoseWhoAskedHearOfWorkers() {
        var hub = HubDriver()
        let watcher = hub.worker("watcher", functions: ["seen"])
        let bound = TriggerRegistration(
            id: "b",
            triggerType: "engine::workers-available",
            functionID: "seen",
            metadata: RawJSON(["k": 1])
        )
        hub.send(watcher, .registerTrigger(bound))
        let worker = hub.worker("w")
        let id = hub.hub.sessions[worker]?.workerID ?? ""
        hub.receive(.disconnected(worker))
        let calls = hub.takeCalls(watcher)
        #expect(calls.allSatisfy { $0.functionID == "seen" && $0.id != nil && $0.callerWorkerID == nil })
        #expect(calls.first?.metadata?.description == #"{"k":1}"#)
        #expect(
            calls.map { $0.data?.value() }
                == ["worker_connected", "worker_metadata_updated", "worker_disconnected"].map {
                    ["event": .string($0), "worker_id": .string(id)]
                }
        )
    }

    @Test func thoseWhoAskedHearOfFunctionsOnceForMany() {
        var hub = HubDriver()
        let watcher = hub.worker("watcher", functions: ["seen"])
        hub.send(
            watcher,
            .registerTrigger(
                TriggerRegistration(id: "b", triggerType: "engine::functions-available", functionID: "seen")
            )
        )
        let worker = hub.worker("w", functions: ["f", "g"])
        #expect(hub.timers.count { $0 == .functionsChanged } == 1)
        hub.receive(.timer(.functionsChanged))
        let calls = hub.takeCalls(watcher)
        #expect(calls.count == 1)
        #expect(calls.first?.data?.member("event")?.string == "functions_changed")
        hub.send(worker, .registerFunction(FunctionRegistration(id: "f")))
        hub.receive(.timer(.functionsChanged))
        #expect(hub.takeCalls(watcher).isEmpty)
    }
}
