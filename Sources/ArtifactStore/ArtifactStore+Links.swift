// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import HostSystem
package import SystemPackage
package import WorkerModel

extension ArtifactStore {
    /// Where people and tools look for a worker: `workers-bundle/NAME` or `workers/NAME`.
    package func link(of worker: WorkerName, to content: ArtifactKey.Content) -> FilePath {
        switch content {
        case .bundle: home.workersBundle.appending(worker.description)
        case .executable(_, let target): home.workers.appending(target.executableName(of: worker))
        }
    }

    /// Points the link of a worker to an artifact, in one step.
    ///
    /// The link is relative, so that the home can be moved.
    ///
    /// - Returns: what the link said before, for `restore`; nil where there was none.
    /// - Throws: `ArtifactStoreError.occupied` where a file or folder is in its place, `HostError`.
    @discardableResult
    package func link(_ worker: WorkerName, to key: ArtifactKey) throws -> FilePath? {
        let path = link(of: worker, to: key.content)
        switch try HostFiles.kind(of: path) {
        case nil, .symbolicLink: break
        default: throw ArtifactStoreError.occupied(path)
        }
        let previous = try HostFiles.target(ofLink: path)
        let target = target(of: key)
        if previous == target { return previous }
        try HostFiles.makeDirectory(path.removingLastComponent())
        try HostFiles.replaceLink(path, to: target)
        return previous
    }

    /// Makes the link of a worker what it was before `link`, unless it points elsewhere by now.
    package func restore(_ worker: WorkerName, from key: ArtifactKey, to previous: FilePath?) throws(HostError) {
        guard isLinked(worker, to: key) else { return }
        let path = link(of: worker, to: key.content)
        if let previous { try HostFiles.replaceLink(path, to: previous) } else { try HostFiles.removeFile(path) }
    }

    /// Whether the link of a worker points to an artifact.
    package func isLinked(_ worker: WorkerName, to key: ArtifactKey) -> Bool {
        let path = link(of: worker, to: key.content)
        // What cannot be read does not point there.
        return (try? HostFiles.target(ofLink: path)) == target(of: key)
    }

    /// Removes the link of a worker if it points to this artifact, and leaves every other.
    ///
    /// - Returns: whether it did.
    @discardableResult
    package func unlink(_ worker: WorkerName, from key: ArtifactKey) throws(HostError) -> Bool {
        guard isLinked(worker, to: key) else { return false }
        try HostFiles.removeFile(link(of: worker, to: key.content))
        return true
    }

    private func target(of key: ArtifactKey) -> FilePath {
        var path = FilePath("../store/sha256").appending(key.folderName)
        if let executable = key.executable { path.append(executable) }
        return path
    }
}
