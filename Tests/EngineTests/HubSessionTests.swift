// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import TestSupport
import Testing

@testable import Engine

@Suite struct HubSessionTests {
    @Test func everyConnectionIsGreetedWithItsID() {
        var hub = HubDriver()
        let first = hub.connect()
        let second = hub.connect()
        #expect(hub.take(first) == [.workerRegistered(workerID: "id-1", reattachToken: "id-2", features: Hub.features)])
        #expect(
            hub.take(second) == [.workerRegistered(workerID: "id-3", reattachToken: "id-4", features: Hub.features)]
        )
    }

    /// Workers register before they say which namespace they belong to.
    @Test func registrationsWaitForTheAnnouncement() {
        var hub = HubDriver()
        let worker = hub.connect()
        hub.send(worker, .registerFunction(FunctionRegistration(id: "f")))
        hub.send(worker, .registerFunction(FunctionRegistration(id: "g")))
        hub.send(worker, .unregisterFunction(id: "g"))
        #expect(hub.hub.functions.isEmpty)
        hub.announce(worker, "w", namespace: "red")
        #expect(hub.hub.functions["red"]?.keys.sorted() == ["f"])
        #expect(hub.hub.functions["default"] == nil)
    }

    @Test func withoutAnAnnouncementTheNamespaceIsDefaultAfterAWhile() {
        var hub = HubDriver()
        let worker = hub.connect()
        hub.send(worker, .registerFunction(FunctionRegistration(id: "f")))
        #expect(hub.timers == [.namespaceGrace(worker)])
        hub.receive(.timer(.namespaceGrace(worker)))
        #expect(hub.hub.functions["default"]?.keys.sorted() == ["f"])
        hub.announce(worker, "w", namespace: "late")
        #expect(hub.hub.sessions[worker]?.namespace == "default")
        #expect(hub.hub.sessions[worker]?.name == "w")
    }

    /// After a reconnect, queued calls come before the announcement, and may be for functions of the same worker.
    @Test func aCallOfAFunctionThatWaitsIsMadeOnceItIsThere() {
        var hub = HubDriver()
        let worker = hub.connect()
        _ = hub.take(worker)
        hub.send(worker, .registerFunction(FunctionRegistration(id: "f")))
        hub.send(worker, .call("i", "f"))
        hub.send(worker, .call("j", "other"))
        #expect(hub.takeAnswers(worker).map { $0["error"]?["code"] } == ["function_not_found"])
        hub.announce(worker, "w")
        #expect(hub.takeCalls(worker).map(\.id) == ["i"])
    }

    @Test func callsThatWaitAreBoundedByTheirBytes() {
        var hub = HubDriver { $0.waitingBytes = 2000 }
        let worker = hub.connect()
        _ = hub.take(worker)
        hub.send(worker, .registerFunction(FunctionRegistration(id: "f")))
        for call in ["i", "j", "k", "l", "m"] {
            let data = RawJSON(.string(String(repeating: "x", count: 200)))
            hub.send(worker, .invoke(InvokeFunction(id: call, functionID: "f", data: data)))
        }
        #expect(hub.takeAnswers(worker).map { $0["error"]?["code"] } == ["function_not_found", "function_not_found"])
        hub.announce(worker, "w")
        #expect(hub.takeCalls(worker).map(\.id) == ["i", "j", "k"])
    }

    @Test func aNameHasOneLiveOwner() {
        var hub = HubDriver()
        let owner = hub.worker("w")
        let second = hub.connect()
        _ = hub.take(second)
        hub.send(second, .registerFunction(FunctionRegistration(id: "f")))
        hub.announce(second, "w")
        let ownerID = hub.hub.sessions[owner]?.workerID ?? ""
        let rejection = RegistrationRejection(subject: .worker(name: "w"), namespace: "default", ownerWorkerID: ownerID)
        #expect(hub.take(second) == [.registrationRejected(rejection)])
        #expect(hub.closed[second] == .policy)
        #expect(hub.hub.functions.isEmpty)
        hub.receive(.disconnected(second))
        hub.receive(.disconnected(owner))
        let third = hub.worker("w")
        #expect(hub.closed[third] == nil)
    }

    @Test func aNameIsFreeInEveryOtherNamespace() {
        var hub = HubDriver()
        _ = hub.worker("w")
        let other = hub.worker("w", namespace: "red")
        #expect(hub.closed[other] == nil)
        #expect(hub.hub.sessions[other]?.name == "w")
    }

    @Test func whoComesAndGoesIsToldByName() {
        var driver = HubDriver()
        let red = driver.worker("bob", namespace: "red")
        let plain = driver.worker("bob")
        // Saying it again is no news.
        driver.announce(plain, "bob")
        _ = driver.worker("iii-cli")
        _ = driver.worker(nil)
        driver.receive(.disconnected(plain))
        driver.receive(.disconnected(red))
        #expect(driver.presences.map(\.name) == ["bob", "bob", "bob", "bob"])
        #expect(driver.presences.map(\.isConnected) == [true, true, true, false])
    }

    @Test(arguments: ["iii-cli", "iii-cli:trigger"]) func theCommandLineMayConnectTwice(name: String) {
        var hub = HubDriver()
        _ = hub.worker(name)
        let second = hub.worker(name)
        #expect(hub.closed[second] == nil)
    }

    @Test(
        arguments: [
            (" plain ", "plain"), ("a\u{202E}b\u{7}", "ab"), (" \t", nil), ("\u{200F}", nil),
            (String(repeating: "x", count: 300), String(repeating: "x", count: 280)), ("é", "é"),
        ] as [(String, String?)]
    )
    func namesAreMadeSafeToShow(raw: String, name: String?) {
        #expect(Announcement.displayName(raw) == name)
    }

    @Test func aFunctionHasOneLiveOwner() {
        var hub = HubDriver()
        let owner = hub.worker("a", functions: ["f"])
        let second = hub.worker("b")
        hub.send(second, .registerFunction(FunctionRegistration(id: "f")))
        let ownerID = hub.hub.sessions[owner]?.workerID ?? ""
        let rejection = RegistrationRejection(
            subject: .function(id: "f"),
            namespace: "default",
            ownerWorkerID: ownerID
        )
        #expect(hub.take(second) == [.registrationRejected(rejection)])
        #expect(hub.closed[second] == nil)
        hub.receive(.disconnected(second))
        #expect(hub.hub.functions["default"]?["f"]?.owner == owner)
        let third = hub.worker("b")
        hub.receive(.disconnected(owner))
        hub.send(third, .registerFunction(FunctionRegistration(id: "f")))
        #expect(hub.hub.functions["default"]?["f"]?.owner == third)
    }

    @Test func registeringAgainReplaces() {
        var hub = HubDriver()
        let worker = hub.worker("w", functions: ["f"])
        hub.send(worker, .registerFunction(FunctionRegistration(id: "f", description: "new")))
        #expect(hub.take(worker).isEmpty)
        #expect(hub.hub.functions["default"]?["f"]?.registration.description == "new")
    }

    @Test(arguments: [("engine::workers::list", nil), ("engine::mine", "red")] as [(String, String?)])
    func theEnginesOwnFunctionsAreNotTaken(id: String, namespace: String?) {
        var hub = HubDriver()
        let worker = hub.worker("w", namespace: namespace, functions: [])
        hub.send(worker, .registerFunction(FunctionRegistration(id: id)))
        let rejection = RegistrationRejection(
            subject: .function(id: id),
            namespace: namespace ?? "default",
            ownerWorkerID: ""
        )
        #expect(hub.take(worker) == [.registrationRejected(rejection)])
    }

    // MARK: Coming back

    @Test func aWorkerThatComesBackTakesItsPlaceAgain() {
        var hub = HubDriver()
        let old = hub.worker("w", functions: ["f"])
        let session = hub.hub.sessions[old]
        let caller = hub.worker("c")
        hub.send(caller, .call("i", "f"))
        let new = hub.connect()
        hub.send(new, .reattach(previousWorkerID: session?.workerID ?? "", token: session?.reattachToken))
        #expect(hub.closed[old] == .goingAway)
        #expect(hub.takeAnswers(caller).first?["error"]?["code"] == "invocation_stopped")
        hub.send(new, .registerFunction(FunctionRegistration(id: "f")))
        hub.announce(new, "w")
        #expect(hub.closed[new] == nil)
        #expect(hub.hub.functions["default"]?["f"]?.owner == new)
    }

    @Test(arguments: ["wrong token", "no token", "unknown", "self"]) func aFalseReturnChangesNothing(how: String) {
        var hub = HubDriver()
        let old = hub.worker("w", functions: ["f"])
        let session = hub.hub.sessions[old]
        let new = hub.connect()
        let own = hub.hub.sessions[new]
        let frame: Frame =
            switch how {
            case "wrong token": .reattach(previousWorkerID: session?.workerID ?? "", token: "guess")
            case "no token": .reattach(previousWorkerID: session?.workerID ?? "", token: nil)
            case "unknown": .reattach(previousWorkerID: "somebody", token: session?.reattachToken)
            default: .reattach(previousWorkerID: own?.workerID ?? "", token: own?.reattachToken)
            }
        hub.send(new, frame)
        #expect(hub.closed.isEmpty)
        #expect(hub.hub.sessions.count == 2)
    }

    @Test func nothingOfAConnectionStaysBehind() {
        var hub = HubDriver()
        for _ in 0..<3 {
            let worker = hub.worker("w", functions: ["f", "g"])
            hub.send(worker, .registerTriggerType(TriggerTypeRegistration(id: "t")))
            hub.send(worker, .registerTrigger(TriggerRegistration(id: "b", triggerType: "t", functionID: "f")))
            hub.send(worker, .call("i", "f"))
            hub.receive(.disconnected(worker))
        }
        #expect(hub.hub.sessions.isEmpty)
        #expect(hub.hub.connections.isEmpty)
        #expect(hub.hub.names.isEmpty)
        #expect(hub.hub.functions.isEmpty)
        #expect(hub.hub.calls.isEmpty)
        #expect(hub.hub.bindings.isEmpty)
        #expect(hub.hub.triggerTypes["default"]?.count == DiscoveryEvent.allCases.count)
    }

    @Test func registrationsThatWaitAreBounded() {
        var hub = HubDriver { $0.waitingBytes = 2000 }
        let worker = hub.connect()
        for number in 0..<10 { hub.send(worker, .registerFunction(FunctionRegistration(id: "f\(number)"))) }
        #expect(hub.closed[worker] == .policy)
    }

    @Test func registrationsAreBounded() {
        var hub = HubDriver { $0.registrations = 3 }
        _ = hub.worker("w", functions: ["a", "b", "c", "d"])
        #expect(hub.hub.functions["default"]?.count == 3)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64]) func anyOrderOfEventsLeavesNothingBehind(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var hub = HubDriver { $0.outboundBytes = 4000 }
        var open: [ConnectionID] = []
        for _ in 0..<3000 {
            hub.isWriting = Bool.random(using: &random)
            if open.isEmpty || Int.random(in: 0..<20, using: &random) == 0 { open.append(hub.connect()) }
            guard let id = open.randomElement(using: &random) else { continue }
            let name = ["a", "b", "c"].randomElement(using: &random) ?? ""
            switch Int.random(in: 0..<14, using: &random) {
            case 0: hub.announce(id, name, namespace: Bool.random(using: &random) ? nil : "red")
            case 1: hub.send(id, .registerFunction(FunctionRegistration(id: name)))
            case 2: hub.send(id, .unregisterFunction(id: name))
            case 3, 4:
                hub.send(
                    id,
                    .call(
                        "\(Int.random(in: 0..<50, using: &random))",
                        name,
                        namespace: Bool.random(using: &random) ? nil : "red"
                    )
                )
            case 5, 6: hub.send(id, .ok("\(Int.random(in: 0..<50, using: &random))"))
            case 7: hub.send(id, .registerTriggerType(TriggerTypeRegistration(id: name)))
            case 8:
                hub.send(id, .registerTrigger(TriggerRegistration(id: "t\(name)", triggerType: name, functionID: name)))
            case 9: hub.send(id, .unregisterTrigger(id: "t\(name)", triggerType: nil))
            case 10:
                let error = Bool.random(using: &random) ? RawJSON(["message": "no"]) : nil
                hub.send(
                    id,
                    .triggerResult(
                        TriggerRegistrationResult(id: "t\(name)", triggerType: name, functionID: name, error: error)
                    )
                )
            case 11: hub.receive(.timer(.namespaceGrace(id)))
            case 12:
                let session = open.randomElement(using: &random).flatMap { hub.hub.sessions[$0] }
                hub.send(id, .reattach(previousWorkerID: session?.workerID ?? "", token: session?.reattachToken))
            default:
                hub.receive(.disconnected(id))
                open.removeAll { $0 == id }
            }
        }
        for id in open { hub.receive(.disconnected(id)) }
        #expect(hub.hub.sessions.isEmpty)
        #expect(hub.hub.calls.isEmpty)
        #expect(hub.hub.functions.isEmpty)
        #expect(hub.hub.names.isEmpty)
        #expect(hub.hub.bindings.isEmpty)
        #expect(hub.hub.triggerTypes["default"]?.count == DiscoveryEvent.allCases.count)
    }
}
