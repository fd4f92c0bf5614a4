// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Commands
import Engine
import EngineClient
import HostSystem
import Logging
import SystemPackage
import WorkerConfigurations
import WorkerModel
import WorkerOperations

/// An engine for one worker, which nobody else finds: it listens on a port that only the worker is told.
struct PrivateEngine: WorkerBooting {
    func boot(
        _ worker: BootableWorker,
        _ request: BootRequest,
        in context: CommandContext
    ) async throws -> WorkerInterface {
        let (addresses, listening) = AsyncStream.makeStream(of: ListenAddress.self)
        let bus = BusControl()
        let server = server(for: worker, bus, context)
        return try await withThrowingTaskGroup(of: WorkerInterface?.self) { group in
            group.addTask {
                defer { listening.finish() }
                try await server.run { listening.yield($0) }
                return nil
            }
            group.addTask {
                for await address in addresses {
                    let engine = EngineAddress(host: address.host, port: address.port)
                    return try await BootedWorker(
                        worker: worker,
                        request: request,
                        context: context,
                        engine: engine,
                        bus: bus
                    )
                    .interface()
                }
                return nil
            }
            defer { group.cancelAll() }
            while let outcome = try await group.next() { if let interface = outcome { return interface } }
            throw CancellationError()
        }
    }

    private func server(for worker: BootableWorker, _ bus: BusControl, _ context: CommandContext) -> EngineServer {
        var configuration = EngineConfiguration(version: ProgramVersion.text)
        (configuration.host, configuration.port) = ("127.0.0.1", 0)
        let configurations = ConfigurationWorker(folder: worker.scratch.appending("config")) { name in
            context.environment.variables[name]
        }
        return EngineServer(
            configuration,
            localWorkers: [configurations.localWorker],
            bus: bus,
            logger: Logger(label: "engine") { _ in TalkLog(printer: context.printer) }
        )
    }
}
