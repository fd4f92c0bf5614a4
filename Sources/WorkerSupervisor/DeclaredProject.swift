// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArtifactStore
package import Diagnostics
package import HostSystem
package import JSONText
import Manifests
package import ProjectFiles
import Sandboxing
import SystemPackage
package import WorkerModel

/// What a project's files say to the engine that runs it.
package struct DeclaredProject: Sendable {
    /// In the order of `config.yaml`.
    package let workers: [WorkerDeclaration]
    /// Of every worker that `config.yaml` or `iii.lock` names.
    package let rights: [WorkerName: WorkerRights]
    /// The `config:` blocks of the entries `iii-worker-manager`, in their order: where the engine listens.
    package let listeners: [JSONValue]
    /// `registration_namespace_grace_ms:`.
    package let namespaceGrace: Duration?
    /// What `config.yaml` says in vain.
    package let oversights: [String]
    /// Whether `config.yaml` is empty, as while somebody saves it.
    package let saysNothing: Bool

    /// What has changed since an engine was started and is taken up by its next start only.
    package func pending(since start: DeclaredProject) -> [String] {
        var pending: [String] = []
        if listeners != start.listeners { pending.append("`iii-worker-manager`") }
        if namespaceGrace != start.namespaceGrace { pending.append("`registration_namespace_grace_ms`") }
        return pending.map { "\($0) counts from the next start of the engine on" }
    }
}

/// Reads what a project declares, with the bytes that stand for it on this machine.
package struct DeclaredProjectReader: Sendable {
    private static let listenerName = "iii-worker-manager"

    private let project: Project
    private let home: IIIHome
    private let host: TargetTriple?
    private let environment: HostEnvironment

    package init(project: Project, home: IIIHome, host: TargetTriple?, environment: HostEnvironment) {
        self.project = project
        self.home = home
        self.host = host
        self.environment = environment
    }

    /// Reads both files as one command has left them, finishing a commit that was interrupted.
    ///
    /// - Throws: `ProjectError`, `SandboxError` and `NetworkAddressError` for what an entry says.
    package func read() async throws -> DeclaredProject {
        // A folder that nobody may write to has no half-finished commit either.
        let locked = try? await project.lock(waitingUpTo: .seconds(5))
        defer { locked?.release() }
        guard let config = try project.readConfig(filling: { environment.variables[$0] }) else {
            throw NoConfiguration(path: project.configPath.string)
        }
        return try declared(config, try project.readLockfile() ?? Lockfile())
    }

    private func declared(_ config: ConfigFile, _ lock: Lockfile) throws -> DeclaredProject {
        var seen: Set<WorkerName> = []
        var workers: [WorkerDeclaration] = []
        for entry in config.entries where seen.insert(entry.name).inserted {
            workers.append(try declaration(of: entry, lock.workers[entry.name]))
        }
        return DeclaredProject(
            workers: workers,
            rights: try rights(config, workers, lock),
            listeners: config.entries.filter { $0.name.description == Self.listenerName }
                .map { $0.config ?? .emptyObject },
            namespaceGrace: config.namespaceGraceMilliseconds.map { .milliseconds($0) },
            oversights: config.oversights,
            saysNothing: config.saysNothing
        )
    }

    private func rights(
        _ config: ConfigFile,
        _ declared: [WorkerDeclaration],
        _ lock: Lockfile
    ) throws -> [WorkerName: WorkerRights] {
        var result: [WorkerName: WorkerRights] = [:]
        for (name, locked) in lock.workers {
            result[name, default: WorkerRights()].dependencies = Set(locked.dependencies.keys)
        }
        for declaration in declared {
            guard let entry = config[declaration.name] else { continue }
            for grant in entry.mayCall.grants {
                // A tier that is misspelt would be none at all.
                _ = try grant.isolation.map { try IsolationTier(parsing: $0, in: "`may_call` of `\(entry.name)`") }
            }
            var rights = result[entry.name] ?? WorkerRights()
            rights.grants = entry.mayCall
            rights.network = declaration.network
            rights.variables = Set(entry.variables)
            if let needed = dependencies(of: declaration.content) { rights.dependencies = needed }
            result[entry.name] = rights
        }
        return result
    }

    /// What the manifest says that lies with a worker's files; nil where there is none that can be read.
    private func dependencies(of content: WorkerDeclaration.Content) -> Set<WorkerName>? {
        let folder: FilePath
        switch content {
        case .bundle(let path), .folder(let path): folder = path
        case .builtIn, .executable, .image, .nothing: return nil
        }
        // What is wrong with it is told where the worker is started.
        let path = folder.appending(WorkerManifest.fileName)
        guard let bytes = try? HostFiles.read(path, upTo: WorkerManifest.maximumSize),
            let manifest = try? WorkerManifest(parsing: bytes)
        else { return nil }
        return Set(manifest.dependencies.map(\.name))
    }

    private func declaration(of entry: ConfigEntry, _ locked: LockedWorker?) throws -> WorkerDeclaration {
        var declaration = WorkerDeclaration(name: entry.name, content: try content(of: entry, locked))
        declaration.version = locked?.version.description
        declaration.config = entry.config
        let place = "the entry of `\(entry.name)`"
        declaration.isolation = try entry.isolation.map { try IsolationTier(parsing: $0, in: place) }
        declaration.keepsWrites = entry.keepsWrites
        declaration.opensInstalls = entry.opensInstalls
        declaration.network = try entry.allowedAddresses.map { try NetworkAddress(parsing: $0) }
        return declaration
    }

    private func content(of entry: ConfigEntry, _ locked: LockedWorker?) throws -> WorkerDeclaration.Content {
        switch entry.source {
        case .path(let path): return .folder(path.hasPrefix("/") ? FilePath(path) : folder(path))
        case .image(let reference):
            // The lock file says which bytes the reference means.
            if case .image(let pinned) = locked?.source { return .image(pinned) }
            return reference.contains("@") ? .image(reference) : notInstalled(entry.name, adding: reference)
        case .named: break
        }
        if BuiltinWorkers.own.contains(entry.name.description) { return .builtIn }
        guard let locked else { return try unlockedContent(of: entry.name) }
        switch locked.source {
        case .engine:
            return .nothing(reason: BuiltinWorkers.absence, remedy: nil)
        case .image(let reference): return .image(reference)
        case .bundle, .binary: break
        }
        guard let key = ArtifactKey(of: entry.name, locked, on: host) else {
            return .nothing(reason: "it was not built for this platform", remedy: nil)
        }
        let store = ArtifactStore(home: home)
        guard try store.contains(key) else {
            return .nothing(reason: "it is not installed", remedy: "iii worker sync")
        }
        return store.executable(of: key).map { .executable($0) } ?? .bundle(store.tree(of: key))
    }

    /// What lies at the customary places under a name that the lock file does not know.
    private func unlockedContent(of name: WorkerName) throws -> WorkerDeclaration.Content {
        let executable = home.workers.appending(name.description)
        if let path = try? HostFiles.canonical(executable) { return .executable(path) }
        if let tree = try? HostFiles.canonical(home.workersBundle.appending(name.description)) { return .bundle(tree) }
        if BuiltinWorkers.names.contains(name.description) {
            return .nothing(reason: BuiltinWorkers.absence, remedy: nil)
        }
        return notInstalled(name)
    }

    private func notInstalled(_ name: WorkerName, adding source: String? = nil) -> WorkerDeclaration.Content {
        .nothing(reason: "it is not installed", remedy: "iii worker add \(source ?? name.description)")
    }

    private func folder(_ path: String) -> FilePath {
        var environment = environment
        environment.currentDirectory = project.folder
        return environment.absolute(path)
    }
}

/// A project whose file has become empty.
///
/// W130.
package struct EmptyConfiguration: CodedError {
    let path: FilePath

    package init(_ project: Project) { path = project.configPath }

    package var code: ErrorCode { .configIO }
    package var message: String { "`\(path.string.printable)` is empty; what runs is left alone" }
    package var hints: [String] { ["`workers: []` in it says that there are no workers"] }
}

/// A project without its file.
///
/// W130.
struct NoConfiguration: CodedError {
    let path: String
    var code: ErrorCode { .configIO }
    var message: String { "`\(path.printable)` is not there" }
}
