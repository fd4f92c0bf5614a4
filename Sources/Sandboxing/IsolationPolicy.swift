// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// Where the code of a worker comes from, as far as its isolation depends on it.
package enum WorkerOrigin: Hashable, Sendable {
    case binary
    case bundle
    case image
    /// A folder of the user's own.
    case localPath
}

/// Who says how strong a sandbox must be.
package enum MinimumSource: Hashable, Sendable, CustomStringConvertible {
    /// A bundle or an image: never below `namespaces`.
    case kind(WorkerOrigin)
    /// `min_isolation:` of the machine.
    case machine

    package var description: String {
        switch self {
        case .kind(.bundle): "a bundle"
        case .kind(.image): "an image"
        case .kind(.binary), .kind(.localPath): "this kind of worker"
        case .machine: "`min_isolation` of this machine"
        }
    }
}

/// What was said about one worker's isolation, and what follows.
package struct IsolationPolicy: Hashable, Sendable {
    package var name: WorkerName
    package var origin: WorkerOrigin
    /// The sandbox is made of folders of the host that no machine gets: `base: host`, or a folder of the user's own.
    package var needsHostFiles: Bool
    /// `--isolation`, else `isolation:` of the worker in `config.yaml`.
    package var asked: IsolationTier?
    /// `min_isolation:` of `~/.iii/settings.yaml`.
    package var machineMinimum: IsolationTier?

    package init(
        name: WorkerName,
        origin: WorkerOrigin,
        needsHostFiles: Bool = false,
        asked: IsolationTier? = nil,
        machineMinimum: IsolationTier? = nil
    ) {
        self.name = name
        self.origin = origin
        self.needsHostFiles = needsHostFiles
        self.asked = asked
        self.machineMinimum = machineMinimum
    }

    /// The tiers to try, best first.
    ///
    /// What was asked for is tried alone: an explicit choice never falls back. Else a binary that need not be sandboxed
    /// is not; what starts from the user's own folder or from the host's own programs is in `namespaces`; for others it is
    /// the strongest tier that is quick here: `vm`, then `namespaces`, then `emulated-vm`.
    ///
    /// - Throws: `SandboxError.tooWeak` where less was asked for, or can be, than must be; `.notSupported` for a machine
    ///   that was asked for what no machine gets.
    package func candidates() throws(SandboxError) -> [IsolationTier] {
        let (minimum, source) = strictestMinimum
        if let asked {
            guard asked.isAtLeast(minimum) else {
                throw .tooWeak(name, asked: asked, minimum: minimum, setBy: source)
            }
            if needsHostFiles, !IsolationTier.namespaces.isAtLeast(asked) {
                throw .notSupported(asked, what: "run `\(name)`, which needs programs or folders of this machine")
            }
            return [asked]
        }
        if minimum == .none, origin == .binary { return [.none] }
        if needsHostFiles {
            guard IsolationTier.namespaces.isAtLeast(minimum) else {
                throw .tooWeak(name, asked: .namespaces, minimum: minimum, setBy: source)
            }
            return [.namespaces]
        }
        return [.vm, .namespaces, .emulatedVM].filter { $0.isAtLeast(minimum) }
    }

    package var minimum: IsolationTier { strictestMinimum.minimum }

    private var strictestMinimum: (minimum: IsolationTier, source: MinimumSource) {
        let ofKind: IsolationTier = origin == .bundle || origin == .image ? .namespaces : .none
        guard let machineMinimum, !ofKind.isAtLeast(machineMinimum) else { return (ofKind, .kind(origin)) }
        return (machineMinimum, .machine)
    }
}

extension IsolationTier {
    /// Reads a tier's name.
    ///
    /// - Throws: `SandboxError.unknownTier`, which says in which `place` it stands.
    package init(parsing text: String, in place: String) throws(SandboxError) {
        guard let tier = IsolationTier(rawValue: text) else { throw .unknownTier(text, place: place) }
        self = tier
    }
}
