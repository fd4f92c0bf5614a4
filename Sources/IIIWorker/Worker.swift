// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineClient
import EngineProtocol
import HostSystem

/// A worker: offers functions to an engine, and calls those of others.
///
/// ```swift
/// struct Greeting: Codable { var name: String }
///
/// let worker = try Worker()
/// worker.register("greeter::greet", description: "Greets somebody.") { (greeting: Greeting) in
///     "Hello, \(greeting.name)!"
/// }
/// try await worker.run()
/// ```
///
/// Everything may be called from any task. Functions can be registered, and others called, before `run()` connects: what
/// is registered is said again after each reconnect, and a call waits for a connection as long as its own time lasts.
public final class Worker: Sendable {
    /// How a worker introduces itself, and where its engine is.
    public struct Options: Sendable {
        /// `III_WORKER_NAME`, else the process id.
        ///
        /// An engine that starts a worker waits for this name.
        public var name: String?
        /// `ws://host:port`; `III_URL`, else `ws://127.0.0.1:49134`.
        public var url: String?
        /// `III_NAMESPACE`, else the engine's default.
        public var namespace: String?
        /// `III_TOKEN`: what an engine that asks for it gets as `Authorization: Bearer`.
        public var token: String?
        /// One sentence for lists of workers.
        public var description: String?

        /// Everything from the environment.
        public init() {}
    }

    /// What happens to the connection, for logs.
    public enum Event: Sendable {
        case connected
        /// It is made again after a while.
        case disconnected(reason: String)
        /// Another worker offers this function already; ours is not called.
        case functionTaken(String)
        /// Whoever provides the trigger does not take this function's binding.
        case triggerRefused(function: String, reason: String)
    }

    /// A function that is bound to a trigger.
    public struct Binding: Sendable, Hashable {
        fileprivate let id: String
    }

    /// Under which name the engine knows this worker.
    public let name: String
    private let session: EngineSession

    /// A worker with options; what they leave open is read from the environment.
    ///
    /// `onEvent` hears what happens to the connection; nothing is printed otherwise.
    ///
    /// - Throws: `WorkerError.address` for a URL that is none.
    public init(_ options: Options = Options(), onEvent: @escaping @Sendable (Event) -> Void = { _ in }) throws {
        // Without a current folder there is still an environment to speak of.
        let variables = (try? HostEnvironment.live())?.variables ?? [:]
        func value(_ option: String?, _ variable: String) -> String? {
            option ?? variables[variable].flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
        }
        let address: EngineAddress
        do throws(EngineAddressError) {
            address =
                try value(options.url, "III_URL").map { (url) throws(EngineAddressError) in
                    try EngineAddress(parsing: url)
                } ?? EngineAddress()
        } catch { throw WorkerError(code: "invalid_address", message: error.message) }
        name = value(options.name, "III_WORKER_NAME") ?? "swift:\(HostProcess.identifier)"
        var settings = EngineSession.Settings(address)
        settings.token = value(options.token, "III_TOKEN")
        settings.introduction = WorkerIntroduction(
            name: name,
            runtime: "swift",
            version: "0.1.0",
            description: options.description,
            namespace: value(options.namespace, "III_NAMESPACE"),
            isolation: value(nil, "III_ISOLATION"),
            operatingSystem: Self.operatingSystem,
            processID: HostProcess.identifier
        )
        session = EngineSession(settings) { event in
            switch event {
            case .connected: onEvent(.connected)
            case .disconnected(let error): onEvent(.disconnected(reason: "\(error)"))
            case .functionTaken(let id): onEvent(.functionTaken(id))
            case .triggerRefused(let function, let reason): onEvent(.triggerRefused(function: function, reason: reason))
            }
        }
    }

    /// Connects and serves until the task is cancelled, or until the process is asked to end (SIGINT, SIGTERM); then says
    /// goodbye.
    ///
    /// A lost connection is made again: after a second, then after twice as long each time, half a minute at most.
    ///
    /// - Throws: `WorkerError` where another worker of this name is connected.
    public func run() async throws {
        do {
            try await Interruption.cancelling { [session] in try await session.run() }
        } catch is CancellationError {
        } catch { throw WorkerError(error) }
    }

    // MARK: Functions

    /// Offers a function.
    ///
    /// What it takes and answers is described to callers by schemas made from the two types. An error that it throws
    /// reaches the caller as `invocation_failed`, a `WorkerError` with its own code.
    ///
    /// The `id` is `worker::function`, as callers write it, `description` one sentence for lists of functions.
    public func register<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ id: String,
        description: String? = nil,
        _ handler: @escaping @Sendable (Input) async throws -> Output
    ) {
        let registration = FunctionRegistration(
            id: id,
            description: description,
            requestFormat: TypeSchema.of(Input.self),
            responseFormat: TypeSchema.of(Output.self)
        )
        session.register(registration) { call in
            do {
                let input = try WireCoding.decode(Input.self, from: call.data ?? .null, for: id)
                return .success(try WireCoding.encode(try await handler(input)))
            } catch {
                return .failure(WorkerError(error).json)
            }
        }
    }

    /// Offers a function that answers nothing.
    public func register<Input: Decodable & Sendable>(
        _ id: String,
        description: String? = nil,
        _ handler: @escaping @Sendable (Input) async throws -> Void
    ) {
        register(id, description: description) { (input: Input) -> Nothing in
            try await handler(input)
            return Nothing()
        }
    }

    /// Offers a function no longer.
    public func unregister(_ id: String) { session.unregister(id) }

    /// Has a function called whenever a trigger fires, until it is unbound or the worker ends.
    ///
    /// `trigger` is a kind of trigger that a worker or the engine provides (`cron`, `engine::workers-available`), `config`
    /// what it wants to know. Where nobody provides it, the binding waits for somebody who does. `namespace` is where the
    /// trigger is looked for, nil for this worker's own and then the engine's default.
    ///
    /// - Throws: `EncodingError` for a `config` that is no JSON.
    @discardableResult public func bind(
        _ function: String,
        to trigger: String,
        config: some Encodable = Nothing(),
        namespace: String? = nil
    ) throws -> Binding {
        let config = try WireCoding.encode(config)
        let id = session.bind(
            functionID: function,
            to: trigger,
            config: config.isNull ? nil : config,
            namespace: namespace
        )
        return Binding(id: id)
    }

    /// Lets a trigger fire without its function being called.
    public func unbind(_ binding: Binding) { session.unbind(binding.id) }

    /// Calls a function of this or another worker, and waits for its answer.
    ///
    /// `namespace` is where the function is looked for, nil for the engine's default; `timeout` is for all of it, waiting for
    /// a connection included.
    ///
    /// - Returns: what the function answered.
    /// - Throws: `WorkerError` with the code of whoever failed: the function, the engine, or `timeout`, `disconnected`.
    public func call<Input: Encodable, Output: Decodable>(
        _ function: String,
        _ input: Input,
        as type: Output.Type = Output.self,
        namespace: String? = nil,
        timeout: Duration = .seconds(30)
    ) async throws -> Output {
        let payload = try WireCoding.encode(input)
        do {
            let answer = try await session.call(
                function: function,
                payload: payload,
                namespace: namespace,
                timeout: timeout
            )
            return try WireCoding.decode(Output.self, from: answer ?? .null, for: function)
        } catch let error as EngineClientError {
            throw WorkerError(error)
        }
    }

    /// Calls a function without waiting for anything, not even for whether it exists.
    public func notify(_ function: String, _ input: some Encodable, namespace: String? = nil) throws {
        session.notify(function: function, payload: try WireCoding.encode(input), namespace: namespace)
    }

    private static var operatingSystem: String {
        #if os(Linux)
        "Linux"
        #elseif os(macOS)
        "macOS"
        #else
        "other"
        #endif
    }
}
