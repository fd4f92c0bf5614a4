// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Commands
import Diagnostics
import EngineClient
import EngineProtocol
import HostSystem
import JSONText
import ProjectFiles
import Sandboxing
import Synchronization
import SystemPackage
import WorkerModel
import WorkerOperations
import WorkerSupervisor

/// A worker that runs for as long as it takes to hear what it registers.
struct BootedWorker: Sendable {
    let worker: BootableWorker
    let request: BootRequest
    let context: CommandContext
    let engine: EngineAddress
    let bus: any WorkerBus

    /// How often the engine is asked.
    private static let interval = Duration.milliseconds(100)

    /// How far the worker came.
    private enum Progress {
        case started, connected, registering
    }

    private final class Course: Sendable {
        let progress = Mutex(Progress.started)
    }

    /// Starts the worker, and stops it when it has told.
    ///
    /// - Throws: `BootError`.
    func interface() async throws -> WorkerInterface {
        let log = WorkerLog(folder: worker.scratch.appending("logs"))
        let run: any WorkerRun
        do { run = try await launcher().start(declaration, log: log) } catch let obstacle as WorkerCannotRun {
            throw BootError.cannotStart(worker.name, reason: obstacle.reason, remedy: obstacle.remedy)
        }
        let course = Course()
        return try await withThrowingTaskGroup(of: WorkerInterface.self) { group in
            group.addTask {
                let how = await run.exit()
                try Task.checkCancellation()
                throw BootError.ended(worker.name, how: how, lastLines: log.lastLines)
            }
            group.addTask {
                try await Task.sleep(for: request.timeout)
                throw late(course.progress.withLock { $0 }, log.lastLines)
            }
            group.addTask { try await listen { now in course.progress.withLock { $0 = now } } }
            let outcome = await group.nextResult()
            group.cancelAll()
            await run.stop(grace: WorkerSupervisor.grace)
            guard let outcome else { throw CancellationError() }
            return try outcome.get()
        }
    }

    private func late(_ progress: Progress, _ lines: [String]) -> BootError {
        switch progress {
        case .started: .notConnected(worker.name, after: request.timeout, lastLines: lines)
        case .connected: .nothingRegistered(worker.name, after: request.timeout, lastLines: lines)
        case .registering: .notSettled(worker.name, after: request.timeout)
        }
    }

    // MARK: Starting

    private var declaration: WorkerDeclaration {
        let content: WorkerDeclaration.Content =
            switch worker.content {
            case .bundle(let tree): .bundle(tree)
            case .executable(let path): .executable(path)
            case .image(let reference): .image(reference)
            }
        return WorkerDeclaration(
            name: worker.name,
            content: content,
            version: worker.version.description,
            config: worker.config,
            network: request.allowed
        )
    }

    private func launcher() throws -> WorkerLauncher {
        let project = Project(configPath: worker.scratch.appending("config.yaml"))
        let folder = ProjectFolder(project, in: IIIHome(root: worker.scratch))
        try folder.make()
        let address = NetworkAddress(host: engine.host, port: UInt16(clamping: engine.port))
        return WorkerLauncher(
            folder: folder,
            environment: context.environment,
            engine: { address },
            sandboxes: Sandboxes.live(context.environment),
            images: try ImageShelf(home: IIIHome(context.environment), host: context.host),
            machineMinimum: try MachineSettings(try IIIHome(context.environment)).minimumIsolation,
            bus: bus
        )
    }

    // MARK: Listening

    /// Waits until the worker has registered all that it is going to, and gives it.
    ///
    /// Nothing says that a worker is done. It counts as done when nothing was added for half as long as it took to come, so
    /// that a slow machine gets more time, and for a second at least.
    private func listen(_ tell: (Progress) -> Void) async throws -> WorkerInterface {
        let began = ContinuousClock.now
        var heard: (offer: [JSONValue?], at: ContinuousClock.Instant, pause: Duration)?
        while true {
            try await Task.sleep(for: Self.interval)
            guard let identity = try await identity() else { continue }
            let info = try await call("engine::workers::info", ["name": .string(identity)])
            let offer = [info["functions"], info["trigger_types"]]
            if offer.allSatisfy({ $0 == nil || $0 == .array([]) }) {
                tell(.connected)
                continue
            }
            tell(.registering)
            let now = ContinuousClock.now
            guard let before = heard, before.offer == offer else {
                let pause = heard?.pause ?? min(max((now - began) / 2, .seconds(1)), .seconds(10))
                heard = (offer, now, pause)
                continue
            }
            if now - before.at >= before.pause {
                return try await WorkerInterface.collect(of: worker.name, as: identity, call)
            }
        }
    }

    /// How the engine calls the worker, nil where it is not there: by its name, or else whoever else came.
    private func identity() async throws -> String? {
        let answer = try await call("engine::workers::list", .emptyObject)
        guard case .array(let rows)? = answer["workers"] else { return nil }
        let others = rows.filter { $0["runtime"] != "engine" }
        let own = others.first { $0["name"] == .string(worker.name.description) }
        guard case .string(let id)? = (own ?? others.first)?["id"] else { return nil }
        return id
    }

    private func call(_ function: String, _ payload: JSONValue) async throws -> JSONValue {
        let client = EngineClient(engine)
        return try await client.call(function: function, payload: RawJSON(payload))?.value() ?? .null
    }
}
