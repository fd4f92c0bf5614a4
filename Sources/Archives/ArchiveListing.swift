// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// What came out of an archive, sorted by the bytes of the paths.
package struct ArchiveListing: Sendable, Hashable {
    /// One regular file.
    package struct File: Sendable, Hashable {
        /// Relative to the root, parts joined by `/`.
        package let path: String
        package let size: ByteCount
        package let isExecutable: Bool
        package let digest: Digest

        package init(path: String, size: ByteCount, isExecutable: Bool, digest: Digest) {
            self.path = path
            self.size = size
            self.isExecutable = isExecutable
            self.digest = digest
        }

        /// The mode that archives and people know it by: 0755 or 0644.
        package var mode: UInt16 { isExecutable ? 0o755 : 0o644 }
    }

    package let files: [File]
    /// All folders below the root, those without an entry of their own too.
    package let directories: [String]

    package init(files: [File], directories: [String]) {
        self.files = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        self.directories = directories.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The sum of the sizes of all files.
    package var size: ByteCount { files.reduce(.zero) { $0 + $1.size } }

    package subscript(path: String) -> File? { files.first { $0.path == path } }
}
