// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
package import ProjectFiles

extension ProjectState {
    /// Reads both files, and the manifests of local workers; a file that is missing is as good as an empty one.
    ///
    /// Whoever does not hold the project's lock may read while another command replaces the files: it reads again until
    /// nothing has changed meanwhile.
    ///
    /// - Throws: `ProjectError`.
    package init(reading project: Project) throws(ProjectError) {
        var config = try Self.config(of: project)
        var lock = try project.readLockfile() ?? Lockfile()
        for _ in 0..<10 {
            let again = try Self.config(of: project)
            if again.bytes == config.bytes, try !project.isBeingChanged() { break }
            config = again
            lock = try project.readLockfile() ?? Lockfile()
        }
        self.init(config: config, lock: lock, locals: LocalWorkers(of: config, in: project))
    }

    private static func config(of project: Project) throws(ProjectError) -> ConfigFile {
        if let config = try project.readConfig() { return config }
        do throws(ConfigFileError) { return try ConfigFile(parsing: []) } catch {
            throw .config(project.configPath, error)
        }
    }

    /// What has to be written to get here from an earlier state.
    ///
    /// A lock file that says nothing is taken away.
    ///
    /// - Throws: `LockfileError` for a state that no lock file can hold.
    func change(from before: ProjectState) throws(LockfileError) -> ProjectChange {
        var change = ProjectChange()
        if config.bytes != before.config.bytes { change.config = .write(config.bytes) }
        if lock != before.lock { change.lockfile = lock.isEmpty ? .remove : .write(try lock.bytes()) }
        return change
    }
}
