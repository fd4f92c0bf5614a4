// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Dispatch
import HostSystem
package import SystemPackage
package import WorkerModel

/// The files of a worker's folder that go into its archive.
package struct PackingList: Sendable {
    /// One file that is packed.
    package struct Item: Hashable, Sendable {
        /// Relative, with `/` between its parts.
        package let path: String
        package let file: FilePath
        package let size: ByteCount
        package let isExecutable: Bool
    }

    /// Sorted by the bytes of their paths.
    package private(set) var items: [Item] = []
    /// Paths that are never packed though no rule of the author names them, such as `.env`.
    package private(set) var leftOut: [String] = []

    package var totalSize: ByteCount { items.reduce(.zero) { $0 + $1.size } }

    /// Collects the files below `root`.
    ///
    /// `.iiiignore` is honoured, or else `.gitignore`, in every folder on the way. Folders without files are not packed.
    ///
    /// - Parameters:
    ///   - root: The folder of the worker.
    ///   - worker: Archives of this worker that lie in the folder, as `pack` leaves them there, are not packed again.
    ///   - allowedSecrets: Paths that are packed even though they look like secrets.
    /// - Throws: `PackingError` (W190) for links, special files and what looks like a secret; `HostError`.
    package init(of root: FilePath, worker: WorkerName? = nil, allowedSecrets: Set<String> = []) throws {
        try collect(root, [], [], allowedSecrets)
        if let worker { items.removeAll { Self.isArchive($0.path, of: worker) } }
        items.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        try expectNoSecrets(but: allowedSecrets)
        if items.isEmpty { throw PackingError.nothingToPack(root) }
    }

    private mutating func collect(
        _ folder: FilePath,
        _ path: [String],
        _ inherited: [(depth: Int, rules: IgnoreRules)],
        _ allowedSecrets: Set<String>
    ) throws {
        var rules = inherited
        if let own = try Self.rules(in: folder) { rules.append((path.count, own)) }
        for name in try HostFiles.entries(of: folder) {
            let inner = path + [name]
            let file = folder.appending(name)
            let shown = inner.joined(separator: "/")
            let kind = try HostFiles.kind(of: file)
            if Self.isIgnored(inner, isFolder: kind == .directory, rules) { continue }
            if Self.isNeverPacked(inner), !allowedSecrets.contains(shown) {
                if !Self.isUninteresting(name) { leftOut.append(shown) }
                continue
            }
            switch kind {
            case .directory: try collect(file, inner, rules, allowedSecrets)
            case .file: try add(file, shown)
            case .symbolicLink: throw PackingError.link(shown)
            case .other, nil: throw PackingError.specialFile(shown)
            }
        }
    }

    /// Looks into all files, several at once, and tells of the first that holds a secret.
    private func expectNoSecrets(but allowed: Set<String>) throws {
        let suspects = items.filter { !allowed.contains($0.path) }
        var findings = [Result<String?, any Error>](repeating: .success(nil), count: suspects.count)
        findings.withUnsafeMutableBufferPointer { findings in
            // Safety: each iteration writes the one finding that is its own, and all have ended when this returns.
            nonisolated(unsafe) let findings = findings
            DispatchQueue.concurrentPerform(iterations: suspects.count) { index in
                findings[index] = Result { try SecretScanner.finding(in: suspects[index].file) }
            }
        }
        for (item, finding) in zip(suspects, findings) {
            if let what = try finding.get() { throw PackingError.secret(item.path, what) }
        }
    }

    private mutating func add(_ file: FilePath, _ path: String) throws {
        let mode = try HostFiles.mode(of: file) ?? 0o644
        let size = try HostFiles.size(of: file) ?? .zero
        items.append(Item(path: path, file: file, size: size, isExecutable: mode & 0o100 != 0))
    }

    private static func rules(in folder: FilePath) throws -> IgnoreRules? {
        for name in [".iiiignore", ".gitignore"] {
            if let bytes = try HostFiles.read(folder.appending(name), upTo: .mebibytes(1)) {
                return IgnoreRules(parsing: String(decoding: bytes, as: UTF8.self))
            }
        }
        return nil
    }

    private static func isIgnored(
        _ path: [String],
        isFolder: Bool,
        _ rules: [(depth: Int, rules: IgnoreRules)]
    ) -> Bool {
        for (depth, rules) in rules.reversed() {
            if let verdict = rules.verdict(on: Array(path[depth...]), isFolder: isFolder) { return verdict }
        }
        return false
    }

    /// Whether a file at the top is named as `pack` names its archives: `NAME-1.2.0.tar.gz`, `NAME-1.2.0-TARGET.zip`.
    private static func isArchive(_ path: String, of worker: WorkerName) -> Bool {
        let start = "\(worker)-"
        guard path.hasPrefix(start), !path.contains("/"), path.hasSuffix(".tar.gz") || path.hasSuffix(".zip") else {
            return false
        }
        return path.dropFirst(start.count).first?.isNumber ?? false
    }

    /// What nobody expects in an archive, and need not be told of.
    private static func isUninteresting(_ name: String) -> Bool {
        [".git", ".hg", ".svn", ".DS_Store", ".iiiignore", ".gitignore", "__pycache__"].contains(name)
    }

    /// Version control, secrets by their customary names, and what only matters on the author's machine.
    private static func isNeverPacked(_ path: [String]) -> Bool {
        guard let name = path.last else { return false }
        if isUninteresting(name) { return true }
        if name == ".env" || name.hasPrefix(".env.") { return true }
        if path.suffix(2) == ["node_modules", ".cache"] { return true }
        return ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"].contains(name)
    }
}
