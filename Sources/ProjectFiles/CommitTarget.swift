// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import WorkerModel

/// One of the two files that are committed together.
enum CommitRole: String, CaseIterable {
    case config
    case lockfile = "lock"

    func path(in project: Project) -> FilePath {
        self == .config ? project.configPath : project.lockfilePath
    }

    var maximumSize: ByteCount { self == .config ? ConfigFile.maximumSize : Lockfile.maximumSize }
}

/// Where a file of a project really lies, and where its new contents wait.
struct CommitTarget {
    let role: CommitRole
    /// Not a link.
    let path: FilePath

    /// Follows links, also those whose target is not there yet.
    init(_ role: CommitRole, in project: Project) throws(ProjectError) {
        let named = role.path(in: project)
        var path = named
        for _ in 0..<40 {
            do throws(HostError) {
                guard let target = try HostFiles.target(ofLink: path) else {
                    self.role = role
                    self.path = path
                    return
                }
                path = path.removingLastComponent().pushing(target)
            } catch { throw .cannotRead(named, error) }
        }
        throw .endlessLinks(named)
    }

    /// The new contents, until they are renamed to `path`.
    var stagedPath: FilePath { path.removingLastComponent().appending(".\(path.lastComponent?.string ?? "").iii-new") }

    /// What is there now, nil where nothing is.
    func contents(_ project: Project) throws(ProjectError) -> [UInt8]? {
        try project.read(path, upTo: role.maximumSize)
    }
}
