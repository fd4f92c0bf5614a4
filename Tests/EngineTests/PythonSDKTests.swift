// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineClient
import EngineProtocol
import JSONText
import Foundation
import NIOCore
import Testing

@testable import Engine

/// Workers that are written with the published Python SDK find in this engine the one that they expect.
@Suite(.timeLimit(.minutes(2))) struct PythonSDKTests {
    /// Functions that answer in every way there is.
    private static let functions = """
        worker.register_function('bob::add', lambda data: {'c': data['a'] + data['b']}, description='adds')
        worker.register_function('bob::echo', lambda data: data)
        worker.register_function('bob::nan', lambda data: float('nan'))
        def boom(data):
            raise ValueError('boom 42')
        worker.register_function('bob::boom', boom)
        def noted(data, metadata=None):
            emit('noted', {'data': data, 'metadata': metadata})
        worker.register_function('bob::noted', noted)
        worker.register_function('bob::back', lambda data: worker.trigger({'function_id': 'alice::double', 'payload': data}))
        """

    @Test func twoWorkersCallEachOther() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, Self.functions) { bob in
                let double = "worker.register_function('alice::double', lambda data: data['n'] * 2)"
                try await PythonWorker.connected("alice", to: address.url, double) { alice in
                    try await bob.settle("bob::back")
                    try await alice.settle("alice::double")
                    let sum = try await alice.run(
                        "worker.trigger({'function_id': 'bob::add', 'payload': {'a': 2, 'b': 3}})"
                    )
                    #expect(sum == ["c": 5])
                    let back = try await alice.run("worker.trigger({'function_id': 'bob::back', 'payload': {'n': 21}})")
                    #expect(back == 42)
                    let many = """
                        list(__import__('concurrent.futures').futures.ThreadPoolExecutor(8).map(
                            lambda n: worker.trigger({'function_id': 'bob::add', 'payload': {'a': n, 'b': 1}})['c'],
                            range(64)))
                        """
                    let expected = JSONValue.array((1...64).map { .number(JSONNumber($0)) })
                    #expect(try await alice.run(many) == expected)
                }
            }
        }
    }

    @Test func valuesArriveAsTheyWereSent() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, Self.functions) { bob in
                try await PythonWorker.connected("alice", to: address.url) { alice in
                    try await bob.settle("bob::echo")
                    let values = """
                        [{'z': 1, 'a': 1.0, 'm': True, 'big': 2**64 - 1, 'small': -2**63, 'huge': 2**80, 'none': None},
                         [0, False, 0.1, 1e300], 'é€😀', 'half \\ud83d', '"\\\\/\\n', '', None, 7]
                        """
                    let echo =
                        "[(lambda back: json.dumps(back) == json.dumps(v) or back)"
                        + "(worker.trigger({'function_id': 'bob::echo', 'payload': {'v': v}})['v']) for v in \(values)]"
                    #expect(try await alice.run(echo) == .array(Array(repeating: true, count: 8)))
                    let id = try await alice.run("worker.worker_id")
                    let marked = try await alice.run(
                        "worker.trigger({'function_id': 'bob::echo', 'payload': {'a': 1}})"
                    )
                    #expect(marked == ["a": 1, "_caller_worker_id": id])
                    // The caller that is named is the last one, whatever data it passes on.
                    let passed = try await bob.run(
                        "worker.trigger({'function_id': 'bob::echo', 'payload': {'_caller_worker_id': 'x', 'a': 1}})"
                    )
                    #expect(passed == ["a": 1, "_caller_worker_id": try await bob.run("worker.worker_id")])
                    #expect(
                        try await alice.run("worker.trigger({'function_id': 'bob::echo', 'payload': None})") == .null
                    )
                }
            }
        }
    }

    @Test func errorsSayWhatHappened() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, Self.functions) { bob in
                try await PythonWorker.connected("alice", to: address.url) { alice in
                    try await bob.settle("bob::nan")
                    let boom = try await alice.error("worker.trigger({'function_id': 'bob::boom', 'payload': {}})")
                    #expect(boom.code == "invocation_failed")
                    #expect(boom.message == "boom 42")
                    guard case .string(let trace)? = boom.value["stacktrace"] else {
                        Issue.record("no stack trace")
                        return
                    }
                    #expect(trace.contains("Traceback") && trace.contains("ValueError: boom 42"))
                    let missing = try await alice.error("worker.trigger({'function_id': 'bob::none', 'payload': {}})")
                    #expect(missing.code == "function_not_found")
                    #expect(missing.message == "Function bob::none not found in namespace default.")
                    // Python writes a word that is no JSON; nobody waits for the time limit.
                    let nan = try await alice.error(
                        "worker.trigger({'function_id': 'bob::nan', 'payload': {}, 'timeout_ms': 20000})"
                    )
                    #expect(nan.code == "serialization_error")
                    let queue = try await alice.error(
                        "worker.trigger({'function_id': 'bob::add', 'payload': {}, 'action': TriggerAction.Enqueue(queue='q')})"
                    )
                    #expect(queue.code == "enqueue_error")
                }
            }
        }
    }

    @Test func voidCallsAndMetadataArrive() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, Self.functions) { bob in
                try await PythonWorker.connected("alice", to: address.url) { alice in
                    try await bob.settle("bob::noted")
                    let void = try await alice.run(
                        """
                        worker.trigger({'function_id': 'bob::noted', 'payload': [1], 'metadata': {'m': 7},
                                        'action': TriggerAction.Void()})
                        """
                    )
                    #expect(void == .null)
                    #expect(try await bob.event("noted") == ["data": [1], "metadata": ["m": 7]])
                }
            }
        }
    }

    @Test func namesAndFunctionsHaveOneOwner() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, Self.functions) { bob in
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

    @Test func namespacesKeepWorkersApart() async throws {
        try await withEngine { address in
            let where_ = "worker.register_function('where', lambda data: '%@')"
            func code(_ place: String) -> String { where_.replacing("%@", with: place) }
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

    @Test func triggersOfOneWorkerFireFunctionsOfAnother() async throws {
        let provider = """
            class Tick(TriggerHandler):
                async def register_trigger(self, config):
                    if config.config == 'bad':
                        raise ValueError('bad config')
                    self.bound = config
                    emit('bound', {'function': config.function_id, 'config': config.config, 'metadata': config.metadata})
                async def unregister_trigger(self, config):
                    emit('unbound', config.id == self.bound.id)
            tick = Tick()
            """
        let registration = "worker.register_trigger_type({'id': 'tick', 'description': 'ticks'}, tick)"
        try await withEngine { address in
            let on = "worker.register_function('bob::on', lambda data, metadata=None: emit('fired', [data, metadata]))"
            try await PythonWorker.connected("bob", to: address.url, on) { bob in
                try await bob.settle("bob::on")
                // The binding comes before its provider, and waits for it.
                try await bob.run(
                    """
                    bound = worker.register_trigger({'type': 'tick', 'function_id': 'bob::on',
                                                     'config': {'every': 1}, 'metadata': {'m': 7}})
                    """
                )
                try await PythonWorker.connected("clock", to: address.url, provider) { clock in
                    try await clock.run(registration)
                    let expected: JSONValue = ["function": "bob::on", "config": ["every": 1], "metadata": ["m": 7]]
                    #expect(try await clock.event("bound") == expected)
                    try await clock.run(
                        """
                        worker.trigger({'function_id': tick.bound.function_id, 'payload': {'n': 1},
                                        'metadata': tick.bound.metadata})
                        """
                    )
                    let fired = try await bob.event("fired")
                    let clockID = try await clock.run("worker.worker_id")
                    #expect(fired == [["n": 1, "_caller_worker_id": clockID], ["m": 7]])
                    let refused = try await bob.error(
                        """
                        worker.trigger({'function_id': 'engine::register_trigger', 'namespace': 'default',
                            'payload': {'trigger_type': 'tick', 'function_id': 'bob::on', 'config': 'bad'}})
                        """
                    )
                    #expect(refused.code == "trigger_registration_failed")
                    #expect(refused.message == "bad config")
                    try await bob.run("bound.unregister()")
                    #expect(try await clock.event("unbound") == true)
                }
            }
        }
    }

    @Test func workersHearOfEachOther() async throws {
        try await withEngine { address in
            let watch = """
                worker.register_function('watch::seen', lambda data: emit(data['event'], data['worker_id']))
                worker.register_trigger({'type': 'engine::workers-available', 'function_id': 'watch::seen'})
                """
            try await PythonWorker.connected("watch", to: address.url, watch) { watcher in
                try await watcher.settle("watch::seen")
                try await PythonWorker.connected("bob", to: address.url) { bob in
                    try await bob.settle()
                    let id = try await bob.run("worker.worker_id")
                    // Clients come and go as well.
                    while try await watcher.event("worker_connected") != id {}
                    while try await watcher.event("worker_metadata_updated") != id {}
                    bob.kill()
                    while try await watcher.event("worker_disconnected") != id {}
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

    @Test func sixteenMebibytesGoThereAndBack() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, Self.functions) { bob in
                try await PythonWorker.connected("alice", to: address.url) { alice in
                    try await bob.settle("bob::echo")
                    let same = """
                        (lambda v: worker.trigger({'function_id': 'bob::echo', 'payload': {'v': v},
                                                   'timeout_ms': 60000})['v'] == v)('x\\\\é"' * (\(16 << 20) // 8))
                        """
                    #expect(try await alice.run(same) == true)
                }
            }
        }
    }

    @Test func channelsCarryBytesAndMessagesInOrder() async throws {
        let reader = """
            import iii.helpers
            from iii.channels import ChannelReader
            def consume(data):
                async def all():
                    texts = []
                    data['reader'].on_message(texts.append)
                    content = await data['reader'].read_all()
                    return [len(content), content == bytes(range(256)) * 1024, texts]
                return asyncio.run(all())
            worker.register_function('bob::consume', consume)
            """
        let writer = """
            import iii.helpers
            def produce():
                channel = iii.helpers.create_channel(worker, 4)
                result = []
                calling = threading.Thread(target=lambda: result.append(worker.trigger(
                    {'function_id': 'bob::consume', 'payload': {'reader': channel.reader_ref.model_dump()}})))
                async def write():
                    await channel.writer.send_message_async('first')
                    await channel.writer.write(bytes(range(256)) * 1024)
                    await channel.writer.send_message_async('last')
                    calling.start()
                    await channel.writer.close_async()
                asyncio.run(write())
                calling.join()
                return result[0]
            """
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, reader) { bob in
                try await PythonWorker.connected("alice", to: address.url, writer) { alice in
                    try await bob.settle("bob::consume")
                    #expect(try await alice.run("produce()") == [262_144, true, ["first", "last"]])
                }
            }
        }
    }

    @Test func telemetryIsAcceptedAndThrownAway() async throws {
        try await withEngine { address in
            try await PythonWorker.connected(
                "bob",
                to: address.url,
                environment: ["OTEL_ENABLED": "true"],
                Self.functions
            ) { bob in
                try await bob.settle("bob::add")
                for _ in 0..<3 {
                    let call = "worker.trigger({'function_id': 'bob::add', 'payload': {'a': 1, 'b': 1}})"
                    #expect(try await bob.run(call) == ["c": 2])
                }
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
