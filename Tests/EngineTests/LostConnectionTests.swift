// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineClient
import EngineProtocol
import JSONText
import Testing

@testable import Engine

/// What workers of the published SDK live through when an engine is killed, or the network between them dies.
///
/// A relay stands between worker and engine: a process of its own whose end is seen from both sides as that of the other,
/// without a goodbye.
@Suite(.timeLimit(.minutes(20))) struct LostConnectionTests {
    private static func relay(to engine: ListenAddress, port: Int) -> String {
        """
        import socket
        served = []
        def pump(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
            except OSError:
                pass
            for end in (source, target):
                try:
                    if not getattr(end, 'kept', False): end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        class End(socket.socket):
            kept = False
        def dial():
            end = End()
            end.connect(('127.0.0.1', \(engine.port)))
            return end
        listener = socket.create_server(('127.0.0.1', \(port)))
        def serve():
            while True:
                client, _ = listener.accept()
                engine = dial()
                served.append((client, engine))
                for pair in ((client, engine), (engine, client)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()
        threading.Thread(target=serve, daemon=True).start()
        def forget_workers():
            for client, engine in served:
                engine.kept = True
                client.shutdown(socket.SHUT_RDWR)
        """
    }

    private let functions = """
        worker.register_function('bob::pid', lambda data: os.getpid())
        worker.register_function('bob::slow', lambda data: (emit('called'), time.sleep(60)))
        worker.register_trigger({'type': 'engine::workers-available', 'function_id': 'bob::pid'})
        """

    /// A port that was free a moment ago.
    private func freePort() async throws -> Int { try await withEngine { $0.port } }

    @Test func workersComeBackAfterTheEngineWasKilled() async throws {
        let port = try await freePort()
        let url = "ws://127.0.0.1:\(port)"
        try await withEngine { first in
            try await PythonWorker.with(Self.relay(to: first, port: port)) { relay in
                try await PythonWorker.connected("bob", to: url, functions) { bob in
                    try await bob.settle("bob::pid")
                    let before = try await bob.run("worker.worker_id")
                    let cut = Task {
                        try await EngineClient(port: first.port).call(function: "bob::slow", timeout: .seconds(60))
                    }
                    _ = try await bob.event("called")
                    relay.kill()
                    // The engine that lost its worker says so at once.
                    let error = await #expect(throws: EngineClientError.self) { try await cut.value }
                    #expect(error?.message == "`bob::slow` failed: invocation_stopped: Invocation stopped")
                    let queued = Task {
                        let call = "{'function_id': 'bob::pid', 'payload': {}, 'timeout_ms': 200000}"
                        return try await bob.run("worker.trigger(\(call))")
                    }
                    try await withEngine { second in
                        try await PythonWorker.with(Self.relay(to: second, port: port)) { _ in
                            try await bob.settle("bob::pid")
                            let pid = try await EngineClient(port: second.port).call(function: "bob::pid")
                            #expect(try await queued.value == pid?.value())
                            #expect(try await bob.run("worker.worker_id") != before)
                            let bindings = try await EngineClient(port: second.port)
                                .call(function: "engine::registered-triggers::list")
                            #expect(bindings?.member("registered_triggers")?.description.contains("bob::pid") == true)
                        }
                    }
                }
            }
        }
    }

    /// The engine still holds the old connection, name and functions, when the worker is back on a new one.
    @Test func aWorkerTakesItsPlaceFromItsOwnHalfOpenConnection() async throws {
        let port = try await freePort()
        try await withEngine { engine in
            try await PythonWorker.with(Self.relay(to: engine, port: port)) { relay in
                try await PythonWorker.connected("bob", to: "ws://127.0.0.1:\(port)", functions) { bob in
                    try await bob.settle("bob::pid")
                    let before = try await bob.run("worker.worker_id")
                    try await relay.run("forget_workers()")
                    while try await bob.run("worker.worker_id") == before {}
                    try await bob.settle("bob::pid")
                    let client = EngineClient(port: engine.port)
                    #expect(try await client.call(function: "bob::pid")?.value() == bob.run("os.getpid()"))
                    let workers = try await client.call(
                        function: "engine::workers::list",
                        payload: RawJSON(["search": "bob"])
                    )
                    guard case .array(let rows)? = workers?.member("workers")?.value() else {
                        Issue.record("no list")
                        return
                    }
                    #expect(rows.count == 1)
                }
            }
        }
    }
}
