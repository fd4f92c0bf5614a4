// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Testing

@testable import Engine

/// Workers that are written with the published Python SDK find in this engine the one that they expect.
@Suite(.timeLimit(.minutes(20))) struct PythonSDKTests {
    @Test func twoWorkersCallEachOther() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, PythonWorker.functions) { bob in
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

    @Test func errorsSayWhatHappened() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, PythonWorker.functions) { bob in
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
            try await PythonWorker.connected("bob", to: address.url, PythonWorker.functions) { bob in
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
}
