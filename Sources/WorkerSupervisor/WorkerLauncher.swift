// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import HostSystem
import ImageDocuments
import ImageStore
import JSONText
import LocalWorkspaces
import Manifests
import ProjectFiles
package import Sandboxing
import SystemPackage
import WorkerModel
import YAMLText

/// Starts workers as processes of the user, or in a sandbox where their kind or their user asks for one.
package struct WorkerLauncher: WorkerLaunching {
    private let folder: ProjectFolder
    private let environment: HostEnvironment
    private let currentEngine: @Sendable () -> NetworkAddress
    private let sandboxes: Sandboxes
    private let images: ImageShelf
    private let machineMinimum: IsolationTier?
    private let bus: (any WorkerBus)?

    /// Starts workers for one engine.
    ///
    /// `engine` tells where workers find it, and is asked at each start. `bus` is told whose connections are whose; without it,
    /// an engine takes workers for programs of the user.
    package init(
        folder: ProjectFolder,
        environment: HostEnvironment,
        engine: @escaping @Sendable () -> NetworkAddress,
        sandboxes: Sandboxes,
        images: ImageShelf,
        machineMinimum: IsolationTier? = nil,
        bus: (any WorkerBus)? = nil
    ) {
        self.folder = folder
        self.environment = environment
        currentEngine = engine
        self.sandboxes = sandboxes
        self.images = images
        self.machineMinimum = machineMinimum
        self.bus = bus
    }

    package func start(_ declaration: WorkerDeclaration, log: WorkerLog) async throws -> any WorkerRun {
        do { return try await startByKind(declaration, log) } catch let error as ManifestError {
            // To read it again changes nothing.
            throw WorkerCannotRun(reason: error.message)
        }
    }

    private func startByKind(_ declaration: WorkerDeclaration, _ log: WorkerLog) async throws -> any WorkerRun {
        switch declaration.content {
        case .builtIn: throw WorkerCannotRun(reason: "it is part of the engine")
        case .nothing(let reason, let remedy): throw WorkerCannotRun(reason: reason, remedy: remedy)
        case .image(let reference): return try await startImage(reference, declaration, log)
        case .executable(let path): return try await startExecutable(path, declaration, log)
        case .bundle(let tree): return try await startBundle(tree, declaration, log)
        case .folder(let path): return try await startFolder(path, declaration, log)
        }
    }

    // MARK: By kind

    private func startExecutable(
        _ path: FilePath,
        _ declaration: WorkerDeclaration,
        _ log: WorkerLog
    ) async throws -> any WorkerRun {
        guard let backend = try await backend(for: declaration, .binary, needsHostFiles: true) else {
            let arguments = try configArguments(declaration)
            return try await startNatively(path, arguments, in: folder.project.folder, declaration, log)
        }
        let program = "\(SandboxSpecification.workspacePath)/\(path.lastComponent?.string ?? "")"
        var specification = specification(of: declaration, command: [program])
        specification.workspace = .readOnly(path.removingLastComponent())
        let home = folder.home(of: declaration.name)
        try HostFiles.makeDirectory(home, mode: 0o700)
        specification.home = home
        return try await startSandboxed(specification, backend, log)
    }

    private func startBundle(
        _ tree: FilePath,
        _ declaration: WorkerDeclaration,
        _ log: WorkerLog
    ) async throws -> any WorkerRun {
        if environment.isOn(.bundlesDisabled) {
            throw WorkerCannotRun(reason: "bundle workers are disabled here (`III_BUNDLE_WORKERS_DISABLED`)")
        }
        let manifest = try manifest(in: tree).checkedAsBundle(named: declaration.name, version: nil)
        let base = try await images.base(for: manifest.runtime)
        guard let backend = try await backend(for: declaration, .bundle, needsHostFiles: base == nil) else {
            throw WorkerCannotRun(reason: "a bundle runs in a sandbox only")
        }
        var specification = specification(of: declaration, command: SandboxSpecification.shell(manifest.start))
        specification.workspace = .privateLayer(tree)
        // The store names trees by what is in them.
        specification.workspaceDigest = tree.lastComponent.flatMap { try? Digest(parsing: $0.string) }
        specification.add(manifest.environment)
        if let base { specification.stand(on: base) }
        specification.limits = SandboxLimits(manifest.resources)
        return try await startSandboxed(specification, backend, log)
    }

    private func startImage(
        _ reference: String,
        _ declaration: WorkerDeclaration,
        _ log: WorkerLog
    ) async throws -> any WorkerRun {
        let image = try await images.image(reference)
        guard let backend = try await backend(for: declaration, .image, needsHostFiles: declaration.keepsWrites) else {
            throw WorkerCannotRun(reason: "an image runs in a sandbox only")
        }
        var specification = specification(of: declaration, command: [])
        try ImageWorker(image: image).apply(
            to: &specification,
            keepingWritesIn: declaration.keepsWrites ? folder.layer(of: declaration.name) : nil
        )
        return try await startSandboxed(specification, backend, log)
    }

    private func startFolder(
        _ path: FilePath,
        _ declaration: WorkerDeclaration,
        _ log: WorkerLog
    ) async throws -> any WorkerRun {
        let manifest = try manifest(in: path).checkedAsLocal()
        guard let start = manifest.scripts.start else {
            throw WorkerCannotRun(reason: "its manifest has no `scripts.start`")
        }
        guard let backend = try await backend(for: declaration, .localPath, needsHostFiles: true) else {
            if let image = manifest.runtime.baseImage {
                let reason = "its manifest asks for `runtime.base_image: \(image.printable)`, which needs a sandbox"
                throw WorkerCannotRun(
                    reason: reason,
                    remedy: "iii worker start \(declaration.name) --isolation namespaces"
                )
            }
            return try await startNatively("/bin/sh", ["-c", start], in: path, declaration, log, manifest.environment)
        }
        var specification = specification(of: declaration, command: SandboxSpecification.shell(start))
        specification.add(manifest.environment)
        var base: InstalledImage?
        if let reference = manifest.runtime.baseImage { base = try await images.image(reference) }
        if let base { specification.stand(on: base) }
        specification.limits = SandboxLimits(manifest.resources)
        let workspace = LocalWorkspace(source: path, folder: folder.workspace(of: declaration.name))
        (specification.workspace, specification.home) = (.persistent(workspace.tree), workspace.home)
        let seen = try workspace.update(owner: HostProcess.isRoot ? SandboxUser.owner(of: workspace.tree) : nil)
        let preparation = Preparation(
            workspace: workspace,
            source: seen,
            scripts: manifest.scripts,
            base: base?.digest
        )
        specification.bus = bus?.door(for: specification.name, in: backend.tier)
        try await preparation.run(in: specification, opensNetwork: declaration.opensInstalls, backend, log)
        return try await startSandboxed(specification, backend, log)
    }

    // MARK: Parts

    private var engine: NetworkAddress { currentEngine() }

    private func startSandboxed(
        _ specification: SandboxSpecification,
        _ backend: any SandboxBackend,
        _ log: WorkerLog
    ) async throws -> any WorkerRun {
        var specification = specification
        specification.bus = bus?.door(for: specification.name, in: backend.tier)
        let sandbox = try await backend.start(specification, output: log)
        return SandboxedRun(sandbox: sandbox, network: specification.network.allowed)
    }

    package func source(of declaration: WorkerDeclaration) -> WatchedSource? {
        // Without a sandbox it runs in its source, where what it makes itself would start it again and again.
        guard case .folder(let path) = declaration.content, declaration.isolation != IsolationTier.none else {
            return nil
        }
        guard let seen = try? SourceTree(of: path) else { return nil }
        return WatchedSource(watch: SourceWatch(path), seen: seen)
    }

    package func check(_ declaration: WorkerDeclaration) async throws { _ = try await tier(of: declaration) }

    package func tier(of declaration: WorkerDeclaration) async throws -> IsolationTier? {
        guard let origin = declaration.content.origin else { return nil }
        let needsHostFiles = try await needsHostFiles(declaration)
        let policy = policy(declaration, origin, needsHostFiles: needsHostFiles)
        return try await sandboxes.backend(for: policy)?.tier ?? IsolationTier.none
    }

    private func needsHostFiles(_ declaration: WorkerDeclaration) async throws -> Bool {
        switch declaration.content {
        case .image: return declaration.keepsWrites
        case .bundle(let tree):
            let manifest = try manifest(in: tree).checkedAsBundle(named: declaration.name, version: nil)
            return try await images.base(for: manifest.runtime) == nil
        default: return true
        }
    }

    private func policy(
        _ declaration: WorkerDeclaration,
        _ origin: WorkerOrigin,
        needsHostFiles: Bool
    ) -> IsolationPolicy {
        IsolationPolicy(
            name: declaration.name,
            origin: origin,
            needsHostFiles: needsHostFiles,
            asked: declaration.isolation,
            machineMinimum: machineMinimum
        )
    }

    /// - Throws: `WorkerCannotRun` where no sandbox that it may run in is there.
    private func backend(
        for declaration: WorkerDeclaration,
        _ origin: WorkerOrigin,
        needsHostFiles: Bool
    ) async throws -> (any SandboxBackend)? {
        let policy = policy(declaration, origin, needsHostFiles: needsHostFiles)
        do { return try await sandboxes.backend(for: policy) } catch let error as SandboxError {
            throw WorkerCannotRun(reason: error.message, remedy: error.hints.first)
        }
    }

    /// What a worker writes is bounded and gone with it, unless its kind gives it a home.
    private func specification(of declaration: WorkerDeclaration, command: [String]) -> SandboxSpecification {
        SandboxSpecification(
            name: declaration.name,
            workspace: .empty,
            command: command,
            environment: ConfigVariables.flatten(declaration.config),
            network: NetworkPolicy(engine: engine, allowed: declaration.network)
        )
    }

    private func startNatively(
        _ program: FilePath,
        _ arguments: [String],
        in directory: FilePath,
        _ declaration: WorkerDeclaration,
        _ log: WorkerLog,
        _ variables: [WorkerManifest.Variable] = []
    ) async throws -> any WorkerRun {
        // What is the engine's own stays with it: `III_API_KEY` above all.
        var all = environment.variables.filter { !$0.key.hasPrefix("III_") }
        for variable in variables { all[variable.name] = variable.value }
        all.merge(ConfigVariables.flatten(declaration.config)) { $1 }
        all["III_URL"] = "ws://\(engine)"
        all["III_ENGINE_URL"] = "ws://\(engine)"
        all["III_WORKER_NAME"] = declaration.name.description
        if let bus { all["III_TOKEN"] = bus.secret(for: declaration.name) }
        all["III_ENGINE_PID"] = String(HostProcess.identifier)
        all["III_CONFIG_PATH"] = folder.project.configPath.string
        let launch = GuardedProcess.Launch(
            executable: program,
            arguments: arguments,
            environment: all,
            directory: directory
        )
        return try await NativeRun.start(launch, log: log)
    }

    /// `--config FILE` with the `config:` block as YAML, nothing where there is none.
    private func configArguments(_ declaration: WorkerDeclaration) throws -> [String] {
        let path = folder.config(of: declaration.name)
        guard let config = declaration.config else {
            try HostFiles.removeFile(path)
            return []
        }
        try HostFiles.makeDirectory(path.removingLastComponent(), mode: 0o700)
        try HostFiles.write(Array(YAMLValue(json: config).text.utf8), to: path, mode: 0o600)
        return ["--config", path.string]
    }

    private func manifest(in folder: FilePath) throws -> WorkerManifest {
        let path = folder.appending(WorkerManifest.fileName)
        guard let bytes = try HostFiles.read(path, upTo: WorkerManifest.maximumSize) else {
            throw WorkerCannotRun(reason: "`\(path.string.printable)` is not there")
        }
        return try WorkerManifest(parsing: bytes)
    }
}

extension SandboxSpecification {
    /// Takes programs and, below what is set already, variables from an image.
    fileprivate mutating func stand(on image: InstalledImage) {
        base = .rootFileSystem(image.root, digest: image.digest)
        ownersList = image.owners
        for variable in image.configuration.environment.reversed() { setDefault(variable.name, variable.value) }
    }

    /// Adds variables below those that are set already.
    fileprivate mutating func add(_ variables: [WorkerManifest.Variable]) {
        for variable in variables { setDefault(variable.name, variable.value) }
    }
}
