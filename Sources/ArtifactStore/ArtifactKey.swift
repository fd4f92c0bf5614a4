// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

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
