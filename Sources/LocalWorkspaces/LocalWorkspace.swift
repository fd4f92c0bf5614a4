// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
package import SystemPackage
import WorkerModel

/// A worker's own copy of its source, where it runs and where its installs leave what they make.
///
/// Layout: `tree/` is the copy, `home/` the worker's home folder, `prepared` what the last preparation depended on.
package struct LocalWorkspace: Sendable, Hashable {
    package let source: FilePath
    package let folder: FilePath

    package init(source: FilePath, folder: FilePath) {
        self.source = source
        self.folder = folder
    }

    package var tree: FilePath { folder.appending("tree") }
    package var home: FilePath { folder.appending("home") }
    private var record: FilePath { folder.appending("prepared") }
    private var copied: FilePath { folder.appending("copied") }

    private static let maximumFile = ByteCount.mebibytes(256)
    private static let maximumRecord = ByteCount.mebibytes(8)
    /// Files by whose contents an install is decided, whichever language it is in.
    private static let dependencyFiles: Set<String> = [
        "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock",
        "bun.lockb", "requirements.txt", "pyproject.toml", "poetry.lock", "uv.lock", "Pipfile", "Pipfile.lock",
        "setup.py", "setup.cfg", "Cargo.toml", "Cargo.lock", "go.mod", "go.sum", "Gemfile", "Gemfile.lock",
        "Package.swift", "Package.resolved", "composer.json", "composer.lock",
    ]

    /// Makes the copy equal to the source.
    ///
    /// Files that were copied before and are gone from the source are removed; what the worker or its installs made stays.
    ///
    /// - Parameter owner: Who is to own the copy, nil for this process's user.
    /// - Returns: the source as it was copied.
    /// - Throws: `HostError`, `TooManyFiles`.
    @discardableResult
    package func update(owner: UInt32?) throws -> SourceTree {
        for path in [folder, tree, home] { try HostFiles.makeDirectory(path, mode: 0o700) }
        if let owner { for path in [tree, home] { try HostFiles.setOwner(owner, of: path) } }
        let now = try SourceTree(of: source)
        let before = try copiedBefore()
        let present = Set(now.files.map(\.path))
        for path in before.keys where !present.contains(path) {
            try HostFiles.removeBelow(tree, path)
        }
        for file in now.files where before[file.path] != file.stamp.text {
            guard let bytes = try HostFiles.read(source.appending(file.path), upTo: Self.maximumFile) else { continue }
            try HostFiles.writeBelow(
                tree,
                file.path,
                bytes,
                mode: file.stamp.isExecutable ? 0o755 : 0o644,
                owner: owner
            )
        }
        let lines = now.files.map { "\($0.stamp.text) \($0.path)\n" }.joined()
        try HostFiles.write(Array(lines.utf8), to: copied, mode: 0o600)
        return now
    }

    private func copiedBefore() throws -> [String: String] {
        guard let bytes = try HostFiles.read(copied, upTo: Self.maximumRecord) else { return [:] }
        var found: [String: String] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let blank = line.firstIndex(of: " ") else { continue }
            found[String(line[line.index(after: blank)...])] = String(line[..<blank])
        }
        return found
    }

    /// What the result of `setup` and `install` depends on: their words, and the files that name dependencies.
    package func inputs(setup: String?, install: String?, of source: SourceTree) throws -> String {
        var hasher = DigestHasher()
        hasher.update(Array("\(setup ?? "")\0\(install ?? "")\0".utf8))
        for file in source.files {
            let name = file.path.split(separator: "/").last.map(String.init) ?? ""
            guard Self.dependencyFiles.contains(name) else { continue }
            hasher.update(Array("\(file.path)\0".utf8))
            hasher.update(try HostFiles.read(self.source.appending(file.path), upTo: Self.maximumFile) ?? [])
        }
        return hasher.finalize().description
    }

    /// Whether the last preparation that came to its end had these inputs.
    package func isPrepared(for inputs: String) throws -> Bool {
        try HostFiles.read(record, upTo: .kibibytes(1)) == Array(inputs.utf8)
    }

    /// To be called when `setup` and `install` have both ended well.
    package func markPrepared(for inputs: String) throws {
        try HostFiles.write(Array(inputs.utf8), to: record, mode: 0o600)
    }
}
