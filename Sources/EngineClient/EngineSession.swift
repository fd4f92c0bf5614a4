// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import EngineProtocol
import NIOCore
import NIOPosix
import Synchronization
import WebSockets

/// A lasting conversation with an engine: offers functions, calls functions, comes back when the connection breaks.
///
/// `run()` carries it; before and while it runs, everything else may be called from anywhere.
package final class EngineSession: Sendable {
    package struct Settings: Sendable {
        package var address: EngineAddress
        /// Nil stays out of every list of workers.
        package var introduction: WorkerIntroduction?
        /// Sent as `Authorization: Bearer`.
        package var token: String?
        package var reconnects = true
        package var connectTimeout = Duration.seconds(10)
        package var limits = ProtocolLimits.standard

        package init(_ address: EngineAddress) { self.address = address }
    }

    /// What happens to the conversation.
    package enum Event: Sendable {
        /// The engine has greeted us.
        case connected
        case disconnected(any Error)
        /// Somebody else has this function.
        case functionTaken(String)
        /// The trigger's worker does not bind this function, and why.
        case triggerRefused(functionID: String, reason: String)
    }

    package typealias Handler = @Sendable (InvokeFunction) async -> InvocationResult.Outcome

    private struct State {
        var session: SessionState
        var link: WebSocketLink?
        var handlers: [String: Handler] = [:]
        var calls: [String: EventLoopPromise<InvocationResult.Outcome>] = [:]
        var lastCall = 0
        var fatal: EngineClientError?
    }

    private let settings: Settings
    private let loop: any EventLoop
    private let state: Mutex<State>
    /// Makes the ids of this session's calls unlike those of others.
    private let prefix = String(UInt64.random(in: .min ... .max), radix: 36)
    private let invocations: AsyncStream<InvokeFunction>
    private let invoked: AsyncStream<InvokeFunction>.Continuation
    private let report: @Sendable (Event) -> Void

    package init(_ settings: Settings, _ report: @escaping @Sendable (Event) -> Void = { _ in }) {
        self.settings = settings
        self.report = report
        loop = MultiThreadedEventLoopGroup.singleton.any()
        state = Mutex(State(session: SessionState(introduction: settings.introduction)))
        (invocations, invoked) = AsyncStream.makeStream()
    }

    // MARK: Offering and calling

    /// Offers a function, from now on and after each reconnect.
    package func register(_ function: FunctionRegistration, _ handler: @escaping Handler) {
        state.withLock { state in
            state.handlers[function.id] = handler
            if let frame = state.session.register(function) { state.link?.send(.frame(frame)) }
        }
    }

    package func unregister(_ id: String) {
        state.withLock { state in
            state.handlers[id] = nil
            if let frame = state.session.unregister(id) { state.link?.send(.frame(frame)) }
        }
    }

    /// Has a function called when a trigger fires, from now on and after each reconnect; the id of the binding is made here.
    ///
    /// - Returns: the id, to unbind it with.
    package func bind(functionID: String, to triggerType: String, config: RawJSON?, namespace: String?) -> String {
        state.withLock { state in
            state.lastCall += 1
            let trigger = TriggerRegistration(
                id: "\(prefix)-\(state.lastCall)",
                triggerType: triggerType,
                functionID: functionID,
                config: config,
                triggerNamespace: namespace
            )
            if let frame = state.session.bind(trigger) { state.link?.send(.frame(frame)) }
            return trigger.id
        }
    }

    package func unbind(_ id: String) {
        state.withLock { state in
            if let frame = state.session.unbind(id) { state.link?.send(.frame(frame)) }
        }
    }

    /// Calls a function and waits for its answer; without a connection the call waits for one.
    ///
    /// - Returns: the result as it came; nil for null.
    /// - Throws: `EngineClientError`; `CancellationError` where the task was cancelled.
    package func call(
        function: String,
        payload: RawJSON? = .emptyObject,
        namespace: String? = nil,
        metadata: RawJSON? = nil,
        timeout: Duration = .seconds(30)
    ) async throws -> RawJSON? {
        let promise = loop.makePromise(of: InvocationResult.Outcome.self)
        let id = begin(
            InvokeFunction(id: nil, functionID: function, data: payload, namespace: namespace, metadata: metadata),
            promise
        )
        let timer = loop.scheduleTask(in: TimeAmount(timeout)) {
            self.end(id) { $0.fail(EngineClientError.timedOut(function: function, timeout)) }
        }
        defer { timer.cancel() }
        let outcome = try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            end(id) { $0.fail(CancellationError()) }
        }
        switch outcome {
        case .success(let value): return value
        case .failure(let error): throw EngineClientError.failed(function: function, RemoteError(error))
        }
    }

    /// Calls a function whose answer nobody waits for.
    package func notify(function: String, payload: RawJSON?, namespace: String? = nil) {
        let call = InvokeFunction(id: nil, functionID: function, data: payload, namespace: namespace, action: .void)
        state.withLock { state in
            if let frame = state.session.call(call).send { state.link?.send(.frame(frame)) }
        }
    }

    private func begin(_ call: InvokeFunction, _ promise: EventLoopPromise<InvocationResult.Outcome>) -> String {
        let (id, dropped) = state.withLock { state in
            state.lastCall += 1
            var call = call
            let id = "\(prefix)-\(state.lastCall)"
            call.id = id
            state.calls[id] = promise
            let (frame, dropped) = state.session.call(call)
            if let frame { state.link?.send(.frame(frame)) }
            return (id, dropped)
        }
        let address = settings.address.description
        if let dropped { end(dropped) { $0.fail(EngineClientError.disconnected(address: address)) } }
        return id
    }

    private func end(_ id: String, _ body: (EventLoopPromise<InvocationResult.Outcome>) -> Void) {
        let promise = state.withLock { state in
            state.session.forget(id)
            return state.calls.removeValue(forKey: id)
        }
        if let promise { body(promise) }
    }

    // MARK: Running

    /// Connects, and stays so until the task is cancelled; then says goodbye.
    ///
    /// Calls of our functions run as children of this task.
    ///
    /// - Throws: `EngineClientError`: `.nameTaken`; where reconnects are not wanted, why the connection could not be made
    ///   or broke.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.stayConnected() }
            group.addTask {
                await withDiscardingTaskGroup { calls in
                    for await call in self.invocations { calls.addTask { await self.answer(call) } }
                    calls.cancelAll()
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func stayConnected() async throws {
        var policy = ReconnectPolicy()
        var generator = SystemRandomNumberGenerator()
        while true {
            let failure = await connection()
            if Task.isCancelled { return }
            if let fatal = state.withLock({ $0.fatal }) { throw fatal }
            guard settings.reconnects else { throw failure }
            if state.withLock({ $0.session.isGreeted }) { policy.reset() }
            report(.disconnected(failure))
            try? await Task.sleep(for: policy.next(using: &generator))
            if Task.isCancelled { return }
        }
    }

    /// One connection, to its end: why there is none any more.
    private func connection() async -> EngineClientError {
        let address = settings.address
        let headers = settings.token.map { [("authorization", "Bearer \($0)")] } ?? []
        let connector = WebSocketConnector(
            host: address.host,
            port: address.port,
            headers: headers,
            settings: WebSocketSettings(messageBytes: settings.limits.messageBytes, pingAfter: .seconds(20))
        )
        do {
            let channel = try await connector.connect(on: loop, timeout: settings.connectTimeout) {
                SessionEndpoint(session: self, limits: self.settings.limits)
            }
            await withTaskCancellationHandler {
                try? await channel.closeFuture.get()
            } onCancel: {
                let link = self.state.withLock { $0.link }
                link?.close(.normal)
            }
            return .disconnected(address: address.description)
        } catch WebSocketConnectError.refused(let status) {
            return .notAnEngine(address: address.description, status: status)
        } catch WebSocketConnectError.unreachable(let cause) {
            return .unreachable(address: address.description, cause)
        } catch {
            return .unreachable(address: address.description, error)
        }
    }

    private func answer(_ call: InvokeFunction) async {
        let handler = state.withLock { $0.handlers[call.functionID] }
        let missing = CallFailure(code: "function_not_found", message: "Function \(call.functionID) is not here.")
        let outcome = await handler?(call) ?? .failure(missing.json)
        guard let id = call.id else { return }
        let result = InvocationResult(id: id, functionID: call.functionID, outcome: outcome)
        state.withLock { $0.link }?.send(.frame(.result(result)))
    }

    // MARK: What the connection says

    fileprivate func opened(_ link: WebSocketLink) {
        state.withLock { state in
            state.link = link
            for frame in state.session.opened() { link.send(.frame(frame)) }
        }
    }

    fileprivate func received(_ frame: Frame) {
        switch state.withLock({ $0.session.receive(frame) }) {
        case .none: if case .workerRegistered = frame { report(.connected) }
        case .answered(let id, let outcome): end(id) { $0.succeed(outcome) }
        case .invoked(let call): invoked.yield(call)
        case .functionTaken(let id): report(.functionTaken(id))
        case .triggerRefused(let function, let reason): report(.triggerRefused(functionID: function, reason: reason))
        case .nameTaken(let name): state.withLock { $0.fatal = .nameTaken(name) }
        case .send(let frame): state.withLock { $0.link }?.send(.frame(frame))
        }
    }

    fileprivate func closed() {
        let failed = state.withLock { state in
            state.link = nil
            return state.session.closed()
        }
        let address = settings.address.description
        for id in failed { end(id) { $0.fail(EngineClientError.disconnected(address: address)) } }
    }
}

/// A connection of a session.
private final class SessionEndpoint: WebSocketEndpoint {
    private let session: EngineSession
    private let limits: ProtocolLimits

    init(session: EngineSession, limits: ProtocolLimits) {
        self.session = session
        self.limits = limits
    }

    func opened(_ link: WebSocketLink) { session.opened(link) }

    func received(text: ByteBuffer) {
        // What is no frame is passed over, as the protocol asks.
        if let frame = try? Frame(decoding: text, limits: limits) { session.received(frame) }
    }

    func received(binary: ByteBuffer) { received(text: binary) }

    func closed(_ code: WebSocketCloseCode?) { session.closed() }
}
