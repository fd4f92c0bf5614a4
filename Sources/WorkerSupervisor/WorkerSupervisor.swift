// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import Sandboxing
import SystemPackage
package import WorkerModel

/// Keeps running what a project declares.
///
/// Each worker has a task of its own that starts it, waits for its end and starts it again; whoever replaces or stops a
/// worker cancels that task, and the next one waits for its end. `shutDown()` must be called before the last reference
/// goes.
package actor WorkerSupervisor {
    /// From the request to end to the kill.
    package static let grace = Duration.seconds(5)

    private struct Worker {
        var declaration: WorkerDeclaration
        var status: WorkerStatus
        let log: WorkerLog
        /// Asked for by hand when it was started last; it comes before what its entry says.
        var isolation: IsolationTier?
        /// Counts the tasks of the worker: what an earlier one says is not heard.
        var generation = 0
        var task: Task<Void, Never>?
        /// What runs, between its start and its end.
        var run: (any WorkerRun)?
        /// Whether it has connected to the engine since it was started.
        var isConnected = false
    }

    /// How a run ended.
    private enum RunEnd: Sendable, Hashable {
        case ended(String)
        /// It was stopped because its source changed.
        case replaced
    }

    private struct Waiter {
        let name: WorkerName
        let isReached: @Sendable (WorkerStatus?) -> Bool
        let continuation: CheckedContinuation<WorkerStatus?, Never>
    }

    private let launcher: any WorkerLaunching
    private let folder: ProjectFolder
    private let report: @Sendable (SupervisorEvent) -> Void
    private var workers: [WorkerName: Worker] = [:]
    private var order: [WorkerName] = []
    /// Tasks of workers that were taken out.
    private var leaving: [WorkerName: Task<Void, Never>] = [:]
    private var waiters: [Int: Waiter] = [:]
    private var lastWaiter = 0
    private var isShutDown = false

    package init(
        launcher: any WorkerLaunching,
        folder: ProjectFolder,
        report: @escaping @Sendable (SupervisorEvent) -> Void
    ) {
        self.launcher = launcher
        self.folder = folder
        self.report = report
    }

    // MARK: What is wanted

    /// Starts, stops and replaces what changed; what did not is left alone.
    package func apply(_ wanted: [WorkerDeclaration]) {
        guard !isShutDown else { return }
        let plan = ChangePlan(from: workers.mapValues(\.declaration), to: wanted)
        for name in plan.removed { remove(name) }
        order = wanted.map(\.name)
        for declaration in plan.replaced {
            workers[declaration.name]?.declaration = declaration
            workers[declaration.name]?.isolation = nil
            begin(declaration.name)
        }
        for declaration in plan.added {
            add(declaration)
            begin(declaration.name)
        }
        if !plan.isEmpty { report(.configurationApplied(plan)) }
    }

    private func add(_ declaration: WorkerDeclaration) {
        let log = WorkerLog(folder: folder.logs(of: declaration.name))
        let status = WorkerStatus(
            name: declaration.name,
            kind: declaration.kind,
            version: declaration.version,
            phase: .starting,
            logs: log.folder.string
        )
        workers[declaration.name] = Worker(declaration: declaration, status: status, log: log)
    }

    private func remove(_ name: WorkerName) {
        guard let worker = workers.removeValue(forKey: name) else { return }
        worker.task?.cancel()
        leaving[name] = worker.task
        report(.stopped(name))
        wake()
    }

    // MARK: By request

    /// Starts a worker that does not run; one that waits to be started again is started now.
    ///
    /// `isolation`: until it is started by hand again; nil for what its entry says.
    /// - Throws: `SupervisorError.unknown`, `.alreadyRunning`; `SandboxError` for a tier that cannot be had.
    package func start(_ name: WorkerName, isolation: IsolationTier? = nil) async throws {
        let status = try known(name).status
        if let processID = status.processID { throw SupervisorError.alreadyRunning(name, processID: processID) }
        try await isolate(name, isolation)
        begin(name)
    }

    /// Stops a worker and waits until nothing of it is left.
    ///
    /// - Returns: whether it ran.
    /// - Throws: `SupervisorError.unknown`.
    package func stop(_ name: WorkerName) async throws(SupervisorError) -> Bool {
        let worker = try known(name)
        let hasRun = worker.status.isRunning
        workers[name]?.generation += 1
        change(name) { if $0.isRunning { $0.phase = .stopping } }
        worker.task?.cancel()
        await worker.task?.value
        guard workers[name]?.generation == worker.generation + 1 else { return hasRun }
        change(name) { status in
            status.phase = .stopped
            status.forgetRun()
        }
        report(.stopped(name))
        return hasRun
    }

    /// Stops a worker where it runs, and starts it.
    ///
    /// `isolation`: until it is started by hand again; nil for what its entry says.
    /// - Throws: `SupervisorError.unknown`; `SandboxError` for a tier that cannot be had, and what runs is left alone.
    package func restart(_ name: WorkerName, isolation: IsolationTier? = nil) async throws {
        _ = try known(name)
        try await isolate(name, isolation)
        begin(name)
    }

    private func isolate(_ name: WorkerName, _ isolation: IsolationTier?) async throws {
        try await launcher.check(try known(name).declaration.isolated(in: isolation))
        workers[name]?.isolation = isolation
    }

    /// Ends every worker; returns when nothing of them is left.
    package func shutDown() async {
        isShutDown = true
        let tasks = workers.values.compactMap(\.task) + leaving.values
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        for waiter in waiters.values { waiter.continuation.resume(returning: nil) }
        waiters = [:]
    }

    /// Starts a command beside a worker.
    ///
    /// - Throws: `SupervisorError.unknown`, `ExecRefused`, `SandboxError`.
    package func execute(
        _ name: WorkerName,
        _ request: ExecRequest,
        output: any SandboxOutput
    ) async throws -> any SandboxCommand {
        guard let run = try known(name).run else { throw ExecRefused.notRunning(name) }
        return try await run.execute(request, output: output)
    }

    // MARK: What is

    /// The tier that a worker would be started in, unless another one is asked for; nil for what is not started.
    ///
    /// - Throws: `SupervisorError.unknown`, `SandboxError`.
    package func tier(of name: WorkerName) async throws -> IsolationTier? {
        try await launcher.tier(of: try known(name).declaration)
    }

    /// In the order of `config.yaml`.
    package var statuses: [WorkerStatus] { order.compactMap { workers[$0]?.status } }

    /// - Throws: `SupervisorError.unknown`.
    package func status(of name: WorkerName) throws(SupervisorError) -> WorkerStatus { try known(name).status }

    /// Waits until a worker's status, nil for one that is not declared, is as the caller wants it.
    ///
    /// - Returns: nil also when the supervisor is shut down.
    package func status(
        of name: WorkerName,
        when isReached: @escaping @Sendable (WorkerStatus?) -> Bool
    ) async -> WorkerStatus? {
        let status = workers[name]?.status
        if isReached(status) || isShutDown { return status }
        lastWaiter += 1
        let id = lastWaiter
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { return continuation.resume(returning: nil) }
                waiters[id] = Waiter(name: name, isReached: isReached, continuation: continuation)
            }
        } onCancel: {
            Task { await self.abandon(id) }
        }
    }

    /// Takes note of whether a worker of some name is connected to the engine.
    ///
    /// Whoever connected before a worker was started was another one.
    package func observe(_ name: String, isConnected: Bool) {
        guard let name = try? WorkerName(parsing: name), workers[name] != nil else { return }
        workers[name]?.isConnected = isConnected
        settle(name)
    }

    private func settle(_ name: WorkerName) {
        guard let worker = workers[name] else { return }
        switch worker.status.phase {
        case .booting where worker.isConnected:
            let time = worker.status.startedAt.map { ContinuousClock.now - $0 } ?? .zero
            change(name) { status in
                status.phase = .ready
                if status.readyAfter == nil { status.readyAfter = time }
            }
            if worker.status.readyAfter == nil { report(.ready(name, after: time)) }
        case .ready where !worker.isConnected: change(name) { $0.phase = .booting }
        default: break
        }
    }

    // MARK: One worker

    /// Begins a new task for a worker, after the one it had.
    private func begin(_ name: WorkerName) {
        guard var worker = workers[name], !isShutDown else { return }
        let earlier = worker.task ?? leaving.removeValue(forKey: name)
        earlier?.cancel()
        worker.generation += 1
        let generation = worker.generation
        worker.task = Task {
            await earlier?.value
            await self.keep(name, generation)
        }
        worker.status.kind = worker.declaration.kind
        worker.status.version = worker.declaration.version
        worker.status.restarts = 0
        worker.status.phase = worker.status.isRunning ? .stopping : .starting
        workers[name] = worker
        wake()
    }

    /// Starts a worker, and again when it ends, until the task is cancelled.
    private func keep(_ name: WorkerName, _ generation: Int) async {
        var policy = RestartPolicy()
        while !Task.isCancelled, let worker = workers[name], worker.generation == generation {
            if worker.declaration.content == .builtIn { return change(name, generation) { $0.phase = .builtIn } }
            change(name, generation) { $0.begin() }
            workers[name]?.isConnected = false
            worker.log.beginRun()
            let began = ContinuousClock.now
            var end: String
            let declaration = worker.declaration.isolated(in: worker.isolation)
            // Looked at before it is read: what changes while the worker is being started starts it again.
            let source = launcher.source(of: declaration)
            do {
                let run = try await launcher.start(declaration, log: worker.log)
                change(name, generation) { $0.run(run) }
                report(.started(name, processID: run.processID, run.tier))
                if workers[name]?.generation == generation {
                    workers[name]?.run = run
                    settle(name)
                }
                let how = await Self.end(of: run, source)
                if workers[name]?.generation == generation { workers[name]?.run = nil }
                switch how {
                case .ended(let text): end = text
                case .replaced where !Task.isCancelled:
                    worker.log.mark("stopped, since its source changed")
                    continue
                case .replaced: end = "was stopped"
                }
            } catch let obstacle as WorkerCannotRun {
                change(name, generation) { $0.phase = .waiting(reason: obstacle.reason, remedy: obstacle.remedy) }
                report(.waits(name, reason: obstacle.reason, remedy: obstacle.remedy))
                guard await source?.changed() ?? false else { return }
                continue
            } catch {
                end = "could not be started: \(error.words)"
            }
            if Task.isCancelled {
                worker.log.mark("stopped")
                change(name) { $0.processID = nil }
                return
            }
            let decision = policy.ended(after: ContinuousClock.now - began)
            change(name, generation) { $0.crash(end, decision, worker.log) }
            worker.log.mark(end)
            let pause: Duration? = if case .restart(let pause) = decision { pause } else { nil }
            let (lines, reason) = (worker.log.lastLines, worker.log.lastReason)
            report(.crashed(name, how: end, reason: reason, restartAfter: pause, lastLines: lines))
            // Cancelled when it is stopped or started by hand. Who mends the source need not do that.
            let isMended = await Self.waits(pause, or: source)
            if isMended { policy = RestartPolicy() }
            if pause == nil, !isMended { return }
        }
    }

    /// Waits for a time, nil for ever, or until a source has changed: whether it has.
    private static func waits(_ pause: Duration?, or source: WatchedSource?) async -> Bool {
        if pause == nil, source == nil { return false }
        return await withTaskGroup(of: Bool.self) { group in
            if let pause {
                group.addTask {
                    try? await Task.sleep(for: pause)
                    return false
                }
            }
            if let source { group.addTask { await source.changed() } }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    /// Waits for the end of a run, which the cancellation of the task brings about.
    private static func end(of run: any WorkerRun, _ source: WatchedSource?) async -> RunEnd {
        await withTaskGroup(of: RunEnd?.self) { group in
            group.addTask { .ended(await run.exit()) }
            group.addTask {
                try? await Task.sleep(for: .seconds(1 << 40))
                // A task of its own: in a cancelled one no time would pass between the request to end and the kill, nor
                // would there be a kill.
                await Task { await run.stop(grace: grace) }.value
                return nil
            }
            if let source {
                group.addTask {
                    guard await source.changed() else { return nil }
                    await run.stop(grace: grace)
                    return .replaced
                }
            }
            var end: RunEnd?
            while let next = await group.next() {
                guard let next else { continue }
                // The one that waits for changes may have brought the end about: it says so before or after this.
                if end == nil || next == .replaced { end = next }
                group.cancelAll()
            }
            return end ?? .ended("ended")
        }
    }

    // MARK: Changes of status

    private func change(
        _ name: WorkerName,
        _ generation: Int? = nil,
        _ body: (inout WorkerStatus) -> Void
    ) {
        guard let worker = workers[name], generation == nil || worker.generation == generation else { return }
        body(&workers[name, default: worker].status)
        wake()
    }

    private func wake() {
        for (id, waiter) in waiters {
            let status = workers[waiter.name]?.status
            guard waiter.isReached(status) else { continue }
            waiters[id] = nil
            waiter.continuation.resume(returning: status)
        }
    }

    private func abandon(_ id: Int) { waiters.removeValue(forKey: id)?.continuation.resume(returning: nil) }

    private func known(_ name: WorkerName) throws(SupervisorError) -> Worker {
        guard let worker = workers[name] else { throw .unknown(name) }
        return worker
    }
}
