// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Testing

@testable import Engine

/// `observe` of the published SDK, in place of `register_trigger`: it hears what it asked for, and goes on over reconnects.
@Suite(.timeLimit(.minutes(20))) struct PythonObserveTests {
    private static let shop = """
        def charge(data):
            if data['amount'] < 0: raise ValueError('negative')
            return {'charged': data['amount']}
        worker.register_function('shop::charge', charge)
        """
    /// A target that passes on what it hears.
    private static let hearing = """
        hearing = threading.Event()
        def heard(data, metadata=None):
            hearing.set()
            depth = worker.current_invocation().observe_depth
            emit('heard', {'data': data, 'metadata': metadata, 'depth': depth})
        worker.register_function('watch::heard', heard)
        """

    @Test func hearsWhatItAskedFor() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("shop", to: address.url, Self.shop) { shop in
                try await PythonWorker.connected("watch", to: address.url, Self.hearing) { watch in
                    try await shop.settle("shop::charge")
                    try await watch.settle("watch::heard")
                    try await watch.run(
                        """
                        states = []
                        h = worker.observe({'function_id': 'shop::charge', 'on': 'complete',
                            'capture': ['input', 'output', 'error', 'caller', 'metadata'],
                            'filters': {'input.amount': {'$ne': 5}}}, 'watch::heard',
                            {'metadata': {'mine': 1}, 'max_in_flight': 2})
                        h.on_state_change(lambda s, r: states.append(s))
                        h.ready(30)
                        """
                    )
                    #expect(try await watch.run("h.state") == "active")
                    let call =
                        "worker.trigger({'function_id': 'shop::charge', 'payload': {'amount': %}, 'metadata': {'t': 9}})"
                    for amount in ["5", "7"] { _ = try await watch.run(call.replacing("%", with: amount)) }
                    let good = try await watch.event("heard")
                    #expect(good["data"]?["input"]?["amount"] == 7, "\(good)")
                    #expect(good["data"]?["output"] == ["charged": 7])
                    #expect(good["data"]?["status"] == "success")
                    #expect(good["data"]?["caller"]?["worker_name"] == "watch")
                    #expect(good["data"]?["metadata"] == ["t": 9])
                    #expect(good["metadata"] == ["mine": 1])
                    #expect(good["depth"] == 1)
                    _ = try await watch.error(call.replacing("%", with: "-1"))
                    let bad = try await watch.event("heard")
                    #expect(bad["data"]?["status"] == "error")
                    #expect(bad["data"]?["error"]?["message"] == "negative")
                    // Ended, it hears nothing: what comes next is of the one that follows.
                    try await watch.run("h.dispose()")
                    _ = try await watch.run(call.replacing("%", with: "8"))
                    try await watch.run(
                        "h2 = worker.observe({'function_id': 'shop::charge'}, 'watch::heard'); h2.ready(30)"
                    )
                    _ = try await watch.run(call.replacing("%", with: "9"))
                    #expect(try await watch.event("heard")["data"]?["input"]?["amount"] == 9)
                    let refused = try await watch.run(
                        """
                        code_of(lambda: worker.observe({'function_id': 'shop::charge', 'filters': {'x': {'$eq': 1}}},
                            'watch::heard').ready(30))
                        """
                    )
                    #expect(refused == "INVALID_FILTER")
                }
            }
        }
    }

    @Test func aWorkerHandsItsEventsOverItself() async throws {
        let clock = """
            from iii import ObserveHooks
            known = {}
            def added(obs):
                if obs.args['every'] > 60:
                    from iii import ObserveRejection
                    raise ObserveRejection('TOO_RARE', 'every minute at least')
                known[obs.id] = obs
                emit('added', obs.args)
            def removed(obs):
                known.pop(obs.id, None)
                emit('removed', obs.args)
            tick = worker.register_function('clock::tick', lambda data: None, observe=ObserveHooks(
                delivery='owner', on_observer_added=added, on_observer_removed=removed,
                args_format={'type': 'object', 'required': ['every'], 'properties': {'every': {'type': 'integer'}}}))
            """
        try await withEngine { address in
            try await PythonWorker.connected("clock", to: address.url, clock) { clock in
                let echo = Self.hearing + "\nworker.register_function('watch::echo', lambda data: {'got': data})"
                try await PythonWorker.connected("watch", to: address.url, echo) { watch in
                    try await clock.settle("clock::tick")
                    try await watch.settle("watch::heard", "watch::echo")
                    try await watch.run(
                        """
                        h = worker.observe({'function_id': 'clock::tick', 'args': {'every': 5}}, 'watch::heard')
                        h.ready(30)
                        e = worker.observe({'function_id': 'clock::tick', 'args': {'every': 7}}, 'watch::echo')
                        e.ready(30)
                        """
                    )
                    #expect(try await clock.event("added") == ["every": 5])
                    #expect(try await clock.event("added") == ["every": 7])
                    #expect(try await clock.run("tick.is_observed()") == true)
                    let sent = try await clock.run("[o.emit({'n': 1}) for o in known.values() if o.args['every'] == 5]")
                    #expect(sent == [true])
                    #expect(try await watch.event("heard")["data"]?["input"] == ["n": 1])
                    let answer = try await clock.run(
                        "[o.call({'q': 2}) for o in list(known.values()) if o.args['every'] == 7][0]"
                    )
                    #expect(answer["got"]?["q"] == 2)
                    for (args, code) in [("{}", "INVALID_ARGS"), ("{'every': 61}", "TOO_RARE")] {
                        let refused = try await watch.run(
                            "code_of(lambda: worker.observe({'function_id': 'clock::tick', 'args': \(args)}, "
                                + "'watch::heard').ready(30))"
                        )
                        #expect(refused == .string(code))
                    }
                    try await watch.run("h.dispose()")
                    #expect(try await clock.event("removed") == ["every": 5])
                }
            }
        }
    }

    @Test func observersComeBackWithTheEngine() async throws {
        let port = try await withEngine { $0.port }
        try await PythonWorker.with { shop in
            try await PythonWorker.with { watch in
                let connect = """
                    namespace = None
                    worker = register_worker('ws://127.0.0.1:\(port)', InitOptions(worker_name='%'))
                    """
                try await withEngine(port: port) { _ in
                    try await shop.run(connect.replacing("%", with: "shop") + "\n" + Self.shop)
                    try await watch.run(connect.replacing("%", with: "watch") + "\n" + Self.hearing)
                    try await shop.settle("shop::charge")
                    try await watch.settle("watch::heard")
                    try await watch.run(
                        "h = worker.observe({'function_id': 'shop::charge'}, 'watch::heard'); h.ready(30)"
                    )
                }
                // Another engine knows nothing of them but what they say when they come back.
                try await withEngine(port: port) { _ in
                    try await shop.settle("shop::charge")
                    try await watch.settle("watch::heard")
                    // Until the observer is there again, calls are not heard.
                    try await watch.run(
                        """
                        while not hearing.wait(0.02):
                            worker.trigger({'function_id': 'shop::charge', 'payload': {'amount': 3}})
                        """
                    )
                    #expect(try await watch.event("heard")["data"]?["input"]?["amount"] == 3)
                }
            }
        }
    }
}
