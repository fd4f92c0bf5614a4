// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Archives
import Diagnostics
import HostSystem
import SourceFolders
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

    /// What says of a folder what stays out: the first of these that it has.
    private static let rulesFiles = [".iiiignore", ".gitignore"]

    /// Collects the files below `root`.
    ///
    /// `.iiiignore` is honoured, or else `.gitignore`, in every folder on the way, and what git ignores above `root`.
    /// Folders without files are not packed.
    ///
    /// - Parameters:
    ///   - root: The folder of the worker.
    ///   - worker: Archives of this worker that lie in the folder, as `pack` leaves them there, are not packed again.
    ///   - limits: What the archive may hold.
    ///   - allowedSecrets: Paths that are packed even though they look like secrets.
    /// - Throws: `PackingError` (W190) for links, special files, what is beyond the limits and what looks like a secret;
    ///   `HostError`.
    package init(
        of root: FilePath,
        worker: WorkerName? = nil,
        limits: ArchiveLimits = .bundle,
        allowedSecrets: Set<String> = []
    ) throws {
        let allowed = Set(allowedSecrets.map(Self.plain))
        var faults: [PackingError.UnpackableEntry] = []
        var rules = try IgnoreRules(above: root)
        try collect(root, "", &rules, allowed, &faults)
        if !faults.isEmpty { throw PackingError.unpackable(faults) }
        if let worker { items.removeAll { Self.isArchive($0.path, of: worker) } }
        items.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        if items.isEmpty { throw PackingError.nothingToPack(root, ignoring: try Self.ruleForEverything(in: root)) }
        let packed = Set(items.map(\.path))
        if let path = allowed.subtracting(packed).min() { throw PackingError.allowedSecretNotPacked(path) }
        let exceeded = PackingLimits(items, limits).exceeded
        if !exceeded.isEmpty { throw PackingError.overLimits(exceeded) }
        let secrets = try SecretScanner.findings(in: items.filter { !allowed.contains($0.path) })
        if !secrets.isEmpty { throw PackingError.secrets(secrets) }
    }

    private mutating func collect(
        _ folder: FilePath,
        _ path: String,
        _ rules: inout IgnoreRules,
        _ allowedSecrets: Set<String>,
        _ faults: inout [PackingError.UnpackableEntry]
    ) throws {
        try rules.read(firstOf: Self.rulesFiles, in: path, at: folder)
        for name in try HostFiles.entries(of: folder) {
            let inner = path.isEmpty ? name : "\(path)/\(name)"
            let file = folder.appending(name)
            let kind = try HostFiles.kind(of: file)
            if rules.ignores(inner, isFolder: kind == .directory) { continue }
            if CustomaryNames.isNeverPacked(inner), !allowedSecrets.contains(inner) {
                if !CustomaryNames.isUninteresting(name) { leftOut.append(inner) }
                continue
            }
            switch kind {
            case .directory:
                var rules = rules
                try collect(file, inner, &rules, allowedSecrets, &faults)
            case .file: try add(file, inner)
            case .symbolicLink: faults.append(.init(path: inner, isLink: true))
            case .other, nil: faults.append(.init(path: inner, isLink: false))
            }
        }
    }

    private mutating func add(_ file: FilePath, _ path: String) throws {
        let mode = try HostFiles.mode(of: file) ?? 0o644
        let size = try HostFiles.size(of: file) ?? .zero
        items.append(Item(path: path, file: file, size: size, isExecutable: mode & 0o100 != 0))
    }

    /// Why a file below `root` that is not among those to be packed is not.
    static func absence(of path: String, below root: FilePath) throws -> PackingError.Absence {
        guard try HostFiles.kind(of: root.appending(path)) != nil else { return .notThere }
        guard let (rule, entry) = try rule(leavingOut: path, below: root) else { return .neverPacked }
        let own = root.appending(rulesFiles[0])
        let canonical = HostFiles.canonicalIfThere(root)
        let folder = HostFiles.canonicalIfThere(rule.file.removingLastComponent())
        let remedy: String
        if folder != canonical, folder.starts(with: canonical) {
            remedy = "put an `.iiiignore` beside `\(rule.file.string.printable)`: it counts instead"
        } else if try HostFiles.kind(of: own) != nil {
            remedy = "add the line `!/\(entry.printable)` at the end of `\(own.string.printable)`"
        } else if try HostFiles.kind(of: root.appending(rulesFiles[1])) != nil {
            remedy =
                "write an `.iiiignore` in the worker's folder, which counts instead of its `.gitignore`, with what is to stay "
                + "out and, at its end, the line `!/\(entry.printable)`"
        } else {
            remedy = "write the line `!/\(entry.printable)` in `\(own.string.printable)`"
        }
        return .ignored(by: rule, entry: entry, remedy: remedy)
    }

    /// The rule by which a path below `root`, or the folder `entry` that it is in, is ignored; nil where no rule says so.
    private static func rule(
        leavingOut path: String,
        below root: FilePath
    ) throws -> (rule: IgnoreRules.Decision, entry: String)? {
        var rules = try IgnoreRules(above: root)
        var (folder, seen) = (root, "")
        let parts = path.split(separator: "/").map(String.init)
        for (index, part) in parts.enumerated() {
            try rules.read(firstOf: rulesFiles, in: seen, at: folder)
            seen = seen.isEmpty ? part : "\(seen)/\(part)"
            folder.append(part)
            let isFolder = index < parts.count - 1
            if let rule = rules.decision(about: seen, isFolder: isFolder), rule.isIgnored { return (rule, seen) }
        }
        return nil
    }

    /// The rule that leaves out the manifest, and with it most likely all.
    private static func ruleForEverything(in root: FilePath) throws -> IgnoreRules.Decision? {
        guard let name = try HostFiles.entries(of: root).first(where: { !CustomaryNames.isUninteresting($0) }) else {
            return nil
        }
        return try rule(leavingOut: name, below: root)?.rule
    }

    /// `./a//b` is `a/b`.
    private static func plain(_ path: String) -> String {
        path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// Whether a file at the top is named as `pack` names its archives: `NAME-1.2.0.tar.gz`, `NAME-1.2.0-TARGET.zip`.
    private static func isArchive(_ path: String, of worker: WorkerName) -> Bool {
        let start = "\(worker)-"
        guard path.hasPrefix(start), !path.contains("/"), path.hasSuffix(".tar.gz") || path.hasSuffix(".zip") else {
            return false
        }
        return path.dropFirst(start.count).first?.isNumber ?? false
    }
}
