// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ProjectFiles

extension ProjectState {
    /// Reads both files; one that is missing is as good as an empty one.
    ///
    /// - Throws: `ProjectError`.
    package init(reading project: Project) throws(ProjectError) {
        let empty: ConfigFile
        do throws(ConfigFileError) { empty = try ConfigFile(parsing: []) } catch {
            throw .config(project.configPath, error)
        }
        self.init(config: try project.readConfig() ?? empty, lock: try project.readLockfile() ?? Lockfile())
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
