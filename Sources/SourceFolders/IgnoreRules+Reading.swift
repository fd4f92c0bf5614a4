// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
package import SystemPackage
import WorkerModel

extension IgnoreRules {
    private static let maximumSize = ByteCount.mebibytes(1)
    private static let gitsFile = ".gitignore"

    /// The rules that hold in `root` before its own are added: those of the git repository that it is in.
    ///
    /// They are those of `.git/info/exclude`, and of each `.gitignore` between the folder with `.git` and `root`. A
    /// folder that these rules ignore is none of the repository's, and they say nothing about what is in it.
    ///
    /// - Throws: `HostError`, `FileTooLarge` for a file of rules above 1 MiB.
    package init(above root: FilePath) throws {
        let root = HostFiles.canonicalIfThere(root)
        guard let top = try Self.repository(of: root) else {
            self.init()
            return
        }
        var rest = root
        _ = rest.removePrefix(top)
        let parts = rest.components.map { Array($0.string.utf8) + [UInt8(ascii: "/")] }
        self.init(lead: Array(parts.joined()))
        if let exclude = try Self.excludeFile(of: top), let bytes = try HostFiles.read(exclude, upTo: Self.maximumSize)
        {
            add(bytes, of: exclude, depth: 0)
        }
        var (folder, path) = (top, [UInt8]())
        for (component, part) in zip(rest.components, parts) {
            try read([Self.gitsFile], at: folder, depth: path.count)
            path += part
            folder.append(component)
            if decision(about: path.dropLast(), isFolder: true)?.isIgnored == true {
                self.init()
                return
            }
        }
    }

    /// Adds the rules of the first of some files that stands in a folder.
    ///
    /// `folder` is a path relative to the root, `place` where it is. What is no regular file is no file of rules, a link
    /// neither, as for git.
    ///
    /// - Throws: As above.
    package mutating func read(
        firstOf names: [String] = [".gitignore"],
        in folder: String,
        at place: FilePath
    ) throws {
        try read(names, at: place, depth: depth(of: folder))
    }

    private mutating func read(_ names: [String], at place: FilePath, depth: Int) throws {
        for name in names {
            let file = place.appending(name)
            guard try HostFiles.kind(of: file) == .file,
                let bytes = try HostFiles.read(file, upTo: Self.maximumSize)
            else { continue }
            return add(bytes, of: file, depth: depth)
        }
    }

    /// The nearest folder upward that holds `.git`.
    private static func repository(of root: FilePath) throws -> FilePath? {
        var folder = root
        while true {
            if try HostFiles.kind(of: folder.appending(".git")) != nil { return folder }
            if !folder.removeLastComponent() { return nil }
        }
    }

    /// Where a repository keeps the rules that are nobody else's.
    ///
    /// Of a work tree or a submodule `.git` is a file that names the folder; the work trees of a repository share one.
    private static func excludeFile(of top: FilePath) throws -> FilePath? {
        var folder = top.appending(".git")
        if try HostFiles.kind(of: folder) == .file {
            guard let named = try firstLine(of: folder), named.hasPrefix("gitdir: ") else { return nil }
            folder = top.pushing(FilePath(String(named.dropFirst("gitdir: ".count))))
            if let shared = try firstLine(of: folder.appending("commondir")) { folder.push(FilePath(shared)) }
        }
        let file = HostFiles.canonicalIfThere(folder.pushing("info/exclude"))
        return try HostFiles.kind(of: file) == .file ? file : nil
    }

    private static func firstLine(of file: FilePath) throws -> String? {
        guard try HostFiles.kind(of: file) == .file, let bytes = try HostFiles.read(file, upTo: .kibibytes(8)) else {
            return nil
        }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }
}
