// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import HostSystem
package import ProjectFiles
import SystemPackage

/// Tells when a project's files have changed and are whole.
///
/// A file that appears by a rename is whole. One that is written in place may be half of itself each time that somebody
/// looks, so it is looked at once nothing has happened to it for a while.
package struct ProjectWatch: Sendable {
    private enum Event: Sendable {
        case changed(isWhole: Bool)
        case quiet(since: Int)
    }

    private static let quietTime = Duration.milliseconds(300)
    private let project: Project
    private let watches: [FolderWatch]

    /// Watches from now on.
    ///
    /// - Throws: `HostError` for a folder that cannot be watched.
    package init(_ project: Project) throws(HostError) {
        self.project = project
        var folders = [project.folder]
        // A link to a file elsewhere is written there.
        if let real = try? HostFiles.canonical(project.configPath), real.removingLastComponent() != project.folder {
            folders.append(real.removingLastComponent())
        }
        var watches: [FolderWatch] = []
        for folder in folders { watches.append(try FolderWatch(folder)) }
        self.watches = watches
    }

    /// Calls `body` after each change, until the task is cancelled.
    package func run(_ body: () async -> Void) async {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let names = [project.configPath.lastComponent?.string, project.lockfilePath.lastComponent?.string, ""]
        await withDiscardingTaskGroup { group in
            for watch in watches {
                group.addTask {
                    for await change in watch.changes where names.contains(change.name) {
                        continuation.yield(.changed(isWhole: change.isWhole))
                    }
                }
            }
            var serial = 0
            for await event in events {
                switch event {
                case .changed(isWhole: true):
                    serial += 1
                    await body()
                case .changed(isWhole: false):
                    serial += 1
                    group.addTask { [serial] in
                        try? await Task.sleep(for: Self.quietTime)
                        continuation.yield(.quiet(since: serial))
                    }
                case .quiet(let since): if since == serial { await body() }
                }
            }
            for watch in watches { watch.cancel() }
        }
    }
}
