// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Testing

@testable import Engine

/// What workers of the published Python SDK say to each other arrives as it was said.
@Suite(.timeLimit(.minutes(20))) struct PythonDataTests {
    @Test func valuesArriveAsTheyWereSent() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, PythonWorker.functions) { bob in
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

    @Test func sixteenMebibytesGoThereAndBack() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, PythonWorker.functions) { bob in
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

    /// What the newest SDK sends at most arrives, in pieces, and so does the answer; what is larger fails alone.
    @Test func sixtyFourMebibytesAreTheMost() async throws {
        try await withEngine { address in
            try await PythonWorker.connected("bob", to: address.url, PythonWorker.functions) { bob in
                try await PythonWorker.connected("alice", to: address.url) { alice in
                    try await bob.settle("bob::echo")
                    let echo = """
                        worker.trigger({'function_id': 'bob::echo', 'payload': {'v': 'x' * %}, 'timeout_ms': 120000})
                        """
                    let most = (64 << 20) - 4096
                    #expect(try await alice.run("len(\(echo.replacing("%", with: "\(most)"))['v']) == \(most)") == true)
                    // With the mark of its caller it is a little more than the other end reads.
                    let edge = try await alice.error(echo.replacing("%", with: "\((64 << 20) - 150)"))
                    #expect(edge.code == "payload_too_large")
                    let beyond = try await alice.error(echo.replacing("%", with: "\(64 << 20)"))
                    #expect(beyond.code == "payload_too_large")
                    #expect(try await alice.run("worker.trigger({'function_id': 'bob::echo', 'payload': [1]})") == [1])
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
                PythonWorker.functions
            ) { bob in
                try await bob.settle("bob::add")
                for _ in 0..<3 {
                    let call = "worker.trigger({'function_id': 'bob::add', 'payload': {'a': 1, 'b': 1}})"
                    #expect(try await bob.run(call) == ["c": 2])
                }
            }
        }
    }
}
