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
    /// The folders that hold nothing; those that hold something are known by what they hold.
    package let emptyFolders: [String]

    /// - Parameters:
    ///   - files: in any order, no path twice.
    ///   - folders: paths of folders, such as an archive has entries for; may name any number of those that hold something.
    package init(files: [File], folders: [String]) {
        self.files = files.sorted { Self.precedes($0.path, $1.path) }
        let paths = (files.map(\.path) + folders).sorted(by: Self.precedes)
        emptyFolders = Set(folders).filter { !Self.isFolder($0, among: paths) }.sorted(by: Self.precedes)
    }

    /// The sum of the sizes of all files.
    package var size: ByteCount { files.reduce(.zero) { $0 + $1.size } }

    package subscript(path: String) -> File? { files.first { $0.path == path } }

    /// Whether there is a folder at `path`, with or without anything in it.
    package func hasFolder(_ path: String) -> Bool {
        emptyFolders.contains(path) || Self.isFolder(path, among: files.map(\.path))
            || Self.isFolder(path, among: emptyFolders)
    }

    /// Whether any of the sorted paths lies below `folder`.
    private static func isFolder(_ folder: String, among paths: [String]) -> Bool {
        let prefix = folder + "/"
        var (low, high) = (0, paths.count)
        while low < high {
            let middle = (low + high) / 2
            if precedes(paths[middle], prefix) { low = middle + 1 } else { high = middle }
        }
        return low < paths.count && paths[low].utf8.starts(with: prefix.utf8)
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
