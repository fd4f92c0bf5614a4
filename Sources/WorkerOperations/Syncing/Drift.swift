// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import ProjectFiles
package import SystemPackage
package import WorkerModel

/// One thing in which a project and its lock file have drifted apart.
package enum Drift: Sendable {
    /// `config.yaml` lists a worker that `iii.lock` does not have.
    case notLocked(WorkerName)
    /// `iii.lock` has a worker that `config.yaml` does not list, and that nobody needs.
    case notListed(WorkerName, version: String)
    /// A worker is locked from another registry than the list gives its name to.
    case otherRegistry(WorkerName, locked: String, listed: ChosenRegistry)
    /// A manifest needs a worker, and the lock file was written without that.
    case needAdded(WorkerName, range: String)
    case needChanged(WorkerName, from: String, to: String)
    case needRemoved(WorkerName, range: String)
    /// The manifests are others than those that were locked, and the lock file does not tell what they said.
    case manifestsChanged
    /// The lock file was written with manifests that are not there.
    case manifestGone
    /// A manifest that cannot be read.
    case unreadable(FilePath, any CodedError)
    /// What is locked is not on this machine.
    case notInstalled(WorkerName, version: String)
    /// What bundles run on is not on this machine.
    case noBase(ImageReference)
    /// There is no build for this host.
    case noBuild(WorkerName, available: [TargetTriple])

    /// One line, marked `+` for what the lock file lacks, `-` for what it has too much, `~` for what differs.
    package var line: String {
        switch self {
        case .notLocked(let name): "+ \(name) (in config.yaml, not in lock)"
        case .notListed(let name, let version): "- \(name) \(version.printable) (in lock, not in config.yaml)"
        case .otherRegistry(let name, let locked, let listed):
            "~ \(name) (locked from `\(locked.printable)`, belongs to \(listed))"
        case .needAdded(let name, let range): "+ \(name) \"\(range.printable)\" (not in lock)"
        case .needChanged(let name, let from, let to):
            "~ \(name) \"\(from.printable)\" → \"\(to.printable)\""
        case .needRemoved(let name, let range): "- \(name) \"\(range.printable)\" (in lock, not in manifest)"
        case .manifestsChanged: "~ the dependencies in the manifests are others than those that were locked"
        case .manifestGone: "- iii.worker.yaml (in lock, but there is none)"
        case .unreadable(let path, let error): "? \(path.string.printable): \(error.message.printable)"
        case .notInstalled(let name, let version): "- \(name) \(version.printable) (in lock, not installed)"
        case .noBase(let reference): "- \(reference) (the base of bundles, not installed)"
        case .noBuild(let name, let available):
            "- \(name) (no build for this platform, only for \(available.map(\.description).joined(separator: ", ")))"
        }
    }

    /// What puts it right.
    package var fix: String {
        switch self {
        case .notLocked(let name): "`iii worker add \(name)` locks it, `iii worker remove \(name)` takes it out"
        case .notListed(let name, _):
            "`iii worker update` takes it out of iii.lock, `iii worker add \(name)` lists it again"
        case .otherRegistry(let name, _, let listed):
            "`iii worker update \(name) --registry \(listed.base)` takes it from there; else correct `registries:`"
        case .needAdded, .needChanged, .needRemoved, .manifestsChanged: "`iii worker update` brings iii.lock up to date"
        case .manifestGone: "restore the manifest, or run `iii worker update`"
        case .unreadable(let path, _): "correct `\(path.string.printable)`"
        case .notInstalled, .noBase: "`iii worker sync` installs it"
        case .noBuild(let name, _): "`iii worker update \(name)` may bring a version that was built for this platform"
        }
    }

    /// What drifted: whether files of the project disagree, rather than the project and this machine.
    package var isOfFiles: Bool {
        switch self {
        case .notInstalled, .noBase, .noBuild: false
        default: true
        }
    }

    /// Whether `sync` can do nothing before this is put right.
    var stopsSync: Bool {
        switch self {
        case .notLocked, .noBuild: true
        default: false
        }
    }
}

extension ProjectState {
    /// Where the files of a project disagree, in the order in which a report shows it.
    ///
    /// `registries` says which registry each name belongs to.
    package func drift(_ registries: RegistryList) -> [Drift] {
        let unlocked = config.entries.compactMap { entry -> Drift? in
            guard case .named = entry.source, lock.workers[entry.name] == nil,
                !BuiltinWorkers.names.contains(entry.name.description)
            else { return nil }
            return .notLocked(entry.name)
        }
        let unreadable = locals.problems.map { Drift.unreadable($0.folder, $0.error) }
        let unlisted = unlisted.map { Drift.notListed($0, version: version(of: $0) ?? "") }
        let strayed = strayed(registries).map { Drift.otherRegistry($0.name, locked: $0.from, listed: $0.to) }
        return unlocked + unlisted + strayed + (locals.problems.isEmpty ? manifestDrift : []) + unreadable
    }

    private var manifestDrift: [Drift] {
        let now = LockedManifest(locals.workers.flatMap(\.dependencies))
        let isGone = locals.workers.isEmpty
        switch (lock.manifest, now) {
        case (.declared(let old), _) where isGone && !old.isEmpty:
            return [.manifestGone] + old.sorted { $0.key < $1.key }.map { .needRemoved($0.key, range: "\($0.value)") }
        case (.hash, _) where isGone: return [.manifestGone]
        case (.declared(let old), .declared(let new)): return Self.drift(from: old, to: new)
        case (.declared(let old), .none): return Self.drift(from: old, to: [:])
        case (.none, _): return needsThatAreNotMet
        default: return lock.manifest.hash == now.hash ? [] : [.manifestsChanged]
        }
    }

    /// A lock file without a hash: what the manifests need has to be there.
    private var needsThatAreNotMet: [Drift] {
        let own = own
        return locals.workers.flatMap(\.demands).filter { !meets($0, own) }
            .map { .needAdded($0.name, range: $0.text) }
    }

    private static func drift(
        from old: [WorkerName: LockedRange],
        to new: [WorkerName: LockedRange]
    ) -> [Drift] {
        let byName: ((key: WorkerName, value: LockedRange), (key: WorkerName, value: LockedRange)) -> Bool = {
            $0.key < $1.key
        }
        let added = new.filter { old[$0.key] == nil }.sorted(by: byName)
            .map { Drift.needAdded($0.key, range: "\($0.value)") }
        let removed = old.filter { new[$0.key] == nil }.sorted(by: byName)
            .map { Drift.needRemoved($0.key, range: "\($0.value)") }
        let changed = new.sorted(by: byName).compactMap { name, range -> Drift? in
            guard let before = old[name], before != range else { return nil }
            return .needChanged(name, from: "\(before)", to: "\(range)")
        }
        return added + removed + changed
    }
}

/// A project that is not as its lock file says.
///
/// W150.
package struct ProjectDrifted: CodedError {
    package let items: [Drift]
    package let lockfile: FilePath

    package init(items: [Drift], lockfile: FilePath) {
        self.items = items
        self.lockfile = lockfile
    }

    package var code: ErrorCode { .lockfileMismatch }

    package var message: String {
        let about = items.contains(where: \.isOfFiles) ? "the project" : "what is installed"
        return "\(about) is not as `\(lockfile.string.printable)` says"
    }

    package var hints: [String] { items.map(\.fix).unique }
    package var details: [(key: String, value: String)] {
        [("path", lockfile.string)] + items.enumerated().map { ("drift_\($0)", $1.line) }
    }
}
