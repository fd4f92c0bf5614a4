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
    private let watched: Watched

    /// The folders that hold a file or a link on the way to it, each with a watch.
    private struct Watched: Sendable {
        let places: [HostFiles.Place]
        let watches: [FolderWatch]

        init(_ places: [HostFiles.Place], _ watches: [FolderWatch]) {
            self.places = places
            self.watches = watches
        }

        func cancel() { for watch in watches { watch.cancel() } }
    }

    /// Watches from now on.
    ///
    /// - Throws: `HostError` for a folder that cannot be watched.
    package init(_ project: Project) throws(HostError) {
        self.project = project
        let places = Self.places(of: project)
        var watches: [FolderWatch] = []
        for folder in Self.folders(of: places) { watches.append(try FolderWatch(folder)) }
        watched = Watched(places, watches)
    }

    /// Where a change may make another file of the project's: the files themselves, and each link on the way to them.
    private static func places(of project: Project) -> [HostFiles.Place] {
        HostFiles.places(of: project.configPath) + HostFiles.places(of: project.lockfilePath)
    }

    private static func folders(of places: [HostFiles.Place]) -> [FilePath] {
        var folders: [FilePath] = []
        for place in places where !folders.contains(place.folder) { folders.append(place.folder) }
        return folders
    }

    /// Calls `body` after each change, until the task is cancelled.
    ///
    /// A link that points elsewhere is a change, and what it points to then is watched.
    package func run(_ body: () async -> Void) async {
        var watched = watched
        while !Task.isCancelled {
            await follow(watched, body)
            watched.cancel()
            if Task.isCancelled { return }
            let places = Self.places(of: project)
            // A folder that went away in this moment comes back with a change of the link to it.
            watched = Watched(places, Self.folders(of: places).compactMap { try? FolderWatch($0) })
            // What changed between the two watches.
            await body()
        }
    }

    /// Calls `body` after each change, until a link points elsewhere or the task is cancelled.
    private func follow(_ watched: Watched, _ body: () async -> Void) async {
        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let names = Set(watched.places.map(\.name) + [""])
        await withDiscardingTaskGroup { group in
            for watch in watched.watches {
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
                    if Self.places(of: project) != watched.places {
                        watched.cancel()
                        group.cancelAll()
                        return
                    }
                case .changed(isWhole: false):
                    serial += 1
                    group.addTask { [serial] in
                        try? await Task.sleep(for: Self.quietTime)
                        continuation.yield(.quiet(since: serial))
                    }
                case .quiet(let since): if since == serial { await body() }
                }
            }
            watched.cancel()
        }
    }
}
