// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import NIOCore
import Testing

@testable import Engine

@Suite struct HubCallTests {
    @Test func aCallGoesToItsWorkerAndTheAnswerBack() {
        var hub = HubDriver()
        let worker = hub.worker("w", functions: ["f"])
        let caller = hub.worker("c")
        let call = InvokeFunction(
            id: "i",
            functionID: "f",
            data: RawJSON(["a": 1]),
            metadata: RawJSON(["m": 2]),
            traceparent: "t",
            baggage: "b"
        )
        hub.send(caller, .invoke(call))
        let received = hub.takeCalls(worker)
        #expect(received.count == 1)
        #expect(received.first?.id == "i")
        #expect(received.first?.data == call.data)
        #expect(received.first?.metadata == call.metadata)
        #expect(received.first?.traceparent == "t")
        #expect(received.first?.baggage == "b")
        #expect(received.first?.callerWorkerID == hub.hub.sessions[caller]?.workerID)
        hub.send(worker, .result(InvocationResult(id: "i", functionID: "?", outcome: .success(RawJSON([1])))))
        let expected = InvocationResult(
            id: "i",
            functionID: "f",
            outcome: .success(RawJSON([1])),
            traceparent: "t",
            baggage: "b"
        )
        #expect(hub.take(caller) == [.result(expected)])
        #expect(hub.hub.calls.isEmpty)
    }

    @Test func errorsPassAsTheyWereWritten() {
        var hub = HubDriver()
        let worker = hub.worker("w", functions: ["f"])
        let error = RawJSON(["code": "invocation_failed", "message": "boom", "stacktrace": "Traceback …", "more": [1]])
        hub.send(worker, .call("i", "f"))
        hub.send(worker, .result(InvocationResult(id: "i", functionID: "f", outcome: .failure(error))))
        #expect(hub.take(worker).last == .result(InvocationResult(id: "i", functionID: "f", outcome: .failure(error))))
    }

    @Test(
        arguments: [
            ("g", nil, "function_not_found", "Function g not found in namespace default."),
            (
                "f", nil, "function_not_found",
                "Function f not found in namespace default. It is registered in namespace(s): blue, red."
            ),
            (
                "f", "green", "function_not_found",
                "Function f not found in namespace green. It is registered in namespace(s): blue, red."
            ),
            ("f", " ", "INVALID_NAMESPACE", "a namespace is not blank"),
        ] as [(String, String?, String, String)]
    )
    func saysWhyAFunctionIsNotFound(function: String, namespace: String?, code: String, message: String) {
        var hub = HubDriver()
        _ = hub.worker("w", namespace: "red", functions: ["f"])
        _ = hub.worker("w", namespace: "blue", functions: ["f"])
        let caller = hub.worker("c", namespace: "red")
        hub.send(caller, .call("i", function, namespace: namespace))
        #expect(hub.takeAnswers(caller) == [["error": ["code": .string(code), "message": .string(message)]]])
    }

    @Test func theNamespaceAskedForIsTheOnlyOneSearched() {
        var hub = HubDriver()
        let red = hub.worker("w", namespace: "red", functions: ["f"])
        let plain = hub.worker("w", functions: ["f"])
        hub.send(red, .call("1", "f"))
        #expect(hub.takeCalls(plain).count == 1)
        hub.send(plain, .call("2", "f", namespace: "red"))
        #expect(hub.takeCalls(red).count == 1)
    }

    @Test func voidCallsAreNeverAnswered() {
        var hub = HubDriver()
        let worker = hub.worker("w", functions: ["f"])
        let caller = hub.worker("c")
        hub.send(caller, .call("i", "f", action: .void))
        hub.send(caller, .call(nil, "f", action: .void))
        hub.send(caller, .call("j", "unknown", action: .void))
        hub.send(caller, .call("k", "engine::workers::list", action: .void))
        let calls = hub.takeCalls(worker)
        #expect(calls.count == 2)
        for call in calls { hub.send(worker, .ok(call.id ?? "")) }
        #expect(hub.take(caller).isEmpty)
        #expect(hub.hub.calls.isEmpty)
    }

    @Test func twoCallersMayUseTheSameID() {
        var hub = HubDriver()
        let worker = hub.worker("w", functions: ["f"])
        let first = hub.worker("a")
        let second = hub.worker("b")
        hub.send(first, .call("same", "f"))
        hub.send(second, .call("same", "f"))
        let ids = hub.takeCalls(worker).compactMap(\.id)
        #expect(Set(ids).count == 2)
        hub.send(worker, .ok(ids[1], "for b"))
        hub.send(worker, .ok(ids[0], "for a"))
        #expect(hub.takeAnswers(first) == ["for a"])
        #expect(hub.takeAnswers(second) == ["for b"])
    }

    @Test func onlyTheCalleeAnswers() {
        var hub = HubDriver()
        let worker = hub.worker("w", functions: ["f"])
        let caller = hub.worker("c")
        let stranger = hub.worker("s")
        hub.send(caller, .call("i", "f"))
        hub.send(stranger, .ok("i", "forged"))
        #expect(hub.take(caller).isEmpty)
        hub.send(worker, .ok("i", "true"))
        hub.send(worker, .ok("i", "late"))
        #expect(hub.takeAnswers(caller) == ["true"])
    }

    @Test func aWorkerThatDiesStopsItsCalls() {
        var hub = HubDriver()
        let worker = hub.worker("w", functions: ["f"])
        let caller = hub.worker("c")
        hub.send(caller, .call("1", "f"))
        hub.send(caller, .call("2", "f"))
        hub.receive(.disconnected(worker))
        let stopped: JSONValue = ["error": ["code": "invocation_stopped", "message": "Invocation stopped"]]
        #expect(hub.takeAnswers(caller) == [stopped, stopped])
        #expect(hub.call(caller, "f")?["error"]?["code"] == "function_not_found")
    }

    @Test func aCallerThatLeavesIsForgotten() {
        var hub = HubDriver()
        let worker = hub.worker("w", functions: ["f"])
        let caller = hub.worker("c")
        hub.send(caller, .call("1", "f"))
        hub.receive(.disconnected(caller))
        hub.send(worker, .ok("1"))
        #expect(hub.hub.calls.isEmpty)
        #expect(hub.hub.sessions[worker]?.handling == 0)
    }

    /// Python writes NaN, which nobody else can read: the caller is told at once.
    @Test func anAnswerThatIsNoJSONFailsItsCall() throws {
        var hub = HubDriver()
        let worker = hub.worker("w", functions: ["f"])
        let caller = hub.worker("c")
        hub.send(caller, .call("i", "f"))
        let text = ByteBuffer(
            string: #"{"invocation_id":"i","function_id":"f","result":NaN,"type":"invocationresult"}"#
        )
        let fault = try #require(throws: FrameFault.self) { try Frame(decoding: text) }
        hub.receive(.fault(caller, fault))
        #expect(hub.take(caller).isEmpty)
        hub.receive(.fault(worker, fault))
        #expect(hub.takeAnswers(caller).first?["error"]?["code"] == "serialization_error")
        #expect(hub.closed.isEmpty)
    }

    @Test func aCallThatIsNoJSONIsRefused() throws {
        var hub = HubDriver()
        let caller = hub.worker("c")
        let text = ByteBuffer(
            string: #"{"invocation_id":"i","function_id":"f","data":{"a":NaN},"type":"invokefunction"}"#
        )
        let fault = try #require(throws: FrameFault.self) { try Frame(decoding: text) }
        hub.receive(.fault(caller, fault))
        #expect(hub.takeAnswers(caller).first?["error"]?["code"] == "deserialization_error")
    }

    // MARK: Bounds

    @Test func aWorkerThatDoesNotReadCostsItsOwnCallsOnly() {
        var hub = HubDriver { $0.outboundBytes = 10_000 }
        let stuck = hub.worker("stuck", functions: ["f"])
        let fine = hub.worker("fine", functions: ["g"])
        let caller = hub.worker("c")
        hub.isWriting = false
        let data = RawJSON(.string(String(repeating: "x", count: 4000)))
        for number in 0..<5 {
            hub.send(caller, .invoke(InvokeFunction(id: "\(number)", functionID: "f", data: data)))
        }
        let refused = hub.takeAnswers(caller)
        #expect(refused.count == 3)
        #expect(refused.allSatisfy { $0["error"]?["code"] == "channel_send_failed" })
        #expect(hub.take(stuck).count == 2)
        hub.send(caller, .call("x", "g"))
        #expect(hub.takeCalls(fine).count == 1)
        #expect(hub.closed.isEmpty)
    }

    @Test func aCallerThatDoesNotReadLosesItsResultsThenItsConnection() {
        var hub = HubDriver { $0.outboundBytes = 20_000 }
        let worker = hub.worker("w", functions: ["f"])
        let caller = hub.worker("c")
        for number in 0..<50 { hub.send(caller, .call("\(number)", "f")) }
        hub.isWriting = false
        let large = JSONValue.string(String(repeating: "x", count: 9000))
        for number in 0..<50 { hub.send(worker, .ok("\(number)", large)) }
        let answers = hub.takeAnswers(caller)
        #expect(answers.prefix(2) == [large, large])
        #expect(answers.dropFirst(2).first?["error"]?["code"] == "channel_send_failed")
        #expect(hub.closed[caller] == .policy)
        #expect(hub.hub.sessions[caller] == nil)
    }

    @Test func openCallsAreBounded() {
        var hub = HubDriver { $0.openCalls = 3 }
        _ = hub.worker("w", functions: ["f"])
        let caller = hub.worker("c")
        for number in 0..<4 { hub.send(caller, .call("\(number)", "f")) }
        #expect(hub.takeAnswers(caller).map { $0["error"]?["code"] } == ["invocation_error"])
    }

    @Test func callsThatGrowTooLargeAreRefused() {
        var hub = HubDriver { $0.messages.messageBytes = 1000 }
        _ = hub.worker("w", functions: ["f"])
        let caller = hub.worker("c")
        let answer = hub.call(caller, "f", .string(String(repeating: "x", count: 960)))
        #expect(answer?["error"]?["code"] == "payload_too_large")
    }

    // MARK: Queues and local functions

    @Test func messagesForAQueueGoToItsWorker() {
        var hub = HubDriver()
        let caller = hub.worker("c")
        hub.send(caller, .call("i", "f", action: .enqueue(queue: "q")))
        #expect(hub.takeAnswers(caller).first?["error"]?["code"] == "enqueue_error")
        let queue = hub.worker("queue", functions: ["engine::queue::enqueue"])
        hub.send(caller, .call("i", "f", namespace: "red", action: .enqueue(queue: "q")))
        let call = hub.takeCalls(queue).first
        let data = call?.data?.value()
        #expect(data?["queue"] == "q")
        #expect(data?["function_id"] == "f")
        #expect(data?["namespace"] == "red")
        hub.send(queue, .ok(call?.id ?? "", [:]))
        #expect(hub.takeAnswers(caller) == [["messageReceiptId": data?["messageReceiptId"] ?? nil]])
    }

    @Test func functionsOfTheEnginesOwnProcessAreCalledLikeOthers() {
        let function = LocalFunction(FunctionRegistration(id: "local::f")) { _ in nil }
        var hub = HubDriver(localWorkers: [LocalWorker(name: "local", description: "", functions: [function])])
        let caller = hub.worker("c")
        hub.send(caller, .call("i", "local::f"))
        let call = hub.localCalls.first
        #expect(call?.callerWorkerID == hub.hub.sessions[caller]?.workerID)
        hub.receive(.localResult(callID: call?.callID ?? "", .success(RawJSON("done"))))
        #expect(hub.takeAnswers(caller) == ["done"])
        hub.send(caller, .registerFunction(FunctionRegistration(id: "local::f")))
        #expect(
            hub.take(caller) == [
                .registrationRejected(
                    RegistrationRejection(subject: .function(id: "local::f"), namespace: "default", ownerWorkerID: "")
                )
            ]
        )
    }

    @Test func callsOfTheEnginesOwnProcessAreBounded() {
        let function = LocalFunction(FunctionRegistration(id: "local::f")) { _ in nil }
        let workers = [LocalWorker(name: "local", description: "", functions: [function])]
        var hub = HubDriver({ $0.outboundBytes = 1000 }, localWorkers: workers)
        let caller = hub.worker("c")
        for call in ["a", "b", "c", "d"] {
            hub.send(caller, .call(call, "local::f", action: call == "a" ? .void : .call))
        }
        #expect(hub.localCalls.count == 3)
        #expect(hub.takeAnswers(caller).map { $0["error"]?["code"] } == ["channel_send_failed"])
        for call in hub.localCalls { hub.receive(.localResult(callID: call.callID, .success(nil))) }
        #expect(hub.hub.localBytes == 0)
        hub.send(caller, .call("e", "local::f"))
        #expect(hub.localCalls.count == 4)
    }

    @Test func pingIsAnsweredAndNoiseIsNot() {
        var hub = HubDriver()
        let worker = hub.worker("w")
        for frame in [.pong, .unknown(type: "observe"), .ping, .registerService(id: "s")] as [Frame] {
            hub.send(worker, frame)
        }
        #expect(hub.take(worker) == [.pong])
    }
}
