// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import HostSystem
package import SystemPackage
import WorkerModel

/// What is wrong with a project's files, with the file named.
///
/// W130 for files that cannot be read or written, W123 for a full disk, else the code of what lay in the file.
package enum ProjectError: CodedError {
    case config(FilePath, ConfigFileError)
    case lockfile(FilePath, LockfileError)
    case cannotRead(FilePath, any CodedError)
    case cannotWrite(FilePath, HostError)
    /// Links that lead nowhere but to each other.
    case endlessLinks(FilePath)

    package var code: ErrorCode {
        switch self {
        case .config(_, let error): error.code
        case .lockfile(_, let error): error.code
        case .cannotWrite(_, let error) where error.code == .storageFull: .storageFull
        case .cannotRead, .cannotWrite, .endlessLinks: .configIO
        }
    }

    package var message: String {
        switch self {
        case .config(let path, let error): "\(Self.shown(path)): \(error.message)"
        case .lockfile(let path, let error): "\(Self.shown(path)): \(error.message)"
        case .cannotRead(let path, _): "\(Self.shown(path)) cannot be read"
        case .cannotWrite(let path, _): "\(Self.shown(path)) cannot be written"
        case .endlessLinks(let path): "\(Self.shown(path)) is a link that leads back to itself"
        }
    }

    package var hints: [String] {
        switch self {
        case .config(_, let error): error.hints
        case .lockfile(_, let error): error.hints
        case .cannotWrite(let path, let error) where [.permissionDenied, .notPermitted].contains(error.errno):
            ["make the folder \(Self.shown(path.removingLastComponent())) writable for you, or work in another one"]
        case .cannotWrite(let path, let error) where error.errno == .noSuchFileOrDirectory:
            ["create the folder \(Self.shown(path.removingLastComponent())) first"]
        case .cannotRead, .cannotWrite: []
        case .endlessLinks: ["replace the link by a file"]
        }
    }

    package var cause: (any Error)? {
        switch self {
        case .config, .lockfile, .endlessLinks: nil
        case .cannotRead(_, let error): error
        case .cannotWrite(_, let error): error
        }
    }

    package var details: [(key: String, value: String)] {
        switch self {
        case .config(let path, let error): [("file", path.string)] + error.details
        case .lockfile(let path, let error): [("file", path.string)] + error.details
        case .cannotRead(let path, _), .cannotWrite(let path, _), .endlessLinks(let path): [("file", path.string)]
        }
    }

    private static func shown(_ path: FilePath) -> String { "`\(PrintableText(path.string, limit: 400))`" }
}
