// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Manifests
import Sandboxing
import Testing

@testable import Engine

/// What becomes of the calls of a function is heard by those who may hear it, and by nobody else.
@Suite struct HubObserverTests {
    /// A hub with a shop whose calls are observed.
    private struct House {
        var hub: HubDriver
        let shop: ConnectionID
        let watcher: ConnectionID
        let customer: ConnectionID

        init(_ change: (inout EngineLimits) -> Void = { _ in }) {
            hub = HubDriver(change)
            shop = hub.worker("shop", functions: ["shop::charge"])
            watcher = hub.worker("watcher", functions: ["watcher::heard"])
            customer = hub.worker("customer")
        }

        mutating func observe(
            _ id: ConnectionID,
            _ source: JSONValue = ["function_id": "shop::charge"],
            _ target: String = "watcher::heard",
            as observer: String = "o",
            _ more: JSONObject = [:]
        ) -> JSONValue? {
            var frame: JSONObject = [
                "type": "observe", "id": .string(observer), "source": source,
                "target": ["function_id": .string(target)],
            ]
            for member in more.members { frame[member.key] = member.value }
            hub.send(id, .observation(.observe, RawJSON(.object(frame))))
            return told(id, .answer).last
        }

        /// What was said to a connection in frames of a kind.
        mutating func told(_ id: ConnectionID, _ kind: Observation) -> [JSONValue] {
            hub.take(id).compactMap { frame in
                if case .observation(kind, let text) = frame { text.value() } else { nil }
            }
        }

        /// Lets the customer call the shop, which answers.
        mutating func charge(_ input: JSONValue = ["amount": 7], _ answer: JSONValue = ["ok": true]) {
            hub.send(customer, .invoke(InvokeFunction(id: "c", functionID: "shop::charge", data: RawJSON(input))))
            hub.send(shop, .ok("c", answer))
        }

        /// What the target was called with, and the calls are answered.
        mutating func heard() -> [JSONValue] {
            let calls = hub.takeCalls(watcher)
            for call in calls { hub.send(watcher, .ok(call.id ?? "")) }
            return calls.compactMap { $0.data?.value() }
        }
    }

    @Test func anObserverHearsInputOutputAndCaller() throws {
        var house = House()
        #expect(house.observe(house.watcher)?["state"] == "active")
        house.charge()
        let event = try #require(house.heard().first)
        #expect(event["function_id"] == "shop::charge")
        #expect(event["status"] == "success")
        #expect(event["input"]?["amount"] == 7)
        #expect(event["output"] == ["ok": true])
        #expect(event["caller"]?["worker_name"] == "customer")
        #expect(event["observer_id"] == "o")
        #expect(house.hub.takeAnswers(house.customer).last == ["ok": true])
        // Nothing of a failure, unless it is asked for.
        house.hub.send(house.customer, .call("d", "shop::charge"))
        let failure = CallFailure(code: "no_money", message: "").json
        house.hub.send(
            house.shop,
            .result(InvocationResult(id: "d", functionID: "", outcome: .failure(failure)))
        )
        #expect(house.heard().isEmpty)
        house.hub.send(house.watcher, .observation(.unobserve, RawJSON(["id": "o"])))
        house.charge()
        #expect(house.heard().isEmpty)
        #expect(house.hub.hub.watchers.isEmpty && house.hub.hub.targets.isEmpty && house.hub.hub.observedBytes == 0)
    }

    @Test func filtersCaptureAndDeliveryAreAsAskedFor() {
        var house = House()
        let source: JSONValue = [
            "function_id": "shop::charge", "filters": ["input.amount": ["$gte": 5]], "deliver": "input",
        ]
        _ = house.observe(house.watcher, source)
        _ = house.observe(
            house.watcher,
            ["function_id": "shop::charge", "on": "complete", "capture": ["error"]],
            as: "p"
        )
        house.charge(["amount": 4])
        let small = house.heard()
        #expect(small.count == 1)
        #expect(small[0]["input"] == nil && small[0]["output"] == nil && small[0]["caller"] == nil)
        house.charge(["amount": 5])
        #expect(house.heard().contains(["amount": 5]))
        // Void calls are observed as well, and the loss of a worker is the end of a call.
        house.hub.send(house.customer, .call(nil, "shop::charge", action: .void))
        house.hub.receive(.disconnected(house.shop))
        let lost = house.heard()
        #expect(lost.map { $0["error"]?["code"] } == ["invocation_stopped"])
    }

    @Test func aCallerThatLeavesTakesNothingFromWhoObserves() {
        var house = House()
        _ = house.observe(house.watcher)
        house.hub.send(house.customer, .call("c", "shop::charge"))
        house.hub.receive(.disconnected(house.customer))
        house.hub.send(house.shop, .ok("c", 1))
        #expect(house.heard().map { $0["output"] } == [1])
        #expect(house.hub.hub.calls.isEmpty && house.hub.hub.observedBytes == 0)
    }

    @Test func statesFollowFunctions() {
        var house = House()
        let early = house.observe(house.watcher, ["function_id": "later::f"], as: "e")
        #expect(early?["state"] == "pending")
        let later = house.hub.worker("later", functions: ["later::f"])
        #expect(house.told(house.watcher, .stateChanged).last?["state"] == "active")
        house.hub.receive(.disconnected(later))
        let away = house.told(house.watcher, .stateChanged).last
        #expect(away?["state"] == "suspended" && away?["reason"]?["code"] == "OWNER_GONE")
        #expect(house.observe(house.watcher, ["function_id": "later::f"], "later::t", as: "t")?["state"] == "pending")
        let back = house.hub.worker("later", functions: ["later::f", "later::t"])
        #expect(house.told(house.watcher, .stateChanged).map { $0["state"] } == ["active", "active"])
        // Said again it goes on; whoever leaves takes its observers along.
        #expect(house.observe(house.watcher, ["function_id": "later::f"], as: "e")?["state"] == "active")
        house.hub.receive(.disconnected(house.watcher))
        #expect(house.hub.hub.observers.isEmpty && house.hub.hub.watchers.isEmpty)
        house.hub.receive(.disconnected(back))
    }

    @Test func anObserverEndsWhenItIsSpentOrItsTimeIsOver() throws {
        var house = House()
        _ = house.observe(house.watcher, as: "o", ["max_fires": 2])
        for _ in 0..<3 { house.charge() }
        #expect(house.hub.takeCalls(house.watcher).count == 2)
        #expect(house.hub.hub.observers.isEmpty)
        _ = house.observe(house.watcher, as: "p", ["expires_in_ms": 1000])
        let timer = try #require(house.hub.timers.last)
        house.hub.receive(.timer(timer))
        let end = house.told(house.watcher, .stateChanged).last
        #expect(end?["state"] == "disposed" && end?["reason"]?["code"] == "EXPIRED")
        // A timer of one that had this id before means nothing.
        #expect(house.observe(house.watcher, as: "p")?["state"] == "active")
        house.hub.receive(.timer(timer))
        #expect(house.hub.hub.observers["p"] != nil)
    }

    @Test func eventsWaitForTheirTurnAndAreBounded() {
        var house = House { $0.observerQueue = 3 }
        _ = house.observe(house.watcher, as: "o", ["max_in_flight": 1])
        for n in 1...6 { house.charge(["n": .number(JSONNumber(n))]) }
        let first = house.hub.takeCalls(house.watcher)
        #expect(first.count == 1)
        #expect(house.hub.notes.count { $0.contains("an event is lost") } == 2)
        house.hub.send(house.watcher, .ok(first[0].id ?? ""))
        var heard: [JSONValue?] = []
        while let call = house.hub.takeCalls(house.watcher).first {
            heard.append(call.data?.value()?["input"]?["n"])
            house.hub.send(house.watcher, .ok(call.id ?? ""))
        }
        #expect(heard == [2, 3, 4])
    }

    @Test func observersThatCallEachOtherEnd() {
        var house = House { $0.observeDepth = 3 }
        // What it hears makes it observe itself.
        _ = house.observe(house.watcher, ["function_id": "watcher::heard"], as: "loop")
        house.hub.send(house.customer, .call("c", "watcher::heard"))
        var calls = 0
        while let call = house.hub.takeCalls(house.watcher).first, calls < 100 {
            calls += 1
            house.hub.send(house.watcher, .ok(call.id ?? ""))
        }
        #expect(calls == 4)
        #expect(house.hub.notes.contains { $0.contains("without end") })
    }

    @Test(
        arguments: [
            (["function_id": "engine::workers::list"], "NOT_OBSERVABLE"),
            (["function_id": "shop::charge", "args": ["a": 1]], "INVALID_ARGS"),
            (["function_id": "shop::charge", "filters": ["amount": 1]], "INVALID_FILTER"),
            (["function_id": "shop::charge", "on": "never"], "INVALID_OBSERVER"), ([:], "INVALID_OBSERVER"),
        ] as [(JSONValue, String)]
    )
    func whatCannotBeIsSaid(source: JSONValue, code: String) {
        var house = House()
        let answer = house.observe(house.watcher, source)
        #expect(answer?["state"] == "error")
        #expect(answer?["error"]?["code"] == .string(code))
    }

    // MARK: Rights

    private static func started(_ name: String, _ tier: IsolationTier = .namespaces) -> BusIdentity {
        .worker(StartedWorker(name: name, tier: tier))
    }

    @Test func aWorkerObservesItsOwnFunctionsAndOthersByAGrant() {
        var house = House()
        func rights(_ patterns: String...) -> Hub.Event {
            let grants = CallGrants(patterns.map { CallGrants.Grant(CallPattern(trusting: $0)) })
            return .rightsChanged(BusRights(["spy": BusRights.Worker(dependencies: ["shop"], grants: grants)]))
        }
        house.hub.receive(rights())
        let spy = house.hub.worker("spy", functions: ["spy::f", "spy::g"], as: Self.started("spy"))
        #expect(house.observe(spy, ["function_id": "spy::f"], "spy::g", as: "own")?["state"] == "active")
        // It may call its dependency, but not hear what others say to it.
        let refused = house.observe(spy, ["function_id": "shop::charge"], "spy::g", as: "other")
        #expect(refused?["error"]?["code"] == "FORBIDDEN", "\(String(describing: refused))")
        #expect(
            house.observe(spy, ["function_id": "spy::f"], "watcher::heard", as: "via")?["error"]?["code"] == "FORBIDDEN"
        )
        // Nor does it take over or end another one's.
        _ = house.observe(house.watcher, as: "theirs")
        #expect(house.observe(spy, ["function_id": "spy::f"], "spy::g", as: "theirs")?["state"] == "error")
        house.hub.send(spy, .observation(.unobserve, RawJSON(["id": "theirs"])))
        #expect(house.hub.hub.observers["theirs"]?.owner == house.watcher)
        house.hub.receive(rights("shop::charge"))
        #expect(house.told(spy, .stateChanged).last?["state"] == "active")
        house.charge()
        #expect(house.hub.takeCalls(spy).count == 1)
        house.hub.receive(rights())
        #expect(house.told(spy, .stateChanged).last?["state"] == "error")
        house.charge()
        #expect(house.hub.takeCalls(spy).isEmpty)
    }

    @Test func whoComesToHaveAFunctionIsNotHeardByOthers() {
        var house = House()
        house.hub.receive(.rightsChanged(BusRights(["spy": BusRights.Worker()])))
        let spy = house.hub.worker("spy", functions: ["spy::g"], as: Self.started("spy"))
        #expect(house.observe(spy, ["function_id": "bank::pay"], "spy::g")?["state"] == "pending")
        let bank = house.hub.worker("bank", functions: ["bank::pay"])
        #expect(house.told(spy, .stateChanged).last?["reason"]?["code"] == "FORBIDDEN")
        house.hub.send(house.customer, .call("c", "bank::pay"))
        house.hub.send(bank, .ok("c"))
        #expect(house.hub.takeCalls(spy).isEmpty)
    }

    @Test func whatIsKeptForASandboxedWorkerIsHeldAgainstIt() throws {
        var house = House()
        house.hub.receive(.rightsChanged(BusRights(["hog": BusRights.Worker()])))
        let hog = house.hub.worker("hog", functions: ["hog::f", "hog::g"], as: Self.started("hog"))
        _ = house.observe(hog, ["function_id": "hog::f"], "hog::g")
        let budget = try #require(house.hub.hub.sessions[hog]?.budget)
        let before = budget.held
        let large = RawJSON(["x": .string(String(repeating: "x", count: 1 << 20))])
        // It never answers: what others say to it fills its own room, and no more.
        for n in 0..<100 {
            house.hub.send(house.customer, .invoke(InvokeFunction(id: "c\(n)", functionID: "hog::f", data: large)))
        }
        #expect(budget.held > before + (20 << 20) && budget.held <= budget.limit)
        #expect(house.hub.hub.observedBytes <= budget.limit)
        house.hub.receive(.disconnected(hog))
        #expect(budget.held == 0)
        #expect(house.hub.hub.observedBytes == 0)
    }

    // MARK: The worker of the function takes part

    /// A worker that speaks `observe.v1` and offers a function that it delivers itself.
    private func owner(_ house: inout House, _ observe: JSONValue) -> ConnectionID {
        let id = house.hub.connect()
        house.hub.send(id, .registerFunction(FunctionRegistration(id: "clock::tick", observe: RawJSON(observe))))
        let data: JSONValue = ["name": "clock", "features": ["observe.v1", "else.v7"]]
        let announcement = InvokeFunction(
            id: nil,
            functionID: "engine::workers::register",
            data: RawJSON(data),
            action: .void
        )
        house.hub.send(id, .invoke(announcement))
        return id
    }

    @Test func theWorkerOfAFunctionIsAskedAndHandsOverItself() throws {
        var house = House()
        let schema: JSONValue = ["type": "object", "required": ["every"]]
        let clock = owner(&house, ["delivery": "owner", "args_format": schema])
        let confirmed = try #require(house.told(clock, .functionRegistered).last)
        #expect(
            confirmed["id"] == "clock::tick" && confirmed["observers"] == [] && confirmed["local_dispatch"] == false
        )
        let wrong = house.observe(house.watcher, ["function_id": "clock::tick"], as: "w")
        #expect(wrong?["error"]?["code"] == "INVALID_ARGS")
        let source: JSONValue = ["function_id": "clock::tick", "args": ["every": 5]]
        #expect(house.observe(house.watcher, source, as: "o", ["metadata": ["m": 1]])?["state"] == "pending")
        let added = try #require(house.told(clock, .observerAdded).last)
        #expect(added["observer"]?["args"] == ["every": 5])
        #expect(added["observer"]?["metadata"] == nil)
        // Only the function's own worker has a word in it.
        let word: JSONValue = ["function_id": "clock::tick", "id": "o", "revision": 1]
        house.hub.send(house.shop, .observation(.acknowledgement, RawJSON(word)))
        #expect(house.hub.hub.observers["o"]?.state == .pending)
        house.hub.send(clock, .observation(.acknowledgement, RawJSON(word)))
        #expect(house.told(house.watcher, .stateChanged).last?["state"] == "active")
        // It is not told of calls, but of what the worker hands over.
        house.hub.send(house.customer, .call("c", "clock::tick"))
        house.hub.send(clock, .ok("c"))
        #expect(house.heard().isEmpty)
        let item: JSONValue = [
            "function_id": "clock::tick", "invocation_id": "i", "matched": ["o", "nobody"], "status": "success",
            "input": ["tick": 1], "started_at_ms": 5, "duration_ms": 2, "observe_depth": 0,
        ]
        house.hub.send(house.shop, .observation(.report, RawJSON(["items": [item]])))
        #expect(house.heard().isEmpty)
        house.hub.send(clock, .observation(.report, RawJSON(["items": [item]])))
        let calls = house.hub.takeCalls(house.watcher)
        #expect(calls.first?.data?.value()?["input"] == ["tick": 1])
        #expect(calls.first?.metadata?.value() == ["m": 1])
        #expect(calls.first?.origin == .unsaid)
    }

    @Test func theWorkerOfAFunctionCallsTheTargetAndHasTheAnswer() throws {
        var house = House()
        let clock = owner(&house, ["delivery": "owner"])
        _ = house.observe(house.watcher, ["function_id": "clock::tick"])
        house.hub.send(clock, .observation(.acknowledgement, RawJSON(["id": "o"])))
        _ = house.hub.take(clock)
        var call = InvokeFunction(id: "x", functionID: "anything::else", data: RawJSON(["q": 1]))
        call.origin = .said(caller: nil, depth: 0, activation: RawJSON(["observer_id": "o"]))
        house.hub.send(clock, .invoke(call))
        let asked = try #require(house.hub.takeCalls(house.watcher).first)
        #expect(asked.functionID == "watcher::heard")
        house.hub.send(house.watcher, .ok(asked.id ?? "", 42))
        #expect(house.hub.takeAnswers(clock) == [42])
        // Somebody else's word about an observer leads nowhere.
        house.hub.send(house.customer, .invoke(call))
        #expect(house.hub.takeAnswers(house.customer).last?["error"]?["code"] == "OBSERVER_NOT_ACTIVE")
        #expect(house.hub.takeCalls(house.watcher).isEmpty)
    }

    @Test func aRefusalOfTheWorkerIsPassedOn() {
        var house = House()
        let clock = owner(&house, ["delivery": "owner"])
        _ = house.observe(house.watcher, ["function_id": "clock::tick"])
        _ = house.hub.take(clock)
        let word: JSONValue = ["id": "o", "error": ["code": "TOO_OFTEN", "message": "every second at most"]]
        house.hub.send(clock, .observation(.acknowledgement, RawJSON(word)))
        let told = house.told(house.watcher, .stateChanged).last
        #expect(told?["state"] == "error" && told?["reason"]?["code"] == "TOO_OFTEN")
        #expect(house.told(clock, .observerRemoved).last?["id"] == "o")
        house.hub.receive(.disconnected(clock))
        let shy = owner(&house, [:])
        house.hub.send(shy, .registerFunction(FunctionRegistration(id: "shy::f", observe: RawJSON(["allow": false]))))
        let answer = house.observe(house.watcher, ["function_id": "shy::f"], as: "s")
        #expect(answer?["error"]?["code"] == "NOT_OBSERVABLE")
    }

    @Test func whoSpeaksItIsToldFromWhatACallWasMade() throws {
        var house = House()
        let clock = owner(&house, [:])
        var call = InvokeFunction(id: "c", functionID: "clock::tick", data: .emptyObject)
        let said: JSONValue = [
            "function_id": "customer::f", "worker_name": "liar", "parent": ["worker_name": "p", "x": 1],
        ]
        call.origin = .said(caller: RawJSON(said), depth: 2, activation: nil)
        house.hub.send(house.customer, .invoke(call))
        let told = try #require(house.hub.takeCalls(clock).first)
        #expect(told.origin.depth == 2)
        let caller = told.origin.caller?.value()
        #expect(caller?["worker_name"] == "customer")
        #expect(caller?["function_id"] == "customer::f")
        #expect(caller?["parent"] == ["worker_name": "p"])
        // Others get what they always got.
        call.functionID = "shop::charge"
        house.hub.send(house.customer, .invoke(call))
        #expect(house.hub.takeCalls(house.shop).first?.origin == .unsaid)
    }
}
