// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ProjectFiles
package import WorkerModel

/// What is stored: the contents of one archive, as a whole tree or as the one executable in it.
package struct ArtifactKey: Sendable, Hashable {
    /// What is taken out of the archive.
    package enum Content: Sendable, Hashable {
        case bundle
        case executable(of: WorkerName, for: TargetTriple)
    }

    /// The digest of the archive.
    package let digest: Digest
    package let content: Content

    /// The tree of a bundle.
    package static func bundle(_ digest: Digest) -> ArtifactKey { ArtifactKey(digest: digest, content: .bundle) }

    /// The executable of a binary worker.
    ///
    /// One archive may hold those of several workers, so its name is part of the key.
    package static func binary(_ digest: Digest, of worker: WorkerName, for target: TargetTriple) -> ArtifactKey {
        ArtifactKey(digest: digest, content: .executable(of: worker, for: target))
    }

    /// The name of the executable's file, nil for a bundle.
    package var executable: String? {
        guard case .executable(let worker, let target) = content else { return nil }
        return target.executableName(of: worker)
    }

    /// The name of its folder: `<digest>`, or `<digest>-NAME` for an executable.
    var folderName: String { digest.description + (executable.map { "-" + $0 } ?? "") }
}

extension ArtifactKey {
    /// What stands for a locked worker on a host; nil for a kind that has no bytes, and for a binary that was not built for
    /// this host.
    package init?(of name: WorkerName, _ locked: LockedWorker, on host: TargetTriple?) {
        switch locked.source {
        case .engine, .image: return nil
        case .bundle(let artifact): self = .bundle(artifact.digest)
        case .binary(let builds):
            guard let target = host?.runnable.first(where: { builds[$0] != nil }), let build = builds[target] else {
                return nil
            }
            self = .binary(build.digest, of: name, for: target)
        }
    }
}
