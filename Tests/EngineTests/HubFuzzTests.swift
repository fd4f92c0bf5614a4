// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import NIOCore
import TestSupport
import Testing

@testable import Engine

/// Frames in every order, from workers that come and go: nothing of them stays once they are gone.
@Suite struct HubFuzzTests {
    /// One turn of chance: who does what.
    private struct Play {
        var random: SeededGenerator
        var driver = HubDriver(
            { limits in
                limits.registrations = 20
                limits.openCalls = 20
                limits.outboundBytes = 4096
                limits.waitingBytes = 2048
            },
            localWorkers: [
                LocalWorker(
                    name: "local",
                    description: "",
                    functions: [LocalFunction(FunctionRegistration(id: "local::f")) { $0.data }]
                )
            ]
        )
        var present: [ConnectionID] = []

        private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        private mutating func name() -> String { ["a", "b", "c"][number(0...2)] }
        private mutating func space() -> String? { [nil, nil, "red"][number(0...2)] }

        mutating func turn() {
            guard let id = present.randomElement(using: &random), number(0...19) > 0 else {
                return present.append(driver.connect())
            }
            switch number(0...19) {
            case 0:
                driver.receive(.disconnected(id))
                present.removeAll { $0 == id }
            case 1...3: driver.announce(id, number(0...3) == 0 ? nil : name(), namespace: space())
            case 4: for timer in driver.timers.suffix(3) { driver.receive(.timer(timer)) }
            case 5:
                for call in driver.localCalls.suffix(2) {
                    driver.receive(.localResult(callID: call.callID, .success(nil)))
                }
            case 6: driver.isWriting.toggle()
            case 7: answerCalls(of: id)
            default: driver.send(id, frame())
            }
        }

        private mutating func answerCalls(of id: ConnectionID) {
            for call in driver.takeCalls(id) where number(0...2) > 0 { driver.send(id, .ok(call.id ?? "")) }
        }

        private mutating func frame() -> Frame {
            let function = "\(name())::f"
            switch number(0...14) {
            case 10...12: return observation(function)
            case 0, 1:
                let observe = RawJSON(["delivery": .string(["auto", "owner"][number(0...1)])])
                return .registerFunction(FunctionRegistration(id: function, observe: observe))
            case 2: return .unregisterFunction(id: function)
            case 3: return .registerTriggerType(TriggerTypeRegistration(id: name()))
            case 4: return .unregisterTriggerType(id: name(), namespace: space())
            case 5:
                let type = number(0...3) == 0 ? "engine::workers-available" : name()
                return .registerTrigger(
                    TriggerRegistration(id: "t-\(name())", triggerType: type, functionID: function, namespace: space())
                )
            case 6: return .unregisterTrigger(id: "t-\(name())", triggerType: nil)
            case 7: return .reattach(previousWorkerID: "id-\(number(1...60))", token: "id-\(number(1...60))")
            case 8:
                let result = TriggerRegistrationResult(
                    id: "t-\(name())",
                    triggerType: name(),
                    functionID: function,
                    error: number(0...1) == 0 ? nil : RawJSON(["message": "no"])
                )
                return .triggerResult(result)
            case 9: return .call("c-\(number(1...9))", "local::f")
            default:
                let action: InvokeFunction.Action = [.call, .call, .void, .enqueue(queue: "q")][number(0...3)]
                let data = RawJSON(.string(String(repeating: "x", count: number(0...600))))
                return .invoke(
                    InvokeFunction(
                        id: "c-\(number(1...9))",
                        functionID: function,
                        data: data,
                        namespace: space(),
                        action: action
                    )
                )
            }
        }

        private mutating func observation(_ function: String) -> Frame {
            let observer = "o-\(name())"
            switch number(0...4) {
            case 0: return .observation(.unobserve, RawJSON(["id": .string(observer)]))
            case 1:
                let error: JSONValue = number(0...1) == 0 ? nil : ["code": "NO"]
                return .observation(.acknowledgement, RawJSON(["id": .string(observer), "error": error]))
            case 2:
                let item: JSONValue = ["function_id": .string(function), "matched": [.string(observer)], "input": 1]
                return .observation(.report, RawJSON(["items": [item]]))
            default:
                let frame: JSONValue = [
                    "id": .string(observer), "max_in_flight": 1, "max_fires": .number(JSONNumber(number(1...9))),
                    "source": ["function_id": .string(function), "on": "complete"],
                    "target": ["function_id": .string("\(name())::f")],
                ]
                return .observation(.observe, RawJSON(frame))
            }
        }

        mutating func end() {
            for id in present { driver.receive(.disconnected(id)) }
            for call in driver.localCalls { driver.receive(.localResult(callID: call.callID, .success(nil))) }
        }
    }

    @Test(arguments: 1...40) func nothingStaysOfWhoIsGone(seed: Int) {
        var play = Play(random: SeededGenerator(seed: UInt64(seed)))
        for _ in 0..<600 { play.turn() }
        play.end()
        let hub = play.driver.hub
        #expect(hub.sessions.isEmpty)
        #expect(hub.connections.isEmpty)
        #expect(hub.names.isEmpty)
        #expect(hub.functions.isEmpty)
        #expect(hub.calls.isEmpty)
        #expect(hub.observers.isEmpty && hub.watchers.isEmpty && hub.targets.isEmpty && hub.observedBytes == 0)
        #expect(hub.bindings.isEmpty && hub.engineBindings.isEmpty)
        #expect(hub.acknowledgements.isEmpty)
        #expect(hub.localCosts.isEmpty && hub.localBytes == 0)
        #expect(hub.triggerTypes.keys.elementsEqual(["default"]))
        #expect(hub.triggerTypes["default"]?.count == DiscoveryEvent.allCases.count)
        let present = play.driver.presences.reduce(into: [:]) { $0[$1.name] = $1.isConnected }
        #expect(!present.values.contains(true))
    }
}
