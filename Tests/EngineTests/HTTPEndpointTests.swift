// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineClient
import EngineProtocol
import JSONText
import NIOCore
import Synchronization
import Testing
import Transport
import WorkerModel

@testable import Engine

/// A network that answers one thing and remembers what it was asked.
private final class OneAnswer: Transport {
    let requests = Mutex<[TransportRequest]>([])
    private let answer: @Sendable (TransportRequest) async throws -> (Int, String)

    init(_ answer: @escaping @Sendable (TransportRequest) async throws -> (Int, String)) { self.answer = answer }

    func send(_ request: TransportRequest) async throws -> TransportResponse {
        requests.withLock { $0.append(request) }
        let (status, body) = try await answer(request)
        return TransportResponse(status: status, url: request.url, body: BodyStream(Array(body.utf8)))
    }
}

@Suite struct HTTPEndpointTests {
    private func call(_ invocation: JSONValue, data: JSONValue?, _ transport: OneAnswer) async throws -> JSONValue? {
        let caller = HTTPEndpointCaller(transport: transport, responseLimit: .kibibytes(1), now: { 1_700_000_000 }) {
            ["TOKEN": "t0p", "SECRET": "s3cret", "BAD": "a\nb"][$0]
        }
        let call = LocalCall(
            callID: "c-1",
            functionID: "far::f",
            data: data.map { RawJSON($0) },
            metadata: nil,
            callerWorkerID: nil,
            handler: { _ in nil }
        )
        return try await caller.call(RawJSON(invocation), call)?.value()
    }

    private func code(_ invocation: JSONValue, _ transport: OneAnswer) async throws -> CallFailure {
        try await #require(throws: CallFailure.self) { try await call(invocation, data: [:], transport) }
    }

    @Test func sendsTheDataAndReadsTheResult() async throws {
        let transport = OneAnswer { _ in (200, #"{"c":5}"#) }
        let invocation: JSONValue = ["url": "https://far.example/x?y=1", "headers": ["a": "b"]]
        #expect(try await call(invocation, data: ["n": 1], transport) == ["c": 5])
        let request = try #require(transport.requests.withLock { $0.first })
        #expect(request.method == .post)
        #expect(request.url.wireText == "https://far.example/x?y=1")
        let expected = [
            "Content-Type": "application/json", "x-iii-Function-Path": "far::f", "x-iii-Invocation-ID": "c-1",
            "x-iii-Timestamp": "1700000000", "a": "b",
        ]
        for (name, value) in expected { #expect(request.headers[name] == value) }
        guard case .bytes(let body) = request.body else {
            Issue.record("no body")
            return
        }
        #expect(String(decoding: body, as: UTF8.self) == #"{"n":1}"#)
    }

    @Test func provesWhoAsks() async throws {
        let transport = OneAnswer { _ in (204, "") }
        let kinds: [JSONValue] = [
            ["type": "bearer", "token_key": "TOKEN"],
            ["type": "api_key", "header": "x-key", "value_key": "TOKEN"],
            ["type": "hmac", "secret_key": "SECRET"],
        ]
        for auth in kinds {
            #expect(try await call(["url": "https://far.example/", "auth": auth], data: ["n": 1], transport) == nil)
        }
        let requests = transport.requests.withLock { $0 }
        #expect(requests[0].credentials.first?.value.exposed == "Bearer t0p")
        #expect(requests[1].credentials.first?.name == "x-key")
        // echo -n "1700000000:$(echo -n '{"n":1}' | base64)" | openssl dgst -sha256 -hmac s3cret
        #expect(requests[2].headers["x-iii-Signature"] == Self.signature)
    }

    private static let signature = "sha256=1d135db9f77c0c80061df09886ed1de87f25d277c0428aadb784590b5476f337"

    @Test(arguments: ["NONE", "BAD"]) func aSecretThatCannotBeSentFailsTheCall(name: String) async throws {
        let transport = OneAnswer { _ in (200, "1") }
        let auth: JSONValue = ["type": "bearer", "token_key": .string(name)]
        #expect(try await code(["url": "https://far.example/", "auth": auth], transport).code == "invocation_error")
        #expect(transport.requests.withLock { $0.isEmpty })
    }

    @Test func failuresSayWhatTheEndpointSaid() async throws {
        let endpoint: JSONValue = ["url": "https://far.example/"]
        let told = OneAnswer { _ in (422, #"{"error":{"code":"E7","message":"no"}}"#) }
        #expect(try await code(endpoint, told) == CallFailure(code: "E7", message: "no"))
        #expect(try await code(endpoint, OneAnswer { _ in (500, "<html>") }).code == "http_error")
        #expect(try await code(endpoint, OneAnswer { _ in (200, "<html>") }).code == "invalid_response")
        let large = OneAnswer { _ in (200, String(repeating: " ", count: 1025)) }
        #expect(try await code(endpoint, large).code == "payload_too_large")
        let refused = OneAnswer { throw TransportError(.plainHTTP, $0.url, for: $0.purpose) }
        #expect(try await code(endpoint, refused).code == "url_validation_failed")
        let cut = OneAnswer { throw TransportError(.cut, $0.url, for: $0.purpose) }
        #expect(try await code(endpoint, cut).code == "http_request_failed")
    }

    @Test func anEndpointThatIsSilentTimesOut() async throws {
        let silent = OneAnswer { _ in
            // Ends when it is cancelled.
            for await _ in AsyncStream<Void>.makeStream().stream {}
            throw CancellationError()
        }
        let failure = try await code(["url": "https://far.example/", "timeout_ms": 1], silent)
        #expect(failure.code == "http_request_failed")
    }

    @Test(
        arguments: [
            [:], ["url": "ftp://far.example/"], ["url": 1], ["url": "https://far.example/", "method": "HEAD"],
            ["url": "https://far.example/", "headers": ["host": "x"]],
            ["url": "https://far.example/", "headers": ["a": "b\r\nc: d"]],
            ["url": "https://far.example/", "headers": ["a b": "c"]],
            ["url": "https://far.example/", "auth": ["type": "basic"]],
            ["url": "https://far.example/", "auth": ["type": "api_key", "header": "host", "value_key": "TOKEN"]],
        ] as [JSONValue]
    )
    func refusesWhatIsNoEndpoint(invocation: JSONValue) async throws {
        let transport = OneAnswer { _ in (200, "1") }
        #expect(try await code(invocation, transport).code == "url_validation_failed")
        #expect(transport.requests.withLock { $0.isEmpty })
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func encodesBase64(plain: String, text: String) {
        #expect(String(decoding: Base64.encode(Array(plain.utf8)), as: UTF8.self) == text)
    }

    @Test func theHubCallsAnEndpointLikeAFunction() async throws {
        var hub = HubDriver(endpoints: HTTPEndpointCaller(transport: OneAnswer { _ in (200, "7") }) { _ in nil })
        let worker = hub.worker("bob")
        let registration = FunctionRegistration(id: "far::f", invocation: RawJSON(["url": "https://far.example/"]))
        hub.send(worker, .registerFunction(registration))
        let caller = hub.worker("alice")
        hub.send(caller, .call("c", "far::f"))
        let call = try #require(hub.localCalls.last)
        #expect(try await call.handler(call)?.description == "7")
        hub.receive(.localResult(callID: call.callID, .success(RawJSON(7))))
        #expect(hub.takeAnswers(caller) == [7])
        #expect(hub.take(worker).isEmpty)
    }

    @Test func withoutANetworkTheCallFails() {
        var hub = HubDriver()
        let worker = hub.worker("bob")
        let registration = FunctionRegistration(id: "far::f", invocation: RawJSON(["url": "https://far.example/"]))
        hub.send(worker, .registerFunction(registration))
        #expect(hub.call(worker, "far::f")?["error"]?["code"] == "invocation_error")
    }
}

/// Endpoints as the published SDK registers them.
@Suite(.timeLimit(.minutes(20))) struct PythonHTTPEndpointTests {
    @Test func aWorkerOffersAnEndpoint() async throws {
        let transport = OneAnswer { request in
            guard case .bytes(let body) = request.body else { return (500, "") }
            return (200, "{\"url\":\"\(request.url.wireText)\",\"body\":\(String(decoding: body, as: UTF8.self))}")
        }
        let endpoints = HTTPEndpointCaller(transport: transport) { _ in nil }
        try await withEngine(endpoints: endpoints) { address in
            let register = """
                from iii_helpers.http import HttpInvocationConfig
                worker.register_function('far::f', HttpInvocationConfig(url='https://far.example/f', method='PUT'))
                """
            try await PythonWorker.connected("bob", to: address.url, register) { bob in
                try await bob.settle("far::f")
                let answer = try await bob.run("worker.trigger({'function_id': 'far::f', 'payload': {'n': 1}})")
                #expect(answer == ["url": "https://far.example/f", "body": ["n": 1]])
                #expect(transport.requests.withLock { $0.first?.method } == .put)
            }
        }
    }
}
