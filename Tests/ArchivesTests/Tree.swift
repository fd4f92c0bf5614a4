// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import Testing
import WorkerModel

@testable import Archives

/// A tree of files in memory, to compare trees on disk by.
struct Tree: Equatable, CustomStringConvertible {
    struct File: Equatable {
        let digest: Digest
        let isExecutable: Bool
    }

    var files: [String: File] = [:]
    var folders: Set<String> = []

    /// What lies below a folder on disk; anything but files and folders fails the test.
    init(below root: FilePath) throws { try add(root, "") }

    init(_ listing: ArchiveListing) {
        for file in listing.files { files[file.path] = File(digest: file.digest, isExecutable: file.isExecutable) }
        for folder in listing.emptyFolders { folders.formUnion(Self.prefixes(of: folder + "/")) }
        for file in listing.files { folders.formUnion(Self.prefixes(of: file.path)) }
    }

    /// `a` and `a/b` of `a/b/c`.
    private static func prefixes(of path: String) -> [String] {
        path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) }
    }

    private mutating func add(_ folder: FilePath, _ prefix: String) throws {
        for name in try HostFiles.entries(of: folder) {
            let path = folder.appending(name)
            switch try HostFiles.kind(of: path) {
            case .directory:
                folders.insert(prefix + name)
                try add(path, prefix + name + "/")
            case .file:
                let mode = try HostFiles.mode(of: path) ?? 0
                files[prefix + name] = File(digest: .sha256(try read(path)), isExecutable: mode & 0o100 != 0)
            default: Issue.record("\(path) is neither file nor folder")
            }
        }
    }

    var description: String { (Array(files.keys) + folders.map { $0 + "/" }).sorted().joined(separator: " ") }
}

/// The whole of a file.
func read(_ path: FilePath) throws -> [UInt8] { try #require(try HostFiles.read(path, upTo: .mebibytes(64))) }
