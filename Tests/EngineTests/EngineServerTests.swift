// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineClient
import EngineProtocol
import JSONText
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Engine

@Suite(.timeLimit(.minutes(20))) struct EngineServerTests {
    private static let local = LocalWorker(
        name: "local",
        description: "Functions for tests.",
        functions: [
            LocalFunction(FunctionRegistration(id: "local::echo")) { call in call.data },
            LocalFunction(FunctionRegistration(id: "local::fail")) { _ in
                throw CallFailure(code: "TEAPOT", message: "short and stout")
            },
            LocalFunction(FunctionRegistration(id: "local::hang")) { _ in
                try await Task.sleep(for: .seconds(1000))
                return nil
            },
        ]
    )

    @Test func aClientCallsAndHearsTheAnswer() async throws {
        try await withEngine(localWorkers: [Self.local]) { address in
            let client = EngineClient(port: address.port)
            let payload = try RawJSON(parsing: ByteBuffer(string: #"{"b":1.0,"a":12345678901234567890}"#))
            let answer = try await client.call(function: "local::echo", payload: payload)
            #expect(answer == payload)
            #expect(try await client.call(function: "local::echo", payload: .null) == nil)
            let workers = try await client.call(function: "engine::workers::list")?.value()
            guard case .array(let rows)? = workers?["workers"] else {
                Issue.record("no list")
                return
            }
            let own: [JSONValue] = [
                "iii-engine-functions", "iii-observability", "iii-telemetry", "iii-worker-manager",
            ]
            #expect(rows.compactMap { $0["name"] } == own + ["local"])
        }
    }

    @Test func aClientHearsOfErrors() async throws {
        try await withEngine(localWorkers: [Self.local]) { address in
            let client = EngineClient(port: address.port)
            let failed = await #expect(throws: EngineClientError.self) {
                try await client.call(function: "local::fail")
            }
            #expect(failed?.message == "`local::fail` failed: TEAPOT: short and stout")
            #expect(failed?.code.rawValue == "W165")
            let late = await #expect(throws: EngineClientError.self) {
                try await client.call(function: "local::hang", timeout: .milliseconds(100))
            }
            #expect(late?.code.rawValue == "W166")
        }
    }

    @Test func aClientSaysThatNobodyListens() async throws {
        let port = try await withEngine { $0.port }
        let error = await #expect(throws: EngineClientError.self) {
            try await EngineClient(port: port).call(function: "f")
        }
        #expect(error?.message == "no engine listens on `127.0.0.1:\(port)`")
    }

    @Test func aClientIsToldWhenTheEngineStops() async throws {
        let (called, continuation) = AsyncStream.makeStream(of: Void.self)
        let hang = LocalFunction(FunctionRegistration(id: "local::hang")) { _ in
            continuation.yield()
            try await Task.sleep(for: .seconds(1000))
            return nil
        }
        let worker = LocalWorker(name: "local", description: "", functions: [hang])
        let call = try await withEngine(localWorkers: [worker]) { address in
            let call = Task { try await EngineClient(port: address.port).call(function: "local::hang") }
            for await _ in called { break }
            return call
        }
        await #expect(throws: EngineClientError.self) { try await call.value }
    }

    @Test func anAddressInUseIsAnErrorWithACode() async throws {
        try await withEngine { address in
            var configuration = EngineConfiguration(version: "1")
            configuration.port = address.port
            configuration.listenAttempts = 1
            let server = EngineServer(configuration, logger: .init(label: "test"))
            let error = await #expect(throws: EngineError.self) { try await server.run() }
            #expect(error?.message == "`127.0.0.1:\(address.port)` is in use")
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 426"),
        ("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 426"),
        (upgrade("/nothing"), "HTTP/1.1 404"), (upgrade("/ws/channels/x?key=y&dir=read"), "HTTP/1.1 404"),
        (upgrade("/?token=x"), "HTTP/1.1 101"), (upgrade("/otel"), "HTTP/1.1 101"),
        (upgrade("/", origin: "https://evil.example"), "HTTP/1.1 403"),
        (upgrade("/", origin: "https://localhost.evil.example"), "HTTP/1.1 403"),
        (upgrade("/", origin: "null"), "HTTP/1.1 403"),
        (upgrade("/", origin: "http://localhost:3113"), "HTTP/1.1 101"),
        (upgrade("/", origin: "http://[::1]:3113"), "HTTP/1.1 101"),
        ("nonsense\r\n\r\n", "HTTP/1.1 400"),
    ])
    func answersEachPath(request: String, status: String) async throws {
        try await withEngine { address in
            let connection = try await RawConnection(port: address.port)
            try await connection.send(ByteBuffer(string: request))
            let answer = try await connection.receive(atLeast: status.utf8.count)
            #expect(String(buffer: answer).hasPrefix(status))
        }
    }

    @Test func aConnectionThatSaysNothingIsClosed() async throws {
        try await withEngine {
            $0.handshake = .milliseconds(100)
        } _: { address in
            let connection = try await RawConnection(port: address.port)
            #expect(try await connection.receive(atLeast: 1).readableBytes == 0)
        }
    }

    @Test func connectionsAreBounded() async throws {
        try await withEngine {
            $0.connections = 1
        } _: { address in
            let first = try await RawConnection(port: address.port)
            try await first.send(ByteBuffer(string: upgrade("/")))
            _ = try await first.receive(atLeast: 12)
            let second = try await RawConnection(port: address.port)
            #expect(try await second.receive(atLeast: 1).readableBytes == 0)
        }
    }

    /// What is no WebSocket, or no frame, ends at most its own connection.
    @Test func nonsenseHarmsNobodyElse() async throws {
        try await withEngine(localWorkers: [Self.local]) { address in
            let texts = [
                "", " ", "x", "[]", "{}", #"{"type":"invokefunction"}"#, #"{"type":"invocationresult"}"#,
                #"{"type":"registerfunction"}"#, #"{"type":"\ud800"}"#, String(repeating: "[", count: 100_000),
                #"{"type":"invokefunction","function_id":"engine::workers::register","data":{"name":5,"pid":"x"}}"#,
            ]
            let connection = try await RawConnection(port: address.port)
            try await connection.send(ByteBuffer(string: upgrade("/")))
            var output = ByteBuffer()
            let encoder = WebSocketEncoder.client
            for text in texts { encoder.write(.text, ByteBuffer(string: text), to: &output) }
            encoder.write(.binary, ByteBuffer(string: "OTLP{}"), to: &output)
            encoder.write(.text, ByteBuffer(string: #"{"type":"ping"}"#), to: &output)
            try await connection.send(output)
            #expect(try await connection.receive(until: #"{"type":"pong"}"#))
            try await connection.send(ByteBuffer(bytes: [0x81, 0x05, 0, 0, 0]))
            #expect(try await connection.receiveAll())
            let answer = try await EngineClient(port: address.port)
                .call(function: "local::echo", payload: RawJSON(["a": 1]))
            #expect(answer?.description == #"{"a":1}"#)
        }
    }

    /// A worker that never reads: calls to it fail once its buffer is full, and other workers answer as before.
    @Test func aPeerThatDoesNotReadIsGivenUp() async throws {
        try await withEngine(localWorkers: [Self.local]) { limits in
            limits.outboundBytes = 4 << 20
            limits.pingAfter = .seconds(60)
        } _: { address in
            let stuck = try await RawConnection(port: address.port)
            try await stuck.send(ByteBuffer(string: upgrade("/")))
            var output = ByteBuffer()
            for text in [
                #"{"type":"registerfunction","id":"stuck::f"}"#,
                #"{"type":"invokefunction","function_id":"engine::workers::register","data":{"name":"stuck"}}"#,
                #"{"type":"ping"}"#,
            ] { WebSocketEncoder.client.write(.text, ByteBuffer(string: text), to: &output) }
            try await stuck.send(output)
            #expect(try await stuck.receive(until: #"{"type":"pong"}"#))
            try await stuck.stopReading()
            let client = EngineClient(port: address.port)
            let large = RawJSON(.string(String(repeating: "x", count: 1 << 20)))
            let codes = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<24 {
                    group.addTask {
                        do {
                            _ = try await client.call(function: "stuck::f", payload: large, timeout: .seconds(60))
                            return nil
                        } catch EngineClientError.failed(_, let error) { return error.code } catch { return "time" }
                    }
                }
                // What lies in the buffer is never answered: one that did not fit is enough.
                var codes: [String?] = []
                for await code in group {
                    codes.append(code)
                    if code == "channel_send_failed" { group.cancelAll() }
                }
                return codes
            }
            #expect(codes.contains("channel_send_failed"))
            #expect(!codes.contains(nil))
            #expect(try await client.call(function: "local::echo", payload: RawJSON([1]))?.description == "[1]")
        }
    }
}
