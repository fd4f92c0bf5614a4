// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineClient
import EngineProtocol
import Foundation
import JSONText
import Testing
import WorkerModel

@testable import Engine

/// Workers of the published Python SDK come, go, are killed and stand still.
@Suite(.timeLimit(.minutes(20))) struct PythonSessionTests {
    @Test func namesAndFunctionsHaveOneOwner() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, PythonWorker.functions) { bob in
                try await bob.settle("bob::add")
                let same = "worker.register_function('bob::add', lambda data: 'wrong')"
                try await PythonWorker.connected("carol", to: address.url, same) { carol in
                    try await carol.settle()
                    let sum = try await carol.run(
                        "worker.trigger({'function_id': 'bob::add', 'payload': {'a': 1, 'b': 1}})"
                    )
                    #expect(sum == ["c": 2])
                }
                let failed = """
                    failed = threading.Event()
                    worker.add_connection_state_listener(lambda state: state == 'failed' and failed.set())
                    """
                do {
                    try await PythonWorker.connected("bob", to: address.url, failed) { impostor in
                        let hasFailed = try await impostor.run("failed.wait(10)")
                        #expect(hasFailed == true)
                        let call = "worker.trigger({'function_id': 'bob::add', 'payload': {}})"
                        let error = try await impostor.error(call)
                        #expect(error.value["type"] == "RegistrationRejectedError")
                    }
                } catch let error as PythonWorker.Raised {
                    // A rejection that comes before `register_worker` has returned is raised there.
                    #expect(error.value["type"] == "RegistrationRejectedError")
                }
                let sum = try await EngineClient(port: address.port)
                    .call(function: "bob::add", payload: RawJSON(["a": 1, "b": 2]))
                #expect(sum?.member("c")?.description == "3")
            }
        }
    }

    /// The secret that the SDK sends says which worker it is, whatever name it goes by.
    @Test func aTokenSaysWhichWorkerItIs() async throws {
        let who = LocalFunction(FunctionRegistration(id: "ops::who")) { call in
            RawJSON(["worker": call.caller.worker.map { .string($0) } ?? .null, "owner": .bool(call.caller.isOwner)])
        }
        let ops = LocalWorker(name: "ops", description: "", functions: [who])
        let bus = BusControl()
        bus.apply(BusRights(["alice": BusRights.Worker()]))
        let secret = bus.secret(for: try WorkerName(parsing: "alice"))
        var configuration = EngineConfiguration(version: "1.2.3")
        configuration.port = 0
        try await withEngine(configuration, localWorkers: [ops], bus: bus) { addresses in
            let url = addresses[0].url
            let ask = "worker.trigger({'function_id': 'ops::who', 'payload': {}})"
            try await PythonWorker.connected("alice", to: url, environment: ["III_TOKEN": " \(secret) "]) { alice in
                try await alice.settle()
                #expect(try await alice.run(ask) == ["worker": "alice", "owner": false])
            }
            // A secret that is nobody's is no more than none.
            try await PythonWorker.connected("mallory", to: url, environment: ["III_TOKEN": "guess"]) { mallory in
                try await mallory.settle()
                #expect(try await mallory.run(ask) == ["worker": .null, "owner": true])
            }
        }
    }

    @Test func namespacesKeepWorkersApart() async throws {
        try await withEngine { address in
            let registration = "worker.register_function('where', lambda data: '%@')"
            func code(_ place: String) -> String { registration.replacing("%@", with: place) }
            try await PythonWorker.connected("w", to: address.url, namespace: "red", code("red")) { red in
                try await PythonWorker.connected("w", to: address.url, code("plain")) { plain in
                    try await plain.settle("where")
                    try await red.settle("where")
                    #expect(try await red.run("worker.trigger({'function_id': 'where', 'payload': {}})") == "red")
                    #expect(try await plain.run("worker.trigger({'function_id': 'where', 'payload': {}})") == "plain")
                    let asked = "worker.trigger({'function_id': 'where', 'payload': {}, 'namespace': 'red'})"
                    #expect(try await plain.run(asked) == "red")
                }
            }
        }
    }

    @Test func aWorkerKilledInACallFailsItAtOnce() async throws {
        try await withEngine { address in
            let slow = "worker.register_function('bob::slow', lambda data: (emit('called'), time.sleep(60)))"
            try await PythonWorker.connected("bob", to: address.url, slow) { bob in
                try await PythonWorker.connected("alice", to: address.url) { alice in
                    try await bob.settle("bob::slow")
                    async let error = alice.error(
                        "worker.trigger({'function_id': 'bob::slow', 'payload': {}, 'timeout_ms': 50000})"
                    )
                    _ = try await bob.event("called")
                    bob.kill()
                    // The call's own time would be over much later, with another code.
                    #expect(try await error.code == "invocation_stopped")
                }
            }
        }
    }

    @Test func workersComeBackAfterTheEngineWasStopped() async throws {
        try await withThrowingTaskGroup(of: Void.self) { _ in
            let port = try await withEngine { address in address.port }
            let url = "ws://127.0.0.1:\(port)"
            // The SDK waits for an engine, registers everything again, and keeps calls for it.
            try await PythonWorker.with(
                """
                connected = threading.Semaphore(0)
                def start():
                    global worker
                    worker = register_worker('\(url)', InitOptions(worker_name='bob'))
                    worker.add_connection_state_listener(lambda state: state == 'connected' and connected.release())
                """
            ) { bob in
                let first = try await withEngine(port: port) { address in
                    try await bob.run("start()")
                    try await bob.run("worker.register_function('bob::pid', lambda data: os.getpid())")
                    try await bob.settle("bob::pid")
                    return try await EngineClient(port: port).call(function: "bob::pid")
                }
                let queued = Task {
                    try await bob.run("worker.trigger({'function_id': 'bob::pid', 'payload': {}})")
                }
                let second = try await withEngine(port: port) { address in
                    try await bob.settle("bob::pid")
                    _ = try await queued.value
                    return try await EngineClient(port: port).call(function: "bob::pid")
                }
                #expect(first == second)
                #expect(first?.isNull == false)
            }
        }
    }

    /// A worker whose process stands still is found out by pings, and others go on meanwhile.
    @Test func aWorkerThatStandsStillHoldsNobodyUp() async throws {
        try await withEngine { limits in
            limits.pingAfter = .milliseconds(500)
            // Who does not stand still answers sooner, on a busy machine too.
            limits.pongWithin = .seconds(10)
        } _: { address in
            let slow = "worker.register_function('bob::slow', lambda data: (emit('called'), time.sleep(60)))"
            try await PythonWorker.connected("bob", to: address.url, slow) { bob in
                let add = "worker.register_function('carol::add', lambda data: data['a'] + 1)"
                try await PythonWorker.connected("carol", to: address.url, add) { carol in
                    try await bob.settle("bob::slow")
                    try await carol.settle("carol::add")
                    let client = EngineClient(port: address.port)
                    let stuck = Task { try await client.call(function: "bob::slow", timeout: .seconds(100)) }
                    _ = try await bob.event("called")
                    bob.signal(SIGSTOP)
                    let fine = try await client.call(function: "carol::add", payload: RawJSON(["a": 1]))
                    #expect(fine?.description == "2")
                    let error = await #expect(throws: EngineClientError.self) { try await stuck.value }
                    #expect(error?.message == "`bob::slow` failed: invocation_stopped: Invocation stopped")
                    bob.signal(SIGCONT)
                    try await bob.settle("bob::slow")
                }
            }
        }
    }
}
