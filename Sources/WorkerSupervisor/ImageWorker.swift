// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import ImageDocuments
import ImageStore
import Manifests
import Sandboxing
import SystemPackage
import WorkerModel

/// How the worker of an image is run: as the image says, below what its user says.
struct ImageWorker {
    let image: InstalledImage

    /// Adds to a specification what the image says: its root, program, user, folder, variables, signal and resources.
    ///
    /// Variables that are set already stay: they come from the worker's entry. `layer` is the folder of what stays of its
    /// writing; nil where nothing does.
    ///
    /// - Throws: `WorkerCannotRun` for an image that names no program, a user that it does not have, or a manifest that
    ///   cannot be read; `HostError`.
    func apply(to specification: inout SandboxSpecification, keepingWritesIn layer: FilePath?) throws {
        let configuration = image.configuration
        guard !configuration.arguments.isEmpty else {
            throw WorkerCannotRun(reason: "its image names no program (neither Entrypoint nor Cmd)")
        }
        specification.base = .rootFileSystem(image.root, digest: image.digest)
        specification.ownersList = image.owners
        specification.rootLayer = layer.map { .persistent($0) } ?? .privateLayer
        specification.workspace = .none
        specification.command = configuration.arguments
        specification.directory = configuration.workingDirectory
        if let signal = configuration.stopSignal { specification.stopSignal = signal }
        let account = try ImageAccounts(image).account(configuration.user)
        specification.user = account.user
        specification.owners = account.isRoot ? .worker : .asInImage
        if let manifest = try manifest() {
            specification.limits = SandboxLimits(manifest.resources.request)
            for variable in manifest.environment { specification.setDefault(variable.name, variable.value) }
        }
        for variable in configuration.environment.reversed() { specification.setDefault(variable.name, variable.value) }
        specification.setDefault("HOME", account.home)
    }

    private func manifest() throws -> WorkerManifest? {
        guard let bytes = try image.workerManifest() else { return nil }
        do { return try WorkerManifest(parsing: bytes) } catch {
            throw WorkerCannotRun(reason: "`/iii/worker.yaml` of its image: \(error.message)")
        }
    }
}

extension SandboxSpecification {
    /// Sets a variable that is not set yet.
    mutating func setDefault(_ name: String, _ value: String) {
        if environment[name] == nil { environment[name] = value }
    }
}

extension WorkerManifest.Resources {
    /// What is asked for, the usual where nothing is.
    var request: ResourceRequest {
        ResourceRequest(
            cpus: cpus ?? ResourceRequest.standard.cpus,
            memoryMiB: memoryMiB ?? ResourceRequest.standard.memoryMiB
        )
    }
}
