// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// A program of iii that a registry offers to its users: one file for one target, its bytes a blob.
package struct ServedProgram: Hashable, Sendable {
    package let version: SemanticVersion
    package let target: TargetTriple
    /// `iii`, or `iii-guest`, which starts workers inside sandboxes.
    package let name: String
    package let digest: Digest
    package let size: ByteCount

    package init(version: SemanticVersion, target: TargetTriple, name: String, digest: Digest, size: ByteCount) {
        self.version = version
        self.target = target
        self.name = name
        self.digest = digest
        self.size = size
    }
}

/// What is remembered of the programs that a registry offers: all of one version.
package protocol ProgramReading {
    /// In the order of targets and names; empty where none are offered.
    func programs() throws(RegistryStorageError) -> [ServedProgram]
}

package protocol ProgramWriting {
    /// Puts these in the place of all that were offered.
    func replacePrograms(_ programs: [ServedProgram]) throws(RegistryStorageError)
}
