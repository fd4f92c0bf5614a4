// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Commands
import Diagnostics
import Engine
import EngineClient
import EngineProtocol
import GuestChannel
import HostSystem
import Logging
import ProjectFiles
import Sandboxing
import Synchronization
import SystemPackage
import Transport
import WorkerConfigurations
import WorkerModel
import WorkerSupervisor

/// The engine of a project with its supervisor, put together.
final class RunningProject: Sendable {
    private let folder: ProjectFolder
    private let reader: DeclaredProjectReader
    private let printer: Printer
    private let rendering: SupervisorRendering
    private let supervisor: WorkerSupervisor
    private let server: EngineServer
    private let address: AddressBox
    private let presences: AsyncStream<WorkerPresence>
    private let bus: BusControl
    private let settings: MachineSettings

    init(
        context: CommandContext,
        folder: ProjectFolder,
        reader: DeclaredProjectReader,
        configuration: EngineConfiguration,
        transport: any Transport
    ) throws {
        self.folder = folder
        self.reader = reader
        printer = context.printer
        let rendering = SupervisorRendering(context.printer)
        self.rendering = rendering
        let (presences, presence) = AsyncStream.makeStream(of: WorkerPresence.self)
        self.presences = presences
        let address = AddressBox(EngineAddress(host: configuration.host, port: configuration.port))
        let bus = BusControl()
        self.bus = bus
        let settings = try MachineSettings(try IIIHome(context.environment))
        self.settings = settings
        let permitsAllCalls = settings.permitsAllCalls
        let launcher = WorkerLauncher(
            folder: folder,
            environment: context.environment,
            engine: { address.reachable },
            sandboxes: Sandboxes.live(context.environment),
            images: try ImageShelf(home: IIIHome(context.environment), host: context.host),
            machineMinimum: settings.minimumIsolation,
            bus: bus
        )
        let events = WorkerEvents(now: { HostClock.unixMilliseconds })
        let supervisor = WorkerSupervisor(launcher: launcher, folder: folder) { event in
            rendering.receive(event)
            if case .configurationApplied(let plan) = event { events.filesChanged(plan) }
        }
        self.supervisor = supervisor
        self.address = address
        let functions = WorkerFunctions(
            context: context,
            project: folder.project,
            supervisor: supervisor,
            events: events,
            record: { name in WorkerCalls(bus.record(of: name.description)) },
            reload: {
                let declared = try await reader.read()
                bus.apply(BusRights(declared, isPermissive: permitsAllCalls))
                await supervisor.apply(declared.workers)
            }
        )
        server = EngineServer(
            configuration,
            localWorkers: [
                functions.localWorker,
                ConfigurationWorker(folder: folder.project.folder.appending("config")) {
                    context.environment.variables[$0]
                }.localWorker,
            ],
            endpoints: HTTPEndpointCaller(transport: transport) { context.environment.variables[$0] },
            bus: bus,
            presences: presence,
            logger: Logger(label: "engine") { _ in TalkLog(printer: context.printer) }
        )
    }

    /// Runs until the task is cancelled.
    func run(_ declared: DeclaredProject) async throws {
        bus.apply(BusRights(declared, isPermissive: settings.permitsAllCalls))
        let (addresses, listening) = AsyncStream.makeStream(of: ListenAddress.self)
        // It is ended after the workers, so that these are not cut off first.
        let server = Task { [server] in
            defer { listening.finish() }
            try await server.run { listening.yield($0) }
        }
        defer { server.cancel() }
        for await address in addresses {
            let engine = EngineAddress(host: address.host, port: address.port)
            self.address.value = engine
            try EngineRecord(processID: HostProcess.identifier, host: self.address.reachable.host, port: engine.port)
                .write(to: folder)
            printer.result("listening on \(engine.url)")
            await supervise(declared)
            // Without the record nobody looks for an engine here.
            try? HostFiles.removeFile(folder.engineFile)
        }
        // Also where the end was asked for before anybody knew the address.
        server.cancel()
        try await server.value
    }

    /// Keeps the workers running until the task is cancelled, and then ends them.
    private func supervise(_ declared: DeclaredProject) async {
        if settings.permitsAllCalls {
            printer.say("warning: workers may call everything (`isolation: calls: permissive` in settings.yaml)")
        }
        await supervisor.apply(declared.workers)
        await withDiscardingTaskGroup { group in
            group.addTask { await self.followConnections() }
            group.addTask { await self.followFiles(since: declared) }
            group.addTask { await self.serveCommands() }
        }
        await supervisor.shutDown()
    }

    /// Lets `iii worker exec` run commands beside workers.
    private func serveCommands() async {
        let server = ExecServer(path: folder.execSocket) { [supervisor] question, output in
            try await supervisor.execute(question.worker, question.request, output: output)
        }
        do { try await server.run() } catch is CancellationError {} catch {
            printer.say("warning: `iii worker exec` does not work: \(error.words.printable)")
        }
        try? HostFiles.removeFile(folder.execSocket)
    }

    private func followFiles(since start: DeclaredProject) async {
        do {
            // What changed between the first reading and now is found by reading once more.
            let watch = try ProjectWatch(folder.project)
            await readAgain(since: start)
            await watch.run { await self.readAgain(since: start) }
        } catch {
            printer.say("warning: changes of config.yaml are not followed: \(error.words.printable)")
            await Task.untilCancelled()
        }
    }

    private func readAgain(since start: DeclaredProject) async {
        do {
            let declared = try await reader.read()
            // Somebody is about to write it, or has lost it.
            if declared.saysNothing, !start.workers.isEmpty { throw EmptyConfiguration(folder.project) }
            rendering.isWell(settings.oversights + declared.oversights + declared.pending(since: start))
            bus.apply(BusRights(declared, isPermissive: settings.permitsAllCalls))
            await supervisor.apply(declared.workers)
        } catch {
            if !(error is CancellationError) { rendering.receive(.configurationBroken(error)) }
        }
    }

    /// Tells the supervisor who is connected, whenever that changes.
    private func followConnections() async {
        for await presence in presences {
            await supervisor.observe(presence.name, isConnected: presence.isConnected)
        }
    }
}

/// The address that an engine turned out to listen on.
private final class AddressBox: Sendable {
    private let state: Mutex<EngineAddress>

    init(_ address: EngineAddress) { state = Mutex(address) }

    var value: EngineAddress {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    /// Where processes of this machine find it: an engine that listens everywhere is found on loopback.
    var reachableEngine: EngineAddress {
        let address = value
        switch address.host {
        case "0.0.0.0": return EngineAddress(host: "127.0.0.1", port: address.port)
        case "::": return EngineAddress(host: "::1", port: address.port)
        default: return address
        }
    }

    var reachable: NetworkAddress {
        let address = reachableEngine
        return NetworkAddress(host: address.host, port: UInt16(clamping: address.port))
    }
}

extension Task where Success == Never, Failure == Never {
    /// Waits for the cancellation of the current task.
    fileprivate static func untilCancelled() async {
        let (never, _) = AsyncStream.makeStream(of: Void.self)
        for await _ in never {}
    }
}

extension BusRights {
    fileprivate init(_ declared: DeclaredProject, isPermissive: Bool) {
        let workers = declared.rights.map { name, rights in
            let worker = Worker(
                dependencies: Set(rights.dependencies.map(\.description)),
                grants: rights.grants,
                network: rights.network,
                variables: rights.variables
            )
            return (name.description, worker)
        }
        self.init(Dictionary(uniqueKeysWithValues: workers), isPermissive: isPermissive)
    }
}

extension WorkerCalls {
    fileprivate init(_ record: BusRecord) {
        self.init(record.functions.mapValues { WorkerCalls.Count(calls: $0.calls, refused: $0.refused) })
    }
}
