// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import HostSystem
import SourceFolders
package import SystemPackage

/// The files of a worker's folder that are source: everything but what version control ignores.
package struct SourceTree: Sendable, Hashable {
    /// A file as its name and what tells that it changed.
    package struct File: Hashable, Sendable {
        /// Relative to the folder, with `/` between the parts.
        package let path: String
        package let stamp: HostFiles.Stamp
    }

    /// In the order of their paths.
    package let files: [File]
    /// The folders that are not ignored, the root as an empty text first.
    package let folders: [String]

    /// The most files that one worker's source has.
    package static let maximumFiles = 20_000
    /// Folders that are never source: of version control itself.
    private static let versionControl: Set<String> = [".git", ".hg", ".svn", ".jj"]

    /// Looks at a folder.
    ///
    /// Links are left out: what they name is not the worker's.
    ///
    /// - Throws: `HostError`; `TooManyFiles` above the limit; `FileTooLarge` for ignore rules above 1 MiB.
    package init(of root: FilePath) throws {
        var files: [File] = []
        var folders: [String] = []
        var open: [(path: String, rules: IgnoreRules)] = [("", try IgnoreRules(above: root))]
        while let (folder, inherited) = open.popLast() {
            var rules = inherited
            folders.append(folder)
            let place = folder.isEmpty ? root : root.appending(folder)
            try rules.read(in: folder, at: place)
            for name in try HostFiles.entries(of: place) where !Self.versionControl.contains(name) {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                // What went away meanwhile is not there.
                guard let stamp = try HostFiles.stamp(of: place.appending(name)) else { continue }
                if rules.ignores(path, isFolder: stamp.kind == .directory) { continue }
                switch stamp.kind {
                case .directory: open.append((path, rules))
                case .file: files.append(File(path: path, stamp: stamp))
                case .symbolicLink, .other: continue
                }
                if files.count > Self.maximumFiles { throw TooManyFiles(folder: root, limit: Self.maximumFiles) }
            }
        }
        self.files = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        self.folders = folders.sorted()
    }
}
