// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ProjectFiles
package import SystemPackage
package import WorkerModel

/// Takes workers out of a project, with those that only they needed.
///
/// `config.yaml` and `iii.lock` change together or not at all. What is installed stays in the store for other projects.
package struct RemoveWorkers: Sendable {
    package struct Outcome: Sendable {
        package let removed: [WorkerName]
        /// Taken out because nobody needs them any more.
        package let pruned: [WorkerName]
        package let configPath: FilePath
    }

    let project: Project
    let events: any EventSink

    package init(project: Project, events: any EventSink) {
        self.project = project
        self.events = events
    }

    /// - Throws: `NotInProject`, `RemovalError`; `FileLockBusy` (W120); `ProjectError` for files that cannot be read or written.
    package func run(_ names: [WorkerName]) async throws -> Outcome {
        let (pruned, files) = try await project.withLock(events) { locked in
            let before = try ProjectState(reading: project)
            var after = before
            let pruned = try after.remove(names)
            let followed = try after.followConfig()
            try Task.checkCancellation()
            let files = try after.change(from: before)
            try locked.commit(files)
            return ((pruned + followed.unlisted + followed.pruned).sorted(), files)
        }
        project.tell(files, events)
        return Outcome(removed: names, pruned: pruned, configPath: project.configPath)
    }
}
