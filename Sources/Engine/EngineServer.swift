// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import EngineProtocol
import HostSystem
package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import WebSockets

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The hub between workers, listening on one address.
///
/// Prints nothing; what happens goes to the logger.
package struct EngineServer: Sendable {
    private let configuration: EngineConfiguration
    private let localWorkers: [LocalWorker]
    private let endpoints: HTTPEndpointCaller?
    private let presences: AsyncStream<WorkerPresence>.Continuation?
    private let bus: BusControl
    private let logger: Logger

    /// An engine that is not running yet.
    ///
    /// - Parameters:
    ///   - configuration: Where it listens, and what it allows.
    ///   - localWorkers: What this process offers besides the engine's own functions.
    ///   - endpoints: Calls functions that are HTTP endpoints; without it, such calls fail.
    ///   - bus: Says whose connections are whose; without it no worker is known as one that the engine has started.
    ///   - presences: Hears who announces itself and who leaves, in the order in which it happens.
    ///   - logger: Hears what happens.
    package init(
        _ configuration: EngineConfiguration,
        localWorkers: [LocalWorker] = [],
        endpoints: HTTPEndpointCaller? = nil,
        bus: BusControl = BusControl(),
        presences: AsyncStream<WorkerPresence>.Continuation? = nil,
        logger: Logger
    ) {
        self.configuration = configuration
        self.localWorkers = localWorkers
        self.endpoints = endpoints
        self.bus = bus
        self.presences = presences
        self.logger = logger
    }

    /// Listens until the task is cancelled; then tells every worker goodbye and ends.
    ///
    /// - Parameter whenListening: called once with the address, as soon as it accepts connections.
    /// - Throws: `EngineError` where the address cannot be had.
    package func run(whenListening: @Sendable (ListenAddress) -> Void = { _ in }) async throws {
        try await run { addresses in
            if let first = addresses.first { whenListening(first) }
        }
    }

    /// The same, telling the addresses of all listeners in their order.
    package func run(whenAllListen: @Sendable ([ListenAddress]) -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.eventLoops)
        let result: Result<Void, any Error>
        do {
            try await serve(on: group, whenAllListen)
            result = .success(())
        } catch { result = .failure(error) }
        try await group.shutdownGracefully()
        try result.get()
    }

    private func serve(
        on group: MultiThreadedEventLoopGroup,
        _ whenAllListen: @Sendable ([ListenAddress]) -> Void
    ) async throws {
        let (calls, continuation) = AsyncStream.makeStream(of: LocalCall.self)
        let switchboard = makeSwitchboard(group, continuation)
        let connections = ConnectionCount(limit: configuration.limits.connections)
        var listeners: [any Channel] = []
        var addresses: [ListenAddress] = []
        for wanted in configuration.listeners {
            let listener = try await listen(wanted, on: group, switchboard, connections)
            let address = ListenAddress(host: wanted.host, port: listener.localAddress?.port ?? wanted.port)
            logger.info("engine listens", metadata: ["listen.address": "\(address)"])
            listener.closeFuture.whenComplete { _ in continuation.finish() }
            listeners.append(listener)
            addresses.append(address)
        }
        bus.open(switchboard, adoption(on: group, switchboard, connections))
        defer { bus.close() }
        whenAllListen(addresses)
        await withTaskCancellationHandler {
            await answer(calls, switchboard)
        } onCancel: {
            continuation.finish()
        }
        for listener in listeners { try? await listener.close() }
        switchboard.closeAll()
        await connections.drained(within: .seconds(2), on: group)
        logger.info("engine stopped")
    }

    private func makeSwitchboard(
        _ group: MultiThreadedEventLoopGroup,
        _ localCalls: AsyncStream<LocalCall>.Continuation
    ) -> Switchboard {
        let now: @Sendable () -> Int64 = { HostClock.unixMilliseconds }
        let hub = Hub(
            limits: configuration.limits,
            version: configuration.version,
            startedAt: now(),
            localWorkers: localWorkers,
            endpoints: endpoints,
            budgets: bus.budgets,
            now: { HostClock.unixNanoseconds },
            makeID: { UUIDText.random() }
        )
        return Switchboard(
            hub: hub,
            channels: ChannelBoard(limits: configuration.limits, group: group),
            group: group,
            logger: logger,
            now: now,
            localCalls: localCalls,
            presences: presences
        )
    }

    // MARK: Local functions

    /// Runs calls of the engine's own process until the stream ends, then cancels what still runs.
    private func answer(_ calls: AsyncStream<LocalCall>, _ switchboard: Switchboard) async {
        await withDiscardingTaskGroup { group in
            for work in localWorkers.compactMap(\.background) { group.addTask { await work() } }
            for events in localWorkers.compactMap(\.events) {
                group.addTask { for await event in events { switchboard.receive(.localEvent(event)) } }
            }
            for await call in calls {
                group.addTask {
                    let outcome = await Self.outcome(of: call)
                    switchboard.receive(.localResult(callID: call.callID, outcome))
                }
            }
            group.cancelAll()
        }
    }

    private static func outcome(of call: LocalCall) async -> InvocationResult.Outcome {
        do { return .success(try await call.handler(call)) } catch let failure as CallFailure {
            return .failure(failure.json)
        } catch { return .failure(CallFailure(code: "invocation_failed", message: error.words).json) }
    }

    // MARK: Listening

    private func routes(_ switchboard: Switchboard, _ listener: ListenerConfiguration) -> EngineRoutes {
        EngineRoutes(
            switchboard: switchboard,
            limits: configuration.limits,
            allowedOrigins: configuration.allowedOrigins,
            listener: listener,
            bus: bus
        )
    }

    /// How connections out of sandboxes are served: as if they came to the first listener.
    private func adoption(
        on group: MultiThreadedEventLoopGroup,
        _ switchboard: Switchboard,
        _ connections: ConnectionCount
    ) -> BusControl.Adoption {
        let routes = routes(switchboard, configuration.listeners.first ?? ListenerConfiguration())
        return { socket, worker in
            var own = routes
            own.worker = worker
            let webSockets = own.webSockets
            let budget = bus.budgets.budget(of: .worker(worker))
            ClientBootstrap(group: group)
                .channelOption(.writeBufferWaterMark, value: .init(low: 128 << 10, high: 512 << 10))
                .channelInitializer { channel in
                    guard connections.add(channel) else { return channel.close() }
                    if let budget {
                        guard budget.take(WorkerBudgets.connection) else { return channel.close() }
                        channel.closeFuture.whenComplete { _ in budget.give(WorkerBudgets.connection) }
                    }
                    return channel.serveWebSockets(webSockets)
                }
                .withConnectedSocket(socket)
                .whenFailure { error in
                    logger.warning("connection of a sandbox cannot be served", metadata: ["error": "\(error)"])
                }
        }
    }

    private func listen(
        _ listener: ListenerConfiguration,
        on group: MultiThreadedEventLoopGroup,
        _ switchboard: Switchboard,
        _ connections: ConnectionCount
    ) async throws -> any Channel {
        let routes = routes(switchboard, listener).webSockets
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 128 << 10, high: 512 << 10))
            .childChannelInitializer { channel in
                guard connections.add(channel) else { return channel.close() }
                return channel.serveWebSockets(routes)
            }
        let wanted = ListenAddress(host: listener.host, port: listener.port)
        for attempt in 1... {
            do { return try await bootstrap.bind(host: wanted.host, port: wanted.port).get() } catch let error
                as IOError
                where error.errnoCode == EADDRINUSE
            {
                guard attempt < configuration.listenAttempts else { throw EngineError.addressInUse(wanted) }
                try await Task.sleep(for: .milliseconds(200))
            } catch { throw EngineError.cannotListen(wanted, error) }
        }
        throw EngineError.addressInUse(wanted)
    }
}
