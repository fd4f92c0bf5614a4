// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArtifactStore
import HostSystem
import ProjectFiles
import SystemPackage
import WorkerModel

/// The projects that have installed something on this machine: what their lock files name is not cleared.
///
/// Shape: one file a project in `~/.iii/known-projects`, named by the digest of its path, which it holds.
struct KnownProjects: Sendable {
    private static let longestPath = ByteCount.kibibytes(16)

    let home: IIIHome

    /// Remembers a project; once is enough.
    func remember(_ project: Project) throws {
        let path = HostFiles.canonicalIfThere(project.configPath.removingLastComponent())
            .appending(project.configPath.lastComponent?.string ?? Project.configName)
        let bytes = Array(path.string.utf8)
        let file = home.knownProjects.appending("\(Digest.sha256(bytes))")
        if try HostFiles.kind(of: file) == .file { return }
        try HostFiles.makeDirectory(home.knownProjects, mode: 0o700)
        try HostFiles.write(bytes, to: file, mode: 0o600)
    }

    /// All of them, those that are gone from disk too: their disk may come back.
    func all() throws -> [Project] {
        try HostFiles.entries(of: home.knownProjects).compactMap { name in
            guard (try? Digest(parsing: name)) != nil,
                let bytes = try HostFiles.read(home.knownProjects.appending(name), upTo: Self.longestPath)
            else { return nil }
            return Project(configPath: FilePath(String(decoding: bytes, as: UTF8.self)))
        }
    }
}

extension Installation {
    /// Takes the store into use for a project, whose lock file counts from now on for what is cleared.
    ///
    /// Held from before the first download until the lock file is written.
    ///
    /// - Throws: `HostError`; `FileLockBusy` while another command clears the store.
    func hold(for project: Project) async throws -> FileLock {
        let lock = try await store.hold()
        try KnownProjects(home: store.home).remember(project)
        return lock
    }
}
