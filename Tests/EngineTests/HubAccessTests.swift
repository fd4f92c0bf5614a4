// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import JSONText
import Testing

@testable import Engine

/// What guests of a guarded listener may do.
@Suite struct HubAccessTests {
    /// A hub with a host on the trusted listener that has these functions, and a guarded listener's door.
    private struct House {
        var hub = HubDriver()
        let host: ConnectionID
        let door: Door

        init(_ configuration: JSONValue, _ functions: [String] = ["api::a", "secret::s", "auth::f", "hook::f"]) throws {
            host = hub.worker("host", functions: functions)
            door = try ListenerConfiguration(parsing: JSONCursor(configuration)).door
        }

        /// Lets a guest in, where it is asked with this answer.
        mutating func guest(_ grant: JSONValue? = nil, name: String = "guest") throws -> ConnectionID {
            let id = hub.connect(door)
            if let grant {
                let question = try #require(hub.takeCalls(host).last { $0.functionID == "auth::f" })
                hub.send(host, .ok(try #require(question.id), grant))
            }
            hub.announce(id, name)
            _ = hub.take(id)
            return id
        }

        mutating func code(_ id: ConnectionID, _ function: String) -> JSONValue? {
            hub.call(id, function)?["error"]?["code"]
        }

        /// Answers what the host is asked by a hook.
        mutating func answerHook(_ answer: JSONValue) throws {
            let call = try #require(hub.takeCalls(host).last { $0.functionID == "hook::f" })
            hub.send(host, .ok(try #require(call.id), answer))
        }
    }

    @Test func onlyWhatIsExposedMayBeCalled() throws {
        var house = try House(["rbac": ["expose_functions": ["match(\"api::*\")"]]])
        let guest = try house.guest()
        house.hub.send(guest, .call("c", "api::a"))
        #expect(house.hub.takeCalls(house.host).map(\.functionID) == ["api::a"])
        #expect(house.code(guest, "secret::s") == "FORBIDDEN")
        #expect(house.code(guest, "engine::workers::list") == "FORBIDDEN")
        #expect(house.code(guest, "engine::channels::create") == nil)
        // The host itself is held to nothing.
        house.hub.send(house.host, .call("c", "secret::s"))
        #expect(house.hub.takeCalls(house.host).map(\.functionID) == ["secret::s"])
    }

    @Test func listsShowWhatMayBeCalled() throws {
        var house = try House(["rbac": ["expose_functions": ["match(\"engine::functions::*\")", "match(\"api::*\")"]]])
        let guest = try house.guest()
        let rows = house.hub.call(guest, "engine::functions::list")?["functions"]
        #expect(rows == [["function_id": "api::a", "namespace": "default", "worker_name": "host"]])
        #expect(
            house.hub.call(guest, "engine::functions::info", ["function_id": "secret::s"])?["error"]?["code"]
                == "FORBIDDEN"
        )
        let several = house.hub.call(guest, "engine::functions::info", ["function_ids": ["secret::s", "none"]])
        #expect(
            several?["functions"] == [
                ["function_id": "secret::s", "error": "forbidden"], ["function_id": "none", "error": "not_found"],
            ]
        )
    }

    @Test func metadataExposesToo() throws {
        var house = try House(["rbac": ["expose_functions": [["metadata": ["public": true, "tier": "match('g*')"]]]]])
        let shown = FunctionRegistration(id: "m::yes", metadata: RawJSON(["public": true, "tier": "gold"]))
        let hidden = FunctionRegistration(id: "m::no", metadata: RawJSON(["public": 1, "tier": "gold"]))
        house.hub.send(house.host, .registerFunction(shown))
        house.hub.send(house.host, .registerFunction(hidden))
        let guest = try house.guest()
        house.hub.send(guest, .call("c", "m::yes"))
        #expect(house.hub.takeCalls(house.host).map(\.functionID) == ["m::yes"])
        #expect(house.code(guest, "m::no") == "FORBIDDEN")
    }

    @Test func authenticationDecidesForEachGuest() throws {
        var house = try House(["rbac": ["auth_function_id": "auth::f", "expose_functions": ["match(\"api::*\")"]]])
        let grant: JSONValue = ["allowed_functions": ["secret::s"], "forbidden_functions": ["api::*"]]
        let guest = try house.guest(grant)
        #expect(house.code(guest, "api::a") == "FORBIDDEN")
        house.hub.send(guest, .call("c", "secret::s"))
        #expect(house.hub.takeCalls(house.host).map(\.functionID) == ["secret::s"])
    }

    @Test func nothingIsHeardBeforeTheAnswer() throws {
        var house = try House(["rbac": ["auth_function_id": "auth::f", "expose_functions": ["match(\"api::*\")"]]])
        let guest = house.hub.connect(house.door)
        house.hub.announce(guest, "guest")
        house.hub.send(guest, .call("c", "api::a"))
        let asked = house.hub.takeCalls(house.host)
        #expect(asked.map(\.functionID) == ["auth::f"])
        #expect(asked.first?.data?.member("ip_address")?.string == "127.0.0.1")
        #expect(house.hub.take(guest).isEmpty)
        house.hub.send(house.host, .ok(try #require(asked.first?.id), [:]))
        #expect(house.hub.takeCalls(house.host).map(\.functionID) == ["api::a"])
        guard case .workerRegistered = try #require(house.hub.take(guest).first) else {
            Issue.record("not greeted")
            return
        }
    }

    @Test(arguments: ["failure", "no function", "nonsense", "silence", "host gone"])
    func whoIsNotAuthenticatedIsSentAway(how: String) throws {
        let functions = how == "no function" ? [] : ["auth::f"]
        var house = try House(["rbac": ["auth_function_id": "auth::f"]], functions)
        let guest = house.hub.connect(house.door)
        let question = house.hub.takeCalls(house.host).first
        switch how {
        case "failure":
            let error = CallFailure(code: "no", message: "bad token").json
            let result = InvocationResult(id: try #require(question?.id), functionID: "", outcome: .failure(error))
            house.hub.send(house.host, .result(result))
        case "nonsense": house.hub.send(house.host, .ok(try #require(question?.id), ["allowed_functions": 1]))
        case "silence": house.hub.receive(.timer(.admission(guest)))
        case "host gone": house.hub.receive(.disconnected(house.host))
        default: break
        }
        guard case .error(let code, let message)? = house.hub.take(guest).last else {
            Issue.record("not told")
            return
        }
        #expect(code == "AUTH_ERROR")
        if how == "failure" { #expect(message == "bad token") }
        #expect(house.hub.closed[guest] == .policy)
        #expect(house.hub.hub.sessions[guest] == nil)
    }

    @Test func whatAGuestSaysBeforeItIsLetInIsBounded() throws {
        var house = try House(["rbac": ["auth_function_id": "auth::f"]])
        let guest = house.hub.connect(house.door)
        let large = RawJSON(.string(String(repeating: "x", count: 20 << 20)))
        for _ in 0..<2 { house.hub.send(guest, .invoke(InvokeFunction(id: "c", functionID: "f", data: large))) }
        #expect(house.hub.closed[guest] == .policy)
    }

    @Test func namespacesBoundWhatMayBeAnnounced() throws {
        var house = try House(["rbac": ["auth_function_id": "auth::f"]])
        let grant: JSONValue = ["namespaces": ["red": ["x::*"]]]
        let guest = try house.guest(grant)
        #expect(house.hub.hub.sessions[guest]?.namespace == nil)
        house.hub.announce(guest, "guest", namespace: "red")
        #expect(house.hub.hub.sessions[guest]?.namespace == "red")
        let other = try house.guest(grant, name: "other")
        house.hub.receive(.timer(.namespaceGrace(other)))
        #expect(house.hub.closed[other] == .policy)
    }

    @Test func aPrefixIsPutOnAndTakenOff() throws {
        var house = try House(["rbac": ["auth_function_id": "auth::f"]])
        let guest = try house.guest(["function_registration_prefix": "tenant"])
        house.hub.send(guest, .registerFunction(FunctionRegistration(id: "f")))
        house.hub.send(house.host, .call("c", "tenant::f"))
        #expect(house.hub.takeCalls(guest).map(\.functionID) == ["f"])
        house.hub.send(guest, .unregisterFunction(id: "f"))
        #expect(house.code(house.host, "tenant::f") == "function_not_found")
    }

    @Test func registrationsAreHeldToTheGrant() throws {
        var house = try House(["rbac": ["auth_function_id": "auth::f"]])
        let guest = try house.guest(["allow_function_registration": false, "allowed_trigger_types": ["http"]])
        house.hub.send(guest, .registerFunction(FunctionRegistration(id: "f")))
        house.hub.send(guest, .registerTriggerType(TriggerTypeRegistration(id: "t")))
        #expect(house.hub.hub.functions["default"]?["f"] == nil)
        #expect(house.hub.hub.triggerTypes["default"]?["t"] == nil)
        let binding = TriggerRegistration(id: "b", triggerType: "cron", functionID: "api::a")
        house.hub.send(guest, .registerTrigger(binding))
        guard case .triggerResult(let result)? = house.hub.take(guest).last else {
            Issue.record("not told")
            return
        }
        #expect(result.error?.member("code")?.string == "FORBIDDEN")
    }

    @Test func aHookMayChangeOrDenyAndKeepsTheOrder() throws {
        var house = try House(["rbac": ["on_function_registration_function_id": "hook::f"]])
        let guest = try house.guest()
        house.hub.send(guest, .registerFunction(FunctionRegistration(id: "one")))
        house.hub.send(guest, .registerFunction(FunctionRegistration(id: "two")))
        house.hub.send(guest, .unregisterFunction(id: "first"))
        try house.answerHook(["function_id": "first"])
        #expect(house.hub.hub.functions["default"]?["first"] != nil)
        let second = try #require(house.hub.takeCalls(house.host).last)
        #expect(second.data?.member("function_id")?.string == "two")
        let error = InvocationResult(id: try #require(second.id), functionID: "", outcome: .failure(.emptyObject))
        house.hub.send(house.host, .result(error))
        #expect(house.hub.hub.functions["default"]?["two"] == nil)
        // What waited behind the hook was done after it.
        #expect(house.hub.hub.functions["default"]?["first"] == nil)
    }

    /// The hook decides first: what it makes of a registration is held to the rules, whether they expose it or not.
    @Test func theHookIsAskedBeforeTheRules() throws {
        let rules: JSONValue = [
            "expose_functions": ["match(\"api::*\")"], "on_function_registration_function_id": "hook::f",
            "auth_function_id": "auth::f",
        ]
        var house = try House(["rbac": rules])
        let guest = try house.guest(["function_registration_prefix": "tenant"])
        func register(_ id: String, as answer: String? = nil) throws -> [String] {
            house.hub.send(guest, .registerFunction(FunctionRegistration(id: id)))
            try house.answerHook(answer.map { ["function_id": .string($0)] } ?? [:])
            return house.hub.hub.functions["default"]?.keys.filter { $0.hasPrefix("tenant") || $0.hasPrefix("api") }
                .sorted() ?? []
        }
        // Not exposed, and asked about all the same.
        #expect(try register("hidden") == ["api::a", "tenant::hidden"])
        #expect(try register("one", as: "two") == ["api::a", "tenant::hidden", "tenant::two"])
        // Without a prefix of its own, what the hook makes of a name is still not a name that the rules show.
        var open = try House([
            "rbac": ["expose_functions": ["match(\"api::*\")"], "on_function_registration_function_id": "hook::f"]
        ])
        let other = try open.guest()
        open.hub.send(other, .registerFunction(FunctionRegistration(id: "harmless")))
        try open.answerHook(["function_id": "api::b"])
        #expect(open.hub.hub.functions["default"]?["api::b"] == nil)
        // A guest that may register nothing does not reach the hook.
        var shut = try House(["rbac": rules])
        let silent = try shut.guest(["allow_function_registration": false])
        shut.hub.send(silent, .registerFunction(FunctionRegistration(id: "f")))
        #expect(shut.hub.takeCalls(shut.host).isEmpty)
    }

    @Test func aMiddlewareStandsBetween() throws {
        var house = try House(["middleware_function_id": "hook::f"])
        let guest = try house.guest()
        let call = InvokeFunction(id: "c", functionID: "api::a", data: RawJSON(["n": 1]))
        house.hub.send(guest, .invoke(call))
        let asked = try #require(house.hub.takeCalls(house.host).last)
        #expect(asked.functionID == "hook::f")
        #expect(asked.data?.member("function_id")?.string == "api::a")
        #expect(asked.data?.member("payload")?.description == #"{"n":1}"#)
        house.hub.send(house.host, .ok(try #require(asked.id), 7))
        #expect(house.hub.takeAnswers(guest) == [7])
        // The engine's own functions are not sent through it.
        #expect(house.hub.call(guest, "engine::triggers::list")?["triggers"] != nil)
    }

    @Test(
        arguments: [
            ["prot": 1], ["port": 70_000], ["rbac": ["expose": []]], ["rbac": ["expose_functions": ["api::*"]]],
            ["rbac": ["expose_functions": [["metadata": [:]]]]], ["rbac": ["expose_functions": [["namespace": "x"]]]],
            ["rbac": ["expose_functions": [["match": "a", "namespace": " "]]]], ["handshake_timeout_ms": 0],
        ] as [JSONValue]
    )
    func aRuleThatIsNotUnderstoodIsRefused(configuration: JSONValue) {
        #expect(throws: JSONShapeError.self) { try ListenerConfiguration(parsing: JSONCursor(configuration)) }
    }

    @Test(
        arguments: [
            ("*", "", true), ("*", "a::b", true), ("a", "a", true), ("a", "ab", false), ("a*", "ab", true),
            ("a*", "ba", false), ("*a", "ba", true), ("a*a", "a", false), ("a*a", "aa", true), ("a*b*c", "aXbYc", true),
            ("a*b*c", "abc", true), ("a*b*c", "acb", false), ("api::*::get", "api::x::y::get", true), ("", "", true),
            ("", "a", false), ("a*b*b", "ab", false),
        ]
    )
    func patternsMatch(pattern: String, text: String, matches: Bool) {
        #expect(Wildcard(pattern).matches(text) == matches)
    }

    @Test func readsQueries() {
        let query = Visitor.query(of: "/?a=1&b=x%20y+z&a=2&c&%zz=%e2%82%ac")
        #expect(query.map(\.name) == ["a", "b", "c", "%zz"])
        #expect(query.map(\.values) == [["1", "2"], ["x y z"], [""], ["€"]])
    }

    @Test func aGuardedListenerStandsBesideTheOpenOne() async throws {
        var configuration = EngineConfiguration(version: "1")
        let guarded: JSONValue = [
            "port": 0, "rbac": ["auth_function_id": "auth::f", "expose_functions": ["match(\"api::*\")"]],
        ]
        configuration.listeners = [
            ListenerConfiguration(port: 0), try ListenerConfiguration(parsing: JSONCursor(guarded)),
        ]
        try await withEngine(configuration) { addresses in
            let functions = """
                def auth(data):
                    if data['headers'].get('authorization') != 'Bearer t' or data['query_params'] != {'k': ['v']}:
                        raise ValueError('who are you')
                    return {'context': {'user': 'u'}}
                worker.register_function('auth::f', auth)
                worker.register_function('api::a', lambda data: 'a')
                worker.register_function('secret::s', lambda data: 's')
                """
            try await PythonWorker.connected("host", to: addresses[0].url, functions) { host in
                try await host.settle("secret::s")
                let environment = ["III_TOKEN": "t"]
                try await PythonWorker.connected("guest", to: addresses[1].url + "/?k=v", environment: environment) {
                    guest in
                    #expect(try await guest.run("worker.trigger({'function_id': 'api::a', 'payload': {}})") == "a")
                    let error = try await guest.error("worker.trigger({'function_id': 'secret::s', 'payload': {}})")
                    #expect(error.code == "FORBIDDEN")
                }
            }
        }
    }
}
