// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Commands
import Diagnostics
import Engine
import EngineClient
import HostSystem
import JSONText
import ProjectFiles
import SystemPackage
import WorkerModel
import WorkerSupervisor

/// Runs a project: the engine, and the workers that it declares.
struct RunProject: Sendable {
    private let context: CommandContext
    private let project: Project
    private let listen: EngineAddress?
    private let isInsecure: Bool

    init(context: CommandContext, listen: EngineAddress?, config: String?, isInsecure: Bool) throws {
        self.isInsecure = isInsecure
        self.context = context
        self.listen = listen
        if let config {
            project = Project(configPath: context.environment.absolute(config))
            guard try HostFiles.kind(of: project.configPath) != nil else { throw NoConfigFile(project.configPath) }
        } else {
            project = try Project.find(context.environment) ?? .beginning(in: context.environment)
        }
    }

    /// Runs until the task is cancelled; then ends the workers, and after them the engine.
    func run() async throws {
        try begin()
        let folder = ProjectFolder(project, in: try IIIHome(context.environment))
        try folder.make()
        let lock = try await takeOver(folder)
        defer { lock.release() }
        let reader = DeclaredProjectReader(
            project: project,
            home: try IIIHome(context.environment),
            host: context.host,
            environment: context.environment
        )
        let declared = try await reader.read()
        try await context.withTransport { transport in
            let run = try RunningProject(
                context: context,
                folder: folder,
                reader: reader,
                configuration: try configuration(declared),
                transport: transport
            )
            try await run.run(declared)
        }
    }

    /// Makes the file of a project that has none; who sits at a terminal is asked first, since the folder may be a wrong one.
    private func begin() throws {
        guard try HostFiles.kind(of: project.configPath) == nil else { return }
        if context.printer.canAsk {
            context.printer.say("no config.yaml here or above. Begin a project in \(project.folder)? [Y/n]")
            let answer = readLine()?.lowercased()
            guard let answer, ["", "y", "yes"].contains(answer) else { throw CancellationError() }
        }
        try HostFiles.writeNew(Array(ConfigFile.starter.utf8), to: project.configPath, mode: 0o644)
        context.printer.say("began a project: wrote \(project.configPath)")
    }

    /// Makes sure that this is the one engine of the project.
    ///
    /// - Throws: `SupervisorError.engineRuns`.
    private func takeOver(_ folder: ProjectFolder) async throws -> FileLock {
        do { return try await FileLock.acquire(folder.engineLock, waitingUpTo: .seconds(1)) } catch let busy
            as FileLockBusy
        {
            throw SupervisorError.engineRuns(processID: busy.holder?.processID)
        }
    }

    private func configuration(_ declared: DeclaredProject) throws -> EngineConfiguration {
        var configuration = EngineConfiguration(version: ProgramVersion.text)
        if !declared.listeners.isEmpty {
            configuration.listeners = try declared.listeners.map { listener in
                try ListenerConfiguration(parsing: JSONCursor(listener, path: "iii-worker-manager"))
            }
        }
        if let listen { (configuration.host, configuration.port) = (listen.host, listen.port) }
        if let token = context.environment[.token], !token.isEmpty {
            for index in configuration.listeners.indices where configuration.listeners[index].isOpenToNetwork {
                configuration.listeners[index].token = token
            }
        }
        try expectGuarded(configuration.listeners)
        if let text = context.environment[.namespaceGrace], let grace = Int(text) {
            configuration.limits.namespaceGrace = .milliseconds(grace)
        } else if let grace = declared.namespaceGrace {
            configuration.limits.namespaceGrace = grace
        }
        return configuration
    }

    /// - Throws: `OpenListener`.
    private func expectGuarded(_ listeners: [ListenerConfiguration]) throws {
        for listener in listeners where listener.isOpenToNetwork {
            let address = ListenAddress(host: listener.host, port: listener.port)
            guard isInsecure else { throw OpenListener(address: address) }
            context.printer.say(
                "warning: anybody who reaches `\(address)` may connect and call workers: it has neither rules nor a token"
            )
        }
    }
}

/// A file that was named after `--config` is not there.
///
/// W130: who names a file has one, so none is made.
struct NoConfigFile: CodedError {
    let path: FilePath
    /// Files beside it that may have been meant.
    private let neighbours: [String]

    init(_ path: FilePath) {
        self.path = path
        // A folder that cannot be read has no names to offer.
        let entries = (try? HostFiles.entries(of: path.removingLastComponent())) ?? []
        neighbours = entries.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
    }

    var code: ErrorCode { .configIO }
    var message: String { "`\(path.string.printable)` is not there" }
    var hints: [String] {
        let name = path.lastComponent?.string ?? ""
        return [
            Likeness.hint(for: name, among: neighbours)
                ?? "`iii` without `--config` begins a project where there is none"
        ]
    }
}
