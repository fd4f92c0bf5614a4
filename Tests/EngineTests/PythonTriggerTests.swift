// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Testing

@testable import Engine

/// Triggers of workers of the published Python SDK, and those of the engine.
@Suite(.timeLimit(.minutes(20))) struct PythonTriggerTests {
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
        // The SDK sends the type before it keeps the handler, and drops a binding that arrives between the two: here it
        // sends from the thread that reads.
        let registration = """
            worker._loop.call_soon_threadsafe(
                lambda: worker.register_trigger_type({'id': 'tick', 'description': 'ticks'}, tick))
            """
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
}
