// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineClient
import EngineProtocol
import JSONText
import NIOCore
import TestSupport
import Testing

@testable import Engine

/// Whole sessions of peers that say anything: sense, damaged sense, and noise, cut anywhere, ended anywhere.
///
/// Whatever they do, the engine goes on, and keeps nothing of them once they are gone.
@Suite(.timeLimit(.minutes(20))) struct SessionFuzzTests {
    /// What workers say; `%` is a name that several of them use.
    private static let corpus = [
        #"{"type":"invokefunction","function_id":"engine::workers::register","action":{"type":"void"},"data":{"name":"%","pid":1,"namespace":null}}"#,
        #"{"type":"invokefunction","function_id":"engine::workers::register","data":{"name":"%","namespace":"red"}}"#,
        #"{"type":"registerfunction","id":"%::f","description":"d","request_format":{"type":"object"},"metadata":{"k":[1,2.5e3]}}"#,
        #"{"type":"registerfunction","id":"%::h","invocation":{"url":"http://127.0.0.1:1/"}}"#,
        #"{"type":"unregisterfunction","id":"%::f"}"#, #"{"type":"registerservice","id":"%"}"#,
        #"{"type":"invokefunction","invocation_id":"c-%","function_id":"%::f","data":{"a":"\u00e9\ud83d","_caller_worker_id":1}}"#,
        #"{"type":"invokefunction","invocation_id":"c-%","function_id":"local::echo","data":[[[1]]],"metadata":{"m":1}}"#,
        #"{"type":"invokefunction","invocation_id":"c-%","function_id":"%::h","data":null,"traceparent":"00-1-2-03"}"#,
        #"{"type":"invokefunction","invocation_id":"c-%","function_id":"engine::functions::list","data":{"include_internal":true}}"#,
        #"{"type":"invokefunction","invocation_id":"c-%","function_id":"engine::channels::create","data":{"buffer_size":9}}"#,
        #"{"type":"invokefunction","invocation_id":"c-%","function_id":"engine::register_trigger","data":{"trigger_type":"%","function_id":"%::f"}}"#,
        #"{"type":"invokefunction","invocation_id":"c-%","function_id":"%::f","action":{"type":"enqueue","queue":"q"}}"#,
        #"{"type":"invocationresult","invocation_id":"c-%","function_id":"%::f","result":NaN}"#,
        #"{"type":"invocationresult","invocation_id":"c-%","function_id":"%::f","error":{"code":"x","message":"m"}}"#,
        #"{"type":"registertriggertype","id":"%"}"#, #"{"type":"unregistertriggertype","id":"%"}"#,
        #"{"type":"registertrigger","id":"t-%","trigger_type":"%","function_id":"%::f","config":{}}"#,
        #"{"type":"registertrigger","id":"t-%","trigger_type":"engine::workers-available","function_id":"%::f"}"#,
        #"{"type":"triggerregistrationresult","id":"t-%","trigger_type":"%","function_id":"f","error":{}}"#,
        #"{"type":"unregistertrigger","id":"t-%"}"#,
        #"{"type":"reattach","previous_worker_id":"x","reattach_token":"y"}"#,
        #"{"type":"ping"}"#, #"{"type":"workerregistered","worker_id":"x"}"#, #"{"type":"%"}"#, " ", "",
    ]

    /// One peer's whole life, as bytes.
    private struct Life {
        var random: SeededGenerator
        var bytes = ByteBuffer()

        private mutating func chance(_ part: Int) -> Bool { Int.random(in: 0..<part, using: &random) == 0 }

        mutating func live() {
            bytes.writeString(chance(20) ? "GET / HTTP/1.1\r\n" : upgrade(chance(10) ? "/otel" : "/"))
            for _ in 0..<Int.random(in: 0..<40, using: &random) { speak() }
            if chance(3) { WebSocketEncoder.client.writeClose(.normal, to: &bytes) }
            // Cut off in the middle of a word.
            if chance(3) {
                bytes = bytes.getSlice(at: 0, length: Int.random(in: 0...bytes.readableBytes, using: &random)) ?? bytes
            }
        }

        private mutating func speak() {
            let name = ["a", "b", "c"].randomElement(using: &random) ?? ""
            let text = (corpus.randomElement(using: &random) ?? "").replacing("%", with: name)
            var content = ByteBuffer(string: text)
            if chance(4) { damage(&content) }
            let kind: WebSocketOpcode = chance(6) ? .binary : .text
            if chance(6) { return writeFragments(kind, content) }
            if chance(12) { WebSocketEncoder.client.write(.ping, ByteBuffer(string: name), to: &bytes) }
            WebSocketEncoder.client.write(kind, content, to: &bytes)
            if chance(40) { bytes.writeInteger(UInt64.random(in: .min ... .max, using: &random)) }
        }

        private mutating func damage(_ content: inout ByteBuffer) {
            for _ in 0..<Int.random(in: 1...4, using: &random) where content.readableBytes > 0 {
                let place = Int.random(in: 0..<content.readableBytes, using: &random)
                content.setInteger(UInt8.random(in: .min ... .max, using: &random), at: place)
            }
        }

        /// One message in pieces, now and then with a ping between them.
        private mutating func writeFragments(_ kind: WebSocketOpcode, _ content: ByteBuffer) {
            var rest = content
            var opcode = kind.rawValue
            while rest.readableBytes > 0 {
                let size = Int.random(in: 0...min(100, rest.readableBytes), using: &random)
                let piece = rest.readSlice(length: size) ?? ByteBuffer()
                let final: UInt8 = rest.readableBytes == 0 ? 0x80 : 0
                bytes.writeInteger(opcode | final)
                bytes.writeInteger(UInt8(size) | 0x80)
                bytes.writeInteger(UInt32(0))
                bytes.writeImmutableBuffer(piece)
                opcode = 0
                if chance(8) { WebSocketEncoder.client.write(.ping, ByteBuffer(), to: &bytes) }
            }
        }
    }

    private static let echo = LocalWorker(
        name: "local",
        description: "",
        functions: [LocalFunction(FunctionRegistration(id: "local::echo")) { $0.data }]
    )

    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func sessionsOfAnythingLeaveNothingBehind(seed: UInt64) async throws {
        try await withEngine(localWorkers: [Self.echo]) { limits in
            limits.messages.messageBytes = 1 << 16
            limits.outboundBytes = 1 << 18
            limits.namespaceGrace = .milliseconds(20)
            limits.handshake = .seconds(1)
        } _: { address in
            try await withThrowingTaskGroup { group in
                for lane in 0..<8 {
                    group.addTask { try await Self.run(lane: lane, seed: seed, on: address.port) }
                }
                try await group.waitForAll()
            }
            let client = EngineClient(port: address.port)
            // What a peer did counts until its end has been noticed.
            while try await Self.leftovers(client) > 0 {}
            #expect(try await client.call(function: "local::echo", payload: RawJSON([1]))?.description == "[1]")
        }
    }

    private static func run(lane: Int, seed: UInt64, on port: Int) async throws {
        for turn in 0..<40 {
            var life = Life(random: SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(lane * 1000 + turn)))
            life.live()
            let connection = try await RawConnection(port: port)
            // The engine may have closed the connection over what came before.
            try? await connection.send(life.bytes)
            try? await connection.close()
        }
    }

    /// Workers and functions that the engine still knows, its own left out.
    private static func leftovers(_ client: EngineClient) async throws -> Int {
        let workers = try await client.call(function: "engine::workers::list")?.member("workers")?.value()
        let functions = try await client.call(function: "engine::functions::list")?.member("functions")?.value()
        guard case .array(let rows)? = workers, case .array(let others)? = functions else { return 1 }
        return rows.count { $0["isolation"] != "in-process" } + others.count { $0["worker_name"] != "local" }
    }
}
