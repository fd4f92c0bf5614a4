// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import HostSystem
package import Manifests
package import SystemPackage
import WorkerModel

/// Reads the manifest of a worker's folder.
enum LocalFolder {
    /// The manifest as it stands there, held to no rules but that its dependencies can be read.
    ///
    /// - Throws: `LocalFolderError`.
    static func manifest(in folder: FilePath) throws(LocalFolderError) -> WorkerManifest {
        let path = folder.appending(WorkerManifest.fileName)
        let manifest: WorkerManifest
        do {
            guard let bytes = try HostFiles.read(path, upTo: WorkerManifest.maximumSize) else {
                switch try HostFiles.kind(of: HostFiles.canonicalIfThere(folder)) {
                case nil: throw LocalFolderError.missing(folder)
                case .directory: throw LocalFolderError.noManifest(folder)
                default: throw LocalFolderError.noFolder(folder)
                }
            }
            manifest = try WorkerManifest(parsing: bytes)
        } catch let error as LocalFolderError {
            throw error
        } catch let error as ManifestError {
            throw .manifest(path, error)
        } catch { throw .unreadable(path, error as? any CodedError ?? HostError(.read, path, .ioError)) }
        let errors = manifest.problems.filter { $0.severity == .error && $0.path.hasPrefix("dependencies") }
        if !errors.isEmpty { throw .manifest(path, .rejected(.local, errors)) }
        return manifest
    }

    /// The worker in a folder, by the rules of local workers, and what its user should be told.
    ///
    /// - Throws: `LocalFolderError`.
    static func worker(in folder: FilePath) throws(LocalFolderError) -> (LocalWorker, LocalManifest) {
        let manifest = try manifest(in: folder)
        do throws(ManifestError) {
            let local = try manifest.checkedAsLocal()
            let worker = LocalWorker(
                name: local.name,
                folder: folder,
                version: local.version,
                dependencies: local.dependencies,
                calls: local.calls
            )
            return (worker, local)
        } catch { throw .manifest(folder.appending(WorkerManifest.fileName), error) }
    }
}

/// Why a folder is no worker.
package enum LocalFolderError: CodedError {
    case missing(FilePath)
    /// There is something else of that name.
    case noFolder(FilePath)
    case noManifest(FilePath)
    case manifest(FilePath, ManifestError)
    case unreadable(FilePath, any CodedError)

    package var code: ErrorCode {
        switch self {
        case .missing, .noFolder: .invalidSource
        case .noManifest: .manifestRejected
        case .manifest(_, let error): error.code
        case .unreadable(_, let error): error.code
        }
    }

    package var message: String {
        switch self {
        case .missing(let folder): "there is no folder `\(folder.string.printable)`"
        case .noFolder(let path): "`\(path.string.printable)` is no folder"
        case .noManifest(let folder): "`\(folder.string.printable)` has no `\(WorkerManifest.fileName)`"
        case .manifest(let path, let error): "\(path.string.printable): \(error.message)"
        case .unreadable(let path, _): "`\(path.string.printable)` cannot be read"
        }
    }

    package var hints: [String] {
        switch self {
        case .noFolder(let path):
            ["a local worker is named by its folder: `\(path.removingLastComponent().string.printable)`"]
        case .missing: ["check the path; a name without `./` is looked up in the registry"]
        case .noManifest(let folder):
            [
                "`iii worker init` makes a worker's folder; `\(folder.string.printable)` needs at least a `name` and `scripts.start`"
            ]
        case .manifest(let path, let error):
            error.hints + ["`iii worker check \(path.removingLastComponent().string.printable)` shows every problem"]
        case .unreadable(_, let error): error.hints
        }
    }

    package var cause: (any Error)? {
        if case .unreadable(_, let error) = self { error } else { nil }
    }

    package var details: [(key: String, value: String)] {
        switch self {
        case .missing(let path), .noFolder(let path), .noManifest(let path): [("path", path.string)]
        case .manifest(let path, let error): [("path", path.string)] + error.details
        case .unreadable(let path, let error): [("path", path.string)] + error.details
        }
    }
}
