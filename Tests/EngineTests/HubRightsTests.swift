// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Manifests
import Sandboxing
import Testing

@testable import Engine

/// What a worker may do on the bus is decided by what the project says, whatever it says of itself.
@Suite struct HubRightsTests {
    /// A hub with a shell that runs natively and a bundle in its sandbox.
    private struct House {
        var hub: HubDriver
        let shell: ConnectionID
        let bundle: ConnectionID

        init(_ rights: BusRights.Worker = BusRights.Worker(), endpoints: HTTPEndpointCaller? = nil) {
            let names = ["worker::add", "worker::list", "configuration::get"]
            let functions = names.map { name in LocalFunction(FunctionRegistration(id: name)) { _ in nil } }
            let types = ["worker", "configuration"].map { TriggerTypeRegistration(id: $0) }
            let ops = LocalWorker(name: "ops", description: "", functions: functions, triggerTypes: types)
            hub = HubDriver(localWorkers: [ops], endpoints: endpoints)
            hub.receive(.rightsChanged(Self.rights(rights)))
            shell = hub.worker("shell", functions: ["shell::run"], as: Self.started("shell", .none))
            bundle = hub.worker("bundle", functions: ["bundle::f"], as: Self.started("bundle", .namespaces))
        }

        static func rights(_ bundle: BusRights.Worker, isPermissive: Bool = false) -> BusRights {
            BusRights(["bundle": bundle, "shell": BusRights.Worker()], isPermissive: isPermissive)
        }

        static func started(_ name: String, _ tier: IsolationTier) -> BusIdentity {
            .worker(StartedWorker(name: name, tier: tier))
        }

        mutating func grant(_ patterns: String...) {
            let grants = CallGrants(patterns.map { CallGrants.Grant(CallPattern(trusting: $0)) })
            hub.receive(.rightsChanged(Self.rights(BusRights.Worker(grants: grants))))
        }

        mutating func code(_ id: ConnectionID, _ function: String, _ data: JSONValue = [:]) -> JSONValue? {
            hub.call(id, function, data)?["error"]?["code"]
        }

        mutating func bind(
            _ id: ConnectionID,
            _ function: String,
            to type: String = "engine::workers-available",
            _ config: JSONValue = [:]
        ) -> String? {
            let trigger = TriggerRegistration(
                id: "b-\(function)",
                triggerType: type,
                functionID: function,
                config: RawJSON(config)
            )
            hub.send(id, .registerTrigger(trigger))
            for case .triggerResult(let result) in hub.take(id) { return result.error?.member("code")?.string }
            return nil
        }
    }

    @Test func aSandboxedWorkerNeedsAGrantForWhatRunsFreely() throws {
        var house = House()
        let refused = try #require(house.hub.call(house.bundle, "shell::run")?["error"])
        #expect(refused["code"] == "FORBIDDEN")
        #expect(house.code(house.bundle, "worker::add") == "FORBIDDEN")
        house.hub.send(house.bundle, .call(nil, "shell::run", action: .void))
        #expect(house.hub.takeCalls(house.shell).isEmpty)
        #expect(house.hub.localCalls.isEmpty)
        house.grant("shell::run", "worker::*")
        house.hub.send(house.bundle, .call("c", "shell::run"))
        #expect(house.hub.takeCalls(house.shell).map(\.functionID) == ["shell::run"])
        house.hub.send(house.bundle, .call("d", "worker::add"))
        let call = try #require(house.hub.localCalls.last)
        #expect(call.caller.worker == "bundle" && call.caller.isolation == "namespaces" && call.caller.isGranted)
        #expect(!call.caller.isOwner)
        let record = house.hub.hub.record(of: "bundle")
        #expect(record.functions["shell::run"] == BusRecord.Count(calls: 1, refused: 2))
        #expect(record.functions["worker::add"] == BusRecord.Count(calls: 1, refused: 1))
        // Taken back, it counts at once.
        house.grant()
        #expect(house.code(house.bundle, "shell::run") == "FORBIDDEN")
        house.hub.receive(.disconnected(house.bundle))
        #expect(house.hub.hub.record(of: "bundle").functions["shell::run"] == BusRecord.Count(calls: 1, refused: 3))
    }

    @Test func whatItSaysOfItselfCountsForNothing() {
        var house = House()
        let liar = house.hub.connect(as: House.started("bundle", .namespaces))
        let words: JSONValue = ["name": "iii-cli", "isolation": "none", "runtime": "engine"]
        house.hub.send(
            liar,
            .invoke(InvokeFunction(id: "a", functionID: "engine::workers::register", data: RawJSON(words)))
        )
        #expect(house.code(liar, "shell::run") == "FORBIDDEN")
        // Nor is it called like another worker of the project.
        let thief = house.hub.connect(as: House.started("bundle", .namespaces))
        house.hub.receive(.disconnected(house.shell))
        house.hub.announce(thief, "shell")
        #expect(house.hub.closed[thief] == .policy)
    }

    @Test func namesOfOthersAreNotTaken() {
        var house = House()
        house.hub.receive(.disconnected(house.shell))
        house.hub.send(house.bundle, .registerFunction(FunctionRegistration(id: "shell::run")))
        guard case .registrationRejected(let rejection)? = house.hub.take(house.bundle).last else {
            Issue.record("taken")
            return
        }
        #expect(rejection.subject == .function(id: "shell::run"))
        #expect(house.hub.hub.functions["default"]?["shell::run"] == nil)
    }

    @Test func bindingsReachOnlyWhatIsOnesOwn() {
        var house = House()
        #expect(house.bind(house.bundle, "bundle::f") == nil)
        #expect(house.bind(house.bundle, "shell::run") == "FORBIDDEN")
        #expect(house.bind(house.bundle, "bundle::f", ["condition_function_id": "shell::run"]) == "FORBIDDEN")
        let data: JSONValue = ["trigger_type": "engine::workers-available", "function_id": "shell::run"]
        #expect(house.code(house.bundle, "engine::register_trigger", data) == "FORBIDDEN")
        // Whoever hears the trigger need not be a worker of the engine's.
        house.hub.send(house.shell, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        #expect(house.bind(house.bundle, "shell::run", to: "tick") == "FORBIDDEN")
    }

    @Test func aBindingGoesWithItsGrantAndWithWhatItWasMadeFor() {
        var house = House()
        house.hub.send(house.shell, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        house.grant("shell::run")
        #expect(house.bind(house.bundle, "shell::run", to: "tick") == nil)
        #expect(house.bind(house.bundle, "later::f", to: "tick") == nil)
        _ = house.hub.take(house.shell)
        house.grant()
        #expect(house.hub.hub.bindings["b-shell::run"] == nil)
        // Who comes to have the function later is not called for it either.
        house.hub.send(house.shell, .registerFunction(FunctionRegistration(id: "later::f")))
        #expect(house.hub.hub.bindings["b-later::f"] == nil)
        let told = house.hub.take(house.shell).filter { if case .unregisterTrigger = $0 { true } else { false } }
        #expect(told.count == 2)
        #expect(house.hub.hub.heldBindings.isEmpty)
    }

    @Test func theQueueDoesNotCallForOthers() {
        var house = House()
        let queue = house.hub.worker("queue", functions: ["engine::queue::enqueue"])
        house.grant("engine::queue::enqueue")
        let direct: JSONValue = ["queue": "q", "function_id": "shell::run", "data": [:]]
        #expect(house.code(house.bundle, "engine::queue::enqueue", direct) == "FORBIDDEN")
        house.hub.send(house.bundle, .call("c", "shell::run", action: .enqueue(queue: "q")))
        #expect(house.hub.takeAnswers(house.bundle).last?["error"]?["code"] == "FORBIDDEN")
        house.hub.send(house.bundle, .call("d", "bundle::f", action: .enqueue(queue: "q")))
        #expect(house.hub.takeCalls(queue).count == 1)
    }

    /// The queue's worker would call them with its own rights: settings of others, workers without a sandbox.
    @Test(arguments: ["configuration::get", "worker::list", "worker::add", "engine::register_trigger"])
    func theEnginesOwnFunctionsAreNotPassedOn(function: String) {
        var house = House()
        let queue = house.hub.worker("queue", functions: ["engine::queue::enqueue"])
        house.grant("engine::queue::enqueue", "worker::*", "configuration::*", "engine::*")
        house.hub.send(house.bundle, .call("c", function, action: .enqueue(queue: "q")))
        #expect(house.hub.takeAnswers(house.bundle).last?["error"]?["code"] == "FORBIDDEN")
        let direct: JSONValue = ["queue": "q", "function_id": .string(function), "data": [:]]
        #expect(house.code(house.bundle, "engine::queue::enqueue", direct) == "FORBIDDEN")
        #expect(house.hub.takeCalls(queue).isEmpty)
        house.hub.send(house.shell, .registerTriggerType(TriggerTypeRegistration(id: "tick")))
        #expect(house.bind(house.bundle, function, to: "tick") == "FORBIDDEN")
        #expect(
            house.bind(house.bundle, "bundle::f", to: "tick", ["condition_function_id": .string(function)])
                == "FORBIDDEN"
        )
        // The user's own programs go on as they always did.
        let user = house.hub.worker("script")
        house.hub.send(user, .call("c", function, action: .enqueue(queue: "q")))
        #expect(house.hub.takeCalls(queue).count == 1)
    }

    @Test func listsShowWhatMayBeCalled() throws {
        var house = House()
        func ids(_ list: JSONValue?, _ key: String, _ name: String) -> [String] {
            guard case .array(let rows)? = list?[key] else { return [] }
            return rows.compactMap { if case .string(let text)? = $0[name] { text } else { nil } }
        }
        let functions = house.hub.call(house.bundle, "engine::functions::list")
        #expect(ids(functions, "functions", "function_id").contains("bundle::f"))
        #expect(!ids(functions, "functions", "function_id").contains("shell::run"))
        let workers = ids(house.hub.call(house.bundle, "engine::workers::list"), "workers", "name")
        #expect(workers.contains("bundle") && !workers.contains("shell"))
        #expect(house.code(house.bundle, "engine::workers::info", ["name": "shell"]) == "NOT_FOUND")
        #expect(house.code(house.bundle, "engine::functions::info", ["function_id": "shell::run"]) == "FORBIDDEN")
        _ = house.bind(house.shell, "shell::run")
        let bindings = house.hub.call(house.bundle, "engine::registered-triggers::list")
        #expect(ids(bindings, "registered_triggers", "id").isEmpty)
        let removed = house.hub.call(house.bundle, "engine::unregister_trigger", ["id": "b-shell::run"])
        #expect(removed?["removed"] == false)
        #expect(house.hub.hub.bindings["b-shell::run"] != nil)
    }

    @Test func eventsOfOthersAreNotHeard() {
        var house = House()
        #expect(house.bind(house.bundle, "bundle::f", to: "configuration") == nil)
        house.hub.receive(.localEvent(LocalEvent(triggerType: "configuration", data: .emptyObject, worker: "shell")))
        #expect(house.hub.takeCalls(house.bundle).isEmpty)
        house.hub.receive(.localEvent(LocalEvent(triggerType: "configuration", data: .emptyObject, worker: "bundle")))
        #expect(house.hub.takeCalls(house.bundle).count == 1)
        house.grant("configuration::get")
        house.hub.receive(.localEvent(LocalEvent(triggerType: "configuration", data: .emptyObject, worker: "shell")))
        #expect(house.hub.takeCalls(house.bundle).count == 1)
    }

    @Test func aDependencyIsKnownByWhoStartedIt() {
        var house = House(BusRights.Worker(dependencies: ["shell", "database"]))
        house.hub.send(house.bundle, .call("c", "shell::run"))
        #expect(house.hub.takeCalls(house.shell).count == 1)
        // Somebody from another machine may go by its name; that makes it no dependency.
        let other = house.hub.worker("database", functions: ["db::read"], as: .network)
        #expect(house.code(house.bundle, "db::read") == "FORBIDDEN")
        #expect(house.hub.takeCalls(other).isEmpty)
        // The user may run it by hand in place of the engine.
        house.hub.receive(.disconnected(other))
        let own = house.hub.worker("database", functions: ["db::write"])
        house.hub.send(house.bundle, .call("d", "db::write"))
        #expect(house.hub.takeCalls(own).count == 1)
    }

    @Test func whatIsPermittedIsCountedAllTheSame() {
        var house = House()
        house.hub.receive(.rightsChanged(House.rights(BusRights.Worker(), isPermissive: true)))
        house.hub.send(house.bundle, .call("c", "shell::run"))
        #expect(house.hub.takeCalls(house.shell).count == 1)
        #expect(house.hub.hub.record(of: "bundle").functions["shell::run"]?.refused == 1)
    }

    @Test func theUserIsNeverAsked() {
        var house = House()
        let user = house.hub.worker("iii-cli")
        for _ in 0..<3 { house.hub.send(user, .call("c", "shell::run")) }
        #expect(house.hub.takeCalls(house.shell).count == 3)
        #expect(house.hub.hub.sessions[user]?.verdicts.isEmpty == true)
    }
}
