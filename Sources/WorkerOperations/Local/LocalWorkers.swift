// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import HostSystem
package import Manifests
package import ProjectFiles
package import SystemPackage
package import WorkerModel

/// A folder with a manifest of its own that belongs to a project.
package struct LocalWorker: Sendable, Hashable {
    /// Nil for the project's own folder, where it is no worker of the project.
    package let name: WorkerName?
    /// Absolute.
    package let folder: FilePath
    package let version: SemanticVersion?
    package let dependencies: [WorkerManifest.Dependency]
    /// The functions that it calls besides those of its dependencies.
    package var calls: [CallPattern] = []
    /// The folder as `config.yaml` names it: relative inside the project, so that a clone finds it; nil for the absolute
    /// path.
    package var relativePath: String?

    /// What `worker_path:` says.
    var written: String { relativePath ?? folder.string }

    /// What it is called in messages.
    package var shown: String { name?.description ?? folder.appending(WorkerManifest.fileName).string }

    var demands: [Demand] {
        dependencies.map { dependency in
            Demand(name.map { .worker($0) } ?? .folder(shown), dependency.name, text: dependency.text, meaning: nil)
        }
    }
}

/// The folders of a project that have manifests of their own: those that `worker_path:` names, and the project's.
package struct LocalWorkers: Sendable {
    /// One that cannot be read.
    package struct Problem: Sendable {
        package let name: WorkerName?
        package let folder: FilePath
        package let error: any CodedError

        /// Whether the folder, or its manifest, is not there at all.
        var isAbsence: Bool {
            switch error as? LocalFolderError {
            case .missing, .noFolder, .noManifest: true
            case .manifest, .unreadable, nil: false
            }
        }
    }

    /// In the order of `config.yaml`, the project's own folder last.
    package var workers: [LocalWorker] = []
    package var problems: [Problem] = []

    package init() {}

    /// Reads the manifests of all local workers of a configuration.
    ///
    /// What cannot be read is a problem, not an error: most commands do without.
    package init(of config: ConfigFile, in project: Project) {
        var folders: Set<FilePath> = []
        for entry in config.entries {
            guard case .path(let path) = entry.source else { continue }
            let folder = project.folder.pushing(FilePath(path)).lexicallyNormalized()
            folders.insert(folder)
            read(entry.name, folder)
        }
        if !folders.contains(project.folder.lexicallyNormalized()) { readOwn(project.folder) }
    }

    private mutating func read(_ name: WorkerName, _ folder: FilePath) {
        do {
            let manifest = try LocalFolder.manifest(in: folder)
            workers.append(
                LocalWorker(name: name, folder: folder, version: manifest.version, dependencies: manifest.dependencies)
            )
        } catch { problems.append(Problem(name: name, folder: folder, error: error)) }
    }

    private mutating func readOwn(_ folder: FilePath) {
        do {
            let manifest = try LocalFolder.manifest(in: folder)
            workers.append(
                LocalWorker(name: nil, folder: folder, version: manifest.version, dependencies: manifest.dependencies)
            )
        } catch LocalFolderError.noManifest, LocalFolderError.missing {
            return
        } catch { problems.append(Problem(name: nil, folder: folder, error: error)) }
    }

    package subscript(name: WorkerName) -> LocalWorker? { workers.first { $0.name == name } }

    /// What `iii.lock` is to remember of the manifests; nil where one of them cannot be read.
    var lockedManifest: LockedManifest? {
        problems.isEmpty ? LockedManifest(workers.flatMap(\.dependencies)) : nil
    }

    /// What they need, their own among it.
    var needed: Set<WorkerName> { Set(workers.flatMap(\.dependencies).map(\.name)) }
}
