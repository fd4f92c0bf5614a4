// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// A process with a worker of the published SDK, told what to do line by line.
final class PythonWorker: Sendable {
    /// What a line raised.
    struct Raised: Error {
        let value: JSONValue
        var code: String? { if case .string(let code)? = value["code"] { code } else { nil } }
        var message: String? { if case .string(let message)? = value["message"] { message } else { nil } }
    }

    struct Ended: Error {}

    fileprivate struct State {
        var lastID = 0
        var answers: [Int: CheckedContinuation<JSONValue, any Error>] = [:]
        var events: [String: [JSONValue]] = [:]
        var waiting: [String: [CheckedContinuation<JSONValue, any Error>]] = [:]
        var rest: [UInt8] = []
        var hasEnded = false
    }

    /// Functions that answer in every way there is.
    static let functions = """
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

    private let state = Mutex(State())
    private let process: Process
    private let input: FileHandle

    private init(environment: [String: String]) throws {
        // A process that was killed reads no more.
        Foundation.signal(SIGPIPE, SIG_IGN)
        process = Process()
        process.executableURL = URL(fileURLWithPath: try PythonSDK.interpreter.get())
        process.arguments = ["-u", Golden.fixture("worker.py").path]
        process.environment = ProcessInfo.processInfo.environment
            .filter { ["PATH", "HOME", "LANG"].contains($0.key) }
            .merging(environment) { $1 }
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        self.input = input.fileHandleForWriting
        try process.run()
        output.fileHandleForReading.forEachPiece { [weak self] data in self?.received(Array(data)) }
    }

    /// Starts a process, runs `code` in it, and ends it after `body`.
    static func with<Result>(
        _ code: String = "",
        environment: [String: String] = [:],
        _ body: (PythonWorker) async throws -> Result
    ) async throws -> Result {
        try await withTemporaryDirectory { home in
            let fixed = ["HOME": home.string, "OTEL_ENABLED": "false"].merging(environment) { $1 }
            let python = try PythonWorker(environment: fixed)
            defer { python.kill() }
            if !code.isEmpty { try await python.run(code) }
            return try await body(python)
        }
    }

    /// Starts a worker `name`, connected, with the functions that `code` registers on `worker`.
    static func connected<Result>(
        _ name: String,
        to url: String,
        namespace: String? = nil,
        environment: [String: String] = [:],
        _ code: String = "",
        _ body: (PythonWorker) async throws -> Result
    ) async throws -> Result {
        let space = namespace.map { "'\($0)'" } ?? "None"
        let start = """
            namespace = \(space)
            worker = register_worker('\(url)', InitOptions(worker_name='\(name)', namespace=namespace))
            \(code)
            """
        return try await with(start, environment: environment, body)
    }

    /// Runs a line: the value of an expression, null for statements.
    @discardableResult func run(_ code: String) async throws -> JSONValue {
        try await untilCancelled { continuation in
            let id = state.withLock { state -> Int? in
                guard !state.hasEnded else { return nil }
                state.lastID += 1
                state.answers[state.lastID] = continuation
                return state.lastID
            }
            guard let id else { return continuation.resume(throwing: Ended()) }
            let line = (["id": .number(JSONNumber(id)), "code": .string(code)] as JSONValue).bytes() + [0x0A]
            try? input.write(contentsOf: Data(line))
        }
    }

    /// Waits for an answer; a cancelled test ends the process, and with it everything that waits for it.
    private func untilCancelled(
        _ body: (CheckedContinuation<JSONValue, any Error>) -> Void
    ) async throws -> JSONValue {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation(body)
        } onCancel: {
            kill()
        }
    }

    /// Waits until the engine knows this worker and some of its functions.
    func settle(_ functions: String...) async throws {
        try await run("settle(\(functions.map { "'\($0)'" }.joined(separator: ", ")))")
    }

    /// Runs a line that raises.
    func error(_ code: String) async throws -> Raised {
        try await #require(throws: Raised.self) { try await self.run(code) }
    }

    /// The value of the next event of a name.
    func event(_ name: String) async throws -> JSONValue {
        try await untilCancelled { continuation in
            let outcome = state.withLock { state -> Result<JSONValue, any Error>? in
                if let value = state.events[name]?.first {
                    state.events[name]?.removeFirst()
                    return .success(value)
                }
                if state.hasEnded { return .failure(Ended()) }
                state.waiting[name, default: []].append(continuation)
                return nil
            }
            if let outcome { continuation.resume(with: outcome) }
        }
    }

    /// Ends the process at once, as a crash would.
    func kill() { signal(SIGKILL) }

    func signal(_ number: Int32) {
        if process.isRunning { _ = Foundation.kill(process.processIdentifier, number) }
    }

    // MARK: What it says

    private func received(_ bytes: [UInt8]) {
        let resumptions = state.withLock { state -> [() -> Void] in
            guard !bytes.isEmpty else { return state.end() }
            state.rest += bytes
            var result: [() -> Void] = []
            while let end = state.rest.firstIndex(of: 0x0A) {
                let line = Array(state.rest[..<end])
                state.rest.removeSubrange(...end)
                if let value = try? JSONValue(parsing: line), let resume = state.take(value) { result.append(resume) }
            }
            return result
        }
        for resume in resumptions { resume() }
    }
}

extension PythonWorker.State {
    fileprivate mutating func take(_ value: JSONValue) -> (() -> Void)? {
        if case .string(let name)? = value["event"] {
            let payload = value["value"] ?? .null
            guard let first = waiting[name]?.first else {
                events[name, default: []].append(payload)
                return nil
            }
            waiting[name]?.removeFirst()
            return { first.resume(returning: payload) }
        }
        guard case .number(let number)? = value["id"], let id = number.int64,
            let continuation = answers.removeValue(forKey: Int(id))
        else { return nil }
        if let error = value["error"] { return { continuation.resume(throwing: PythonWorker.Raised(value: error)) } }
        return { continuation.resume(returning: value["value"] ?? .null) }
    }

    fileprivate mutating func end() -> [() -> Void] {
        hasEnded = true
        let all = Array(answers.values) + waiting.values.flatMap { $0 }
        answers = [:]
        waiting = [:]
        return all.map { continuation in { continuation.resume(throwing: PythonWorker.Ended()) } }
    }
}
