// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Testing

@testable import EngineClient

/// Which frames follow from what, without a network.
@Suite struct SessionStateTests {
    private let introduction = WorkerIntroduction(
        name: "w",
        runtime: "swift",
        version: "1",
        operatingSystem: "Linux",
        processID: 7
    )

    private func call(_ id: String) -> InvokeFunction { InvokeFunction(id: id, functionID: "f") }

    private func kinds(_ frames: [Frame]) -> [String] {
        frames.map { frame in
            switch frame {
            case .reattach(let id, let token): "reattach \(id) \(token ?? "-")"
            case .registerFunction(let function): "register \(function.id)"
            case .registerTrigger(let trigger): "bind \(trigger.functionID) \(trigger.namespace ?? "-")"
            case .invoke(let call): call.functionID == "f" ? "call \(call.id ?? "-")" : "announce"
            default: "\(frame)"
            }
        }
    }

    @Test func theFirstConnectionRegistersAndAnnounces() {
        var session = SessionState(introduction: introduction)
        #expect(session.register(FunctionRegistration(id: "a")) == nil)
        #expect(session.call(call("1")).send == nil)
        #expect(kinds(session.opened()) == ["register a", "announce", "call 1"])
        #expect(session.register(FunctionRegistration(id: "b")) != nil)
    }

    @Test func aReconnectReattachesBeforeAllElse() {
        var session = SessionState(introduction: introduction)
        _ = session.register(FunctionRegistration(id: "a"))
        _ = session.opened()
        #expect(session.receive(.workerRegistered(workerID: "id", reattachToken: "secret")) == .none)
        #expect(session.closed().isEmpty)
        #expect(kinds(session.opened()) == ["reattach id secret", "register a", "announce"])
    }

    @Test func bindingsAreMadeAgainInTheWorkersNamespaceUntilTheyAreTakenBack() {
        var named = introduction
        named.namespace = "red"
        var session = SessionState(introduction: named)
        let trigger = TriggerRegistration(id: "t", triggerType: "cron", functionID: "a")
        #expect(session.bind(trigger) == nil)
        #expect(kinds(session.opened()) == ["bind a red", "announce"])
        _ = session.closed()
        #expect(kinds(session.opened()) == ["bind a red", "announce"])
        let refusal = TriggerRegistrationResult(
            id: "t",
            triggerType: "cron",
            functionID: "a",
            error: RawJSON(["code": "x", "message": "no such time"])
        )
        #expect(session.receive(.triggerResult(refusal)) == .triggerRefused(functionID: "a", reason: "no such time"))
        #expect(session.unbind("t") == .unregisterTrigger(id: "t", triggerType: "cron"))
        #expect(session.unbind("t") == nil)
        _ = session.closed()
        #expect(kinds(session.opened()) == ["announce"])
    }

    @Test func callsUnderWayFailWithTheirConnectionAndWaitingOnesGoOn() {
        var session = SessionState(introduction: nil)
        _ = session.opened()
        #expect(session.call(call("1")).send != nil)
        #expect(session.closed() == ["1"])
        _ = session.call(call("2"))
        _ = session.call(call("3"))
        session.forget("2")
        #expect(kinds(session.opened()) == ["call 3"])
    }

    @Test func anAnswerCountsOnce() {
        var session = SessionState(introduction: nil)
        _ = session.opened()
        _ = session.call(call("1"))
        let result = Frame.result(InvocationResult(id: "1", functionID: "f", outcome: .success(nil)))
        #expect(session.receive(result) == .answered(callID: "1", .success(nil)))
        #expect(session.receive(result) == .none)
    }

    @Test func theOldestWaitingCallGivesWay() {
        var session = SessionState(introduction: nil)
        for number in 0..<SessionState.longestQueue { #expect(session.call(call("\(number)")).dropped == nil) }
        #expect(session.call(call("last")).dropped == "0")
    }

    @Test func rejectionsAreToldApart() {
        var session = SessionState(introduction: nil)
        func rejection(_ subject: RegistrationRejection.Subject) -> Frame {
            .registrationRejected(RegistrationRejection(subject: subject, namespace: "default", ownerWorkerID: "x"))
        }
        #expect(session.receive(rejection(.function(id: "f"))) == .functionTaken("f"))
        #expect(session.receive(rejection(.worker(name: "w"))) == .nameTaken("w"))
        #expect(session.receive(.ping) == .send(.pong))
        #expect(session.receive(.unknown(type: "observe")) == .none)
    }

    @Test func pausesGrowToHalfAMinuteAndBeginAnew() {
        var policy = ReconnectPolicy()
        var generator = SystemRandomNumberGenerator()
        let pauses = (0..<8).map { _ in policy.next(using: &generator) }
        for (pause, seconds) in zip(pauses, [1, 2, 4, 8, 16, 30, 30, 30]) {
            #expect(pause >= .milliseconds(700 * seconds) && pause <= .milliseconds(1300 * seconds))
        }
        policy.reset()
        #expect(policy.next(using: &generator) <= .milliseconds(1300))
    }
}

@Suite struct EngineAddressTests {
    @Test(arguments: [
        ("host", "host:49134"), ("host:1", "host:1"), (" 10.0.0.7:80 ", "10.0.0.7:80"), ("[::1]", "[::1]:49134"),
        ("[::1]:5", "[::1]:5"), ("ws://h:2", "h:2"), ("ws://h/path?x", "h:49134"), ("127.0.0.1:0", "127.0.0.1:0"),
    ])
    func addressesAreRead(text: String, expected: String) throws {
        let address = try EngineAddress(parsing: text)
        #expect(address.description == expected)
        #expect(try EngineAddress(parsing: address.url) == address)
    }

    @Test(arguments: [
        ("", EngineAddressError.Reason.host), (":1", .host), ("::1", .brackets), ("[::1", .host), ("[::1]x", .host),
        ("h:70000", .port), ("h:", .port), ("h:x", .port), ("http://h", .scheme), ("wss://h", .scheme),
        ("user@h", .host),
    ])
    func otherTextsAreRefused(text: String, reason: EngineAddressError.Reason) {
        let error = #expect(throws: EngineAddressError.self) { _ = try EngineAddress(parsing: text) }
        #expect(error?.reason == reason)
    }
}
