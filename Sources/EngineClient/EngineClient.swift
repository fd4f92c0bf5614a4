// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import EngineProtocol
import NIOCore
import NIOPosix
import Synchronization
import WebSockets

/// Calls functions of the engine at one address.
package struct EngineClient: Sendable {
    package let host: String
    package let port: Int
    private let limits: ProtocolLimits

    package init(host: String = "127.0.0.1", port: Int = 49_134, limits: ProtocolLimits = .standard) {
        self.host = host
        self.port = port
        self.limits = limits
    }

    /// Connects, calls one function, waits for its answer, and disconnects.
    ///
    /// The connection does not announce itself: it is in no list of workers.
    ///
    /// - Parameters:
    ///   - function: Its id, such as `pdf::render`.
    ///   - payload: What it is called with.
    ///   - namespace: Where it is looked for; nil for `default`.
    ///   - timeout: For all of it, connecting included.
    /// - Returns: the result as it came; nil for null.
    /// - Throws: `EngineClientError`; `CancellationError` where the task was cancelled.
    package func call(
        function: String,
        payload: RawJSON = .emptyObject,
        namespace: String? = nil,
        timeout: Duration = .seconds(30)
    ) async throws -> RawJSON? {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let answer = Answer(promise: loop.makePromise())
        let call = InvokeFunction(
            id: "iii-call-1",
            functionID: function,
            data: payload,
            namespace: namespace
        )
        let timer = loop.scheduleTask(in: TimeAmount(timeout)) {
            answer.fail(EngineClientError.timedOut(function: function, timeout))
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            let channel = try await connect(on: loop, timeout, answer, call)
            defer { channel?.close(promise: nil) }
            switch try await answer.result() {
            case .success(let value): return value
            case .failure(let error): throw EngineClientError.failed(function: function, RemoteError(error))
            }
        } onCancel: {
            answer.fail(CancellationError())
        }
    }

    /// - Returns: nil where the answer came, or failed, before the connection did.
    private func connect(
        on loop: any EventLoop,
        _ timeout: Duration,
        _ answer: Answer,
        _ call: InvokeFunction
    ) async throws -> (any Channel)? {
        let address = "\(host):\(port)"
        let limits = limits
        let connector = WebSocketConnector(
            host: host,
            port: port,
            settings: WebSocketSettings(messageBytes: limits.messageBytes, pingAfter: .seconds(20))
        )
        do {
            return try await connector.connect(on: loop, timeout: timeout) {
                CallEndpoint(call: call, answer: answer, limits: limits, address: address)
            }
        } catch let error as WebSocketConnectError {
            switch error {
            case .unreachable(let cause): answer.fail(EngineClientError.unreachable(address: address, cause))
            case .refused(let status): answer.fail(EngineClientError.notAnEngine(address: address, status: status))
            case .timedOut: answer.fail(EngineClientError.timedOut(function: call.functionID, timeout))
            }
            return nil
        }
    }
}

/// The answer that a call waits for; the first of several counts.
private final class Answer: Sendable {
    private let promise: EventLoopPromise<InvocationResult.Outcome>

    init(promise: EventLoopPromise<InvocationResult.Outcome>) { self.promise = promise }

    func result() async throws -> InvocationResult.Outcome { try await promise.futureResult.get() }

    func succeed(_ outcome: InvocationResult.Outcome) { promise.succeed(outcome) }

    func fail(_ error: any Error) { promise.fail(error) }
}

/// A connection that makes one call.
private final class CallEndpoint: WebSocketEndpoint {
    private let call: InvokeFunction
    private let answer: Answer
    private let limits: ProtocolLimits
    private let address: String

    init(call: InvokeFunction, answer: Answer, limits: ProtocolLimits, address: String) {
        self.call = call
        self.answer = answer
        self.limits = limits
        self.address = address
    }

    func opened(_ link: WebSocketLink) { link.send(.frame(.invoke(call))) }

    func received(text: ByteBuffer) {
        guard let frame = try? Frame(decoding: text, limits: limits) else { return }
        if case .result(let result) = frame, result.id == call.id { answer.succeed(result.outcome) }
    }

    func received(binary: ByteBuffer) { received(text: binary) }

    func closed(_ code: WebSocketCloseCode?) { answer.fail(EngineClientError.disconnected(address: address)) }
}
