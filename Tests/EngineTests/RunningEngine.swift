// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineClient
import EngineProtocol
import JSONText
import Logging

@testable import Engine

/// Runs `body` with an engine on a free port of this machine, which is stopped afterwards.
func withEngine<Result: Sendable>(
    port: Int = 0,
    localWorkers: [LocalWorker] = [],
    endpoints: HTTPEndpointCaller? = nil,
    _ change: (inout EngineLimits) -> Void = { _ in },
    _ body: @escaping @Sendable (ListenAddress) async throws -> Result
) async throws -> Result {
    var configuration = EngineConfiguration(version: "1.2.3")
    configuration.port = port
    change(&configuration.limits)
    return try await withEngine(configuration, localWorkers: localWorkers, endpoints: endpoints) { addresses in
        try await body(addresses[0])
    }
}

/// Runs `body` with an engine on the listeners of a configuration, which is stopped afterwards.
func withEngine<Result: Sendable>(
    _ configuration: EngineConfiguration,
    localWorkers: [LocalWorker] = [],
    endpoints: HTTPEndpointCaller? = nil,
    bus: BusControl = BusControl(),
    _ body: @escaping @Sendable ([ListenAddress]) async throws -> Result
) async throws -> Result {
    let server = EngineServer(
        configuration,
        localWorkers: localWorkers,
        endpoints: endpoints,
        bus: bus,
        logger: Logger(label: "engine") { _ in SwiftLogNoOpLogHandler() }
    )
    let (addresses, continuation) = AsyncStream.makeStream(of: [ListenAddress].self)
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            defer { continuation.finish() }
            try await server.run(whenAllListen: { continuation.yield($0) })
            return nil
        }
        group.addTask {
            for await address in addresses { return try await body(address) }
            throw NoEngine()
        }
        defer { group.cancelAll() }
        while let result = try await group.next() {
            if let result { return result }
        }
        throw NoEngine()
    }
}

struct NoEngine: Error {}
