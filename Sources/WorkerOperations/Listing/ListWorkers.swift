// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ProjectFiles
package import WorkerModel

/// What a project declares, with what of it is locked and installed.
package struct ListWorkers: Sendable {
    package struct Row: Sendable, Hashable {
        package let name: WorkerName
        /// The locked version, or that of a local worker's manifest; nil where neither tells.
        package let version: String?
        /// As it stands in the project: `binary`, `bundle`, `engine`, `image`, `local`, nil where nothing tells.
        package let kind: String?
        /// What the user asked for, nil for a worker that others need.
        package let selector: VersionSelector?
        /// Whether its verified bytes are on this machine; nil where there are none to install.
        package let isInstalled: Bool?
        /// What the registry said of the locked version when it was last asked.
        package let notes: [VersionNote]
        /// The registry that it is locked from; nil for one that came from none.
        package let registry: String?

        /// Whether it is a part of the engine that this engine does not have.
        package var isPartOfAnotherEngine: Bool {
            kind == WorkerKind.engine.rawValue && !BuiltinWorkers.own.contains(name.description)
        }
    }

    let project: Project
    let installation: Installation

    package init(project: Project, installation: Installation) {
        self.project = project
        self.installation = installation
    }

    /// In the order of `config.yaml`.
    ///
    /// - Throws: `ProjectError`.
    package func run() async throws -> [Row] {
        let state = try ProjectState(reading: project)
        var rows: [Row] = []
        for entry in state.config.entries {
            let locked = state.lock.workers[entry.name]
            var isInstalled: Bool?
            if let locked { isInstalled = try await installation.isInstalled(entry.name, locked) }
            rows.append(
                Row(
                    name: entry.name,
                    version: state.version(of: entry.name),
                    kind: Self.kind(of: entry, locked),
                    selector: locked?.selector,
                    isInstalled: isInstalled,
                    notes: locked?.notes ?? [],
                    registry: state.registry(of: entry.name)
                )
            )
        }
        return rows
    }

    /// The image of a worker that was added as one, as it is locked; nil for every other worker, also for none.
    ///
    /// - Throws: `ProjectError`.
    package static func image(of name: WorkerName, in project: Project) throws -> ImageReference? {
        let state = try ProjectState(reading: project)
        guard let entry = state.config.entries.first(where: { $0.name == name }),
            case .image(let written) = entry.source
        else { return nil }
        guard case .image(let locked)? = state.lock.workers[name]?.source else {
            return try ImageReference(parsing: written)
        }
        return try ImageReference(parsing: locked)
    }

    private static func kind(of entry: ConfigEntry, _ locked: LockedWorker?) -> String? {
        switch entry.source {
        case .path: "local"
        case .image: WorkerKind.image.rawValue
        case .named: locked?.kind.rawValue ?? (BuiltinWorkers.names.contains(entry.name.description) ? "engine" : nil)
        }
    }
}
