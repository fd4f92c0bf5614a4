// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import Manifests
import ProjectFiles
import SystemPackage
import WorkerModel

/// The sources of one command, sorted by kind, each name once, local manifests read.
struct AddWishes {
    private(set) var questions: [Question] = []
    private(set) var locals: [LocalWorker] = []
    private(set) var images: [WorkerName: ImageReference] = [:]
    private(set) var builtins: [WorkerName] = []
    private(set) var names: Set<WorkerName> = []

    /// - Throws: `AskedTwice`, `LocalFolderError`.
    init(_ sources: [WorkerSource], _ workshop: ProjectWorkshop) throws {
        for source in sources {
            let name = try take(source, workshop)
            guard names.insert(name).inserted else { throw AskedTwice(name: name) }
        }
    }

    private mutating func take(_ source: WorkerSource, _ workshop: ProjectWorkshop) throws -> WorkerName {
        switch source {
        case .registry(let name, nil) where BuiltinWorkers.names.contains(name.description):
            builtins.append(name)
            return name
        case .registry(let name, let selector):
            let selector = selector ?? .latest
            questions.append(Question(name: name, selector: selector) { _ in selector })
            return name
        case .image(let reference, let name):
            warnOfFolder(reference.description, workshop)
            images[name] = reference
            return name
        case .localPath(let path): return try take(path, workshop)
        }
    }

    /// Tells of a folder that lies where an image is named: whoever forgot the `./` would get something else.
    private func warnOfFolder(_ written: String, _ workshop: ProjectWorkshop) {
        let manifest = workshop.environment.absolute(written).appending(WorkerManifest.fileName)
        // What cannot be looked at is no worker's folder either.
        guard (try? HostFiles.kind(of: manifest)) == .file else { return }
        workshop.events.receive(
            .warning(
                "`\(written.printable)` is read as an image; the folder here is added as `./\(written.printable)`",
                nil
            )
        )
    }

    private mutating func take(_ path: String, _ workshop: ProjectWorkshop) throws -> WorkerName {
        let folder = workshop.environment.absolute(path)
        var (worker, manifest) = try LocalFolder.worker(in: folder)
        worker.relativePath = workshop.project.relativePath(of: folder)
        for warning in manifest.warnings {
            workshop.events.receive(.warning("\(manifest.name): \(warning.message)", warning.code))
        }
        locals.append(worker)
        return manifest.name
    }
}

extension Project {
    /// A folder inside the project as `config.yaml` names it, from the project's folder: `./tool`; nil for one elsewhere.
    fileprivate func relativePath(of folder: FilePath) -> String? {
        var rest = folder.lexicallyNormalized()
        let own = self.folder.lexicallyNormalized()
        if rest == own { return "." }
        return rest.removePrefix(own) ? "./\(rest.string)" : nil
    }
}

/// One worker was named twice in one command.
struct AskedTwice: CodedError {
    let name: WorkerName

    var code: ErrorCode { .invalidSource }
    var message: String { "`\(name)` is named twice" }
}
