// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import HostSystem
import SystemPackage
package import WorkerModel

/// Where an installed tree is not what was installed.
///
/// Paths are relative to the tree.
package enum TreeDifference: Sendable, Hashable {
    /// Other bytes.
    case contents(path: String, expected: Digest, actual: Digest)
    /// The same bytes with other permissions.
    case mode(path: String, expected: UInt16, actual: UInt16)
    /// A file that is gone, a folder that is gone, or something else in its place.
    case missing(path: String)
    /// Something that was not installed.
    case extra(path: String)

    package var path: String {
        switch self {
        case .contents(let path, _, _), .mode(let path, _, _), .missing(let path), .extra(let path): path
        }
    }
}

extension ArtifactStore {
    /// Compares an installed tree, byte for byte, with what was installed.
    ///
    /// - Returns: the differences, sorted by path; none where all is well.
    /// - Throws: `ArtifactStoreError.notStored`, `.listingUnreadable`, `HostError`.
    @concurrent
    package func verify(_ key: ArtifactKey) async throws -> [TreeDifference] {
        var comparison = TreeComparison(root: tree(of: key), listing: try listing(of: key))
        try comparison.run()
        return comparison.differences.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// Whether an artifact is installed and every file of it is there with its size and mode: a look, not a proof.
    ///
    /// Reads no file of the tree, so that it costs little however large the tree is.
    package func looksWhole(_ key: ArtifactKey) -> Bool {
        // What cannot be looked at is not whole.
        guard let listing = try? listing(of: key) else { return false }
        let root = tree(of: key)
        return listing.files.allSatisfy { file in
            let path = root.appending(file.path)
            return (try? HostFiles.kind(of: path)) == .file && (try? HostFiles.size(of: path)) == file.size
                && (try? HostFiles.mode(of: path)) == file.mode & 0o555
        }
    }

    /// Looks once at a tree that was placed before the machine was last started, and remembers that it is whole.
    func settle(_ key: ArtifactKey, _ stored: StoredListing) -> Bool {
        var comparison = TreeComparison(root: tree(of: key), listing: stored.listing)
        guard (try? comparison.run()) != nil, comparison.differences.isEmpty else { return false }
        let settled = StoredListing(listing: stored.listing, boot: nil)
        // Where it cannot be remembered, somebody else's store for example, it is looked at again.
        try? HostFiles.write(settled.encode(), to: listingPath(of: key.folderName))
        return true
    }
}

/// A walk through an installed tree.
///
/// Links are looked at and never followed.
private struct TreeComparison {
    private let root: FilePath
    private let listing: ArchiveListing
    private let expected: [String: ArchiveListing.File]
    private var unseen: Set<String>
    private(set) var differences: [TreeDifference] = []

    init(root: FilePath, listing: ArchiveListing) {
        self.root = root
        self.listing = listing
        expected = Dictionary(listing.files.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        unseen = Set(expected.keys).union(listing.emptyFolders)
    }

    mutating func run() throws {
        try walk("")
        differences += unseen.map { .missing(path: $0) }
    }

    private mutating func walk(_ folder: String) throws {
        for name in try HostFiles.entries(of: root.appending(folder)) {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            switch try HostFiles.kind(of: root.appending(path)) {
            case .directory where listing.hasFolder(path):
                unseen.remove(path)
                try walk(path)
            case .file:
                guard let file = expected[path] else { fallthrough }
                unseen.remove(path)
                try compare(file)
            default: differences.append(.extra(path: path))
            }
        }
    }

    private mutating func compare(_ file: ArchiveListing.File) throws {
        let path = root.appending(file.path)
        let actual = try HostFiles.digest(of: path)
        let mode = try HostFiles.mode(of: path) ?? 0
        if actual != file.digest {
            differences.append(.contents(path: file.path, expected: file.digest, actual: actual))
        } else if mode != file.mode & 0o555 {
            differences.append(.mode(path: file.path, expected: file.mode & 0o555, actual: mode))
        }
    }
}
