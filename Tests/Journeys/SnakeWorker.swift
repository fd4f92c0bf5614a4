// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// A worker that somebody wrote with the published Python SDK and started by hand.
enum SnakeWorker {
    private static let script = """
        import os, threading, time
        from iii import register_worker, InitOptions
        worker = register_worker(os.environ['III_URL'], InitOptions(worker_name='snake'))
        seen, heard = [], []
        worker.register_function('snake::pid', lambda data: {'pid': os.getpid(), 'word': data.get('word')})
        def see(data):
            if data['event'] == 'worker_connected':
                seen.append(data['worker_id'])
        worker.register_function('snake::see', see)
        worker.register_function('snake::seen', lambda data: {'count': len(seen)})
        worker.register_function('snake::hear', lambda data: heard.append(data))
        worker.register_function('snake::heard', lambda data: {'events': heard})
        worker.register_trigger({'type': 'engine::workers-available', 'function_id': 'snake::see'})
        worker.register_trigger({'type': 'worker', 'function_id': 'snake::hear',
                                 'config': {'operations': ['update', 'remove'], 'workers': ['steady']}})
        parent = os.getppid()
        while os.getppid() == parent:
            time.sleep(0.2)
        os._exit(0)
        """

    /// Runs it while `body` runs.
    static func run(
        _ road: Road,
        url: String,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let variables = ["HOME": road.folder.string, "III_URL": url, "OTEL_ENABLED": "false"]
        _ = try await Subprocess.run(
            .path(FilePath(try PythonSDK.interpreter.get())),
            arguments: ["-u", "-c", script],
            environment: Programs.environment(variables),
            input: .none,
            output: .discarded,
            error: .discarded
        ) { execution in
            defer { try? execution.send(signal: .kill) }
            try await body()
        }
    }
}

extension Road {
    /// Calls a function until it is there and answers.
    func answer(_ function: String, _ words: String...) async throws -> JSONValue {
        while true {
            let called = try await Programs.run(
                "iii",
                ["trigger", function] + words,
                in: project,
                variables: variables
            )
            if called.status == 0 { return try JSONValue(parsing: called.output) }
            try #require(
                called.talk.contains("function_not_found") || called.talk.contains("W164"),
                "\(called.talk)\(engineTalk)"
            )
            try Task.checkCancellation()
        }
    }
}
