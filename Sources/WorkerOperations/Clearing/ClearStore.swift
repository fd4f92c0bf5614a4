// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArtifactStore
import Diagnostics
package import HostSystem
import ImageStore
import Manifests
import ProjectFiles
package import SystemPackage
package import WorkerModel

/// Removes from the store what no lock file of a known project names and no process uses.
package struct ClearStore: Sendable {
    package struct Request: Sendable {
        /// Only what was installed for these; empty for everything.
        package var names: [WorkerName] = []
        /// The caches too.
        package var includesCaches = false
        package var isDryRun = false

        package init() {}
    }

    /// One tree that was looked at.
    package struct Item: Sendable {
        package enum Reason: Sendable {
            case removed
            /// A lock file names it; the folder of its project.
            case neededBy(FilePath)
            case running
            /// An image that workers of other kinds run on.
            case base
        }

        /// The worker, where it can be told.
        package let name: String?
        package let digest: Digest
        package let size: ByteCount
        package let reason: Reason

        package var isRemoved: Bool { if case .removed = reason { true } else { false } }
    }

    package struct Outcome: Sendable {
        package let items: [Item]
        package let caches: ByteCount
        /// What was fetched of images and no image that stays is made of.
        package let layers: ByteCount
        package let isDryRun: Bool

        package var freed: ByteCount { items.filter(\.isRemoved).reduce(caches + layers) { $0 + $1.size } }
    }

    private let store: ArtifactStore
    let images: ImageStore
    let home: IIIHome

    package init(home: IIIHome) {
        self.home = home
        store = ArtifactStore(home: home)
        images = ImageStore(home: home)
    }

    /// - Throws: `FileLockBusy` (W120) while another command installs; `ProjectError` and `LockfileError` for a lock file
    ///   that cannot be read, since nobody knows then what it needs; `HostError`.
    package func run(_ request: Request) async throws -> Outcome {
        let lock = try await store.holdAlone()
        defer { lock.release() }
        let needed = try needs()
        let running = try store.namesInUse()
        let wanted = Set(request.names.map(\.description))
        var items: [Item] = []
        for tree in try store.inventory() {
            let name = name(of: tree)
            if !wanted.isEmpty, !wanted.contains(name ?? "") { continue }
            let reason: Item.Reason =
                if let project = needed[tree.digest] { .neededBy(project) } else if running.contains(tree.folder) {
                    .running
                } else { .removed }
            items.append(Item(name: name, digest: tree.digest, size: tree.size, reason: reason))
            if case .removed = reason, !request.isDryRun { try store.remove(tree) }
        }
        if !request.isDryRun { try store.removeDanglingLinks() }
        let (found, layers) = try clearImages(request, neededBy: needed)
        items += found
        let caches = request.includesCaches ? try clearCaches(isDryRun: request.isDryRun) : .zero
        return Outcome(items: items, caches: caches, layers: layers, isDryRun: request.isDryRun)
    }

    /// What lock files name, with the folder of one project that does.
    private func needs() throws -> [Digest: FilePath] {
        var needed: [Digest: FilePath] = [:]
        for project in try KnownProjects(home: home).all() {
            guard let lock = try project.readLockfile() else { continue }
            for worker in lock.workers.values {
                for digest in worker.source.allDigests { needed[digest] = project.folder }
            }
        }
        return needed
    }

    /// The worker that a tree was installed for: the name of its executable, or what its manifest says.
    private func name(of tree: StoredTree) -> String? {
        if let executable = tree.executable {
            return executable.hasSuffix(".exe") ? String(executable.dropLast(4)) : executable
        }
        let path = store.tree(of: .bundle(tree.digest)).appending(WorkerManifest.fileName)
        guard let bytes = try? HostFiles.read(path, upTo: WorkerManifest.maximumSize) else { return nil }
        return (try? WorkerManifest(parsing: bytes))?.name?.description
    }

    /// Removes what can be fetched or made again.
    private func clearCaches(isDryRun: Bool) throws -> ByteCount {
        var freed = ByteCount.zero
        for name in try HostFiles.entries(of: home.cache) where name != "packing" {
            let path = home.cache.appending(name)
            freed = freed + (try HostFiles.totalSize(of: path))
            if !isDryRun { try HostFiles.removeTree(path) }
        }
        return freed
    }
}
