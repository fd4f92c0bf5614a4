// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import RegistryAPI
package import RegistryStorage
package import WorkerModel

/// The programs of iii that a registry offers to its users, who install and upgrade from it.
package struct OfferPrograms: Sendable {
    let store: any RegistryStore
    let publicURL: @Sendable () -> PublicURL

    package init(store: any RegistryStore, publicURL: @escaping @Sendable () -> PublicURL) {
        self.store = store
        self.publicURL = publicURL
    }

    /// The root of the registry.
    package var registry: PublicURL { publicURL() }

    /// What is offered; nil where nothing is.
    package func offered() async throws -> OfferedPrograms? {
        let programs = try await store.read { try $0.programs() }
        guard let version = programs.first?.version else { return nil }
        let base = publicURL()
        let builds = Dictionary(grouping: programs, by: \.target).sorted { $0.key < $1.key }.map { target, files in
            OfferedPrograms.Build(
                target: target,
                files: files.map {
                    OfferedPrograms.File(
                        name: $0.name,
                        url: base.blob($0.digest),
                        digest: $0.digest,
                        size: $0.size
                    )
                }
            )
        }
        return OfferedPrograms(version: version, builds: builds)
    }

    /// Offers these, whose bytes are in the blob store; those of the same version for other targets stay.
    ///
    /// - Throws: `OfferError.older` where a later version is offered, unless `allowsOlder`; `RegistryStorageError`.
    package static func offer(
        _ programs: [ServedProgram],
        in store: any RegistryStore,
        allowsOlder: Bool = false
    ) async throws {
        guard let version = programs.first?.version else { return }
        try await store.write { session in
            let before = try session.programs()
            if let current = before.first?.version, version < current, !allowsOlder {
                throw OfferError.older(version, than: current)
            }
            let targets = Set(programs.map(\.target))
            try session.replacePrograms(
                before.filter { $0.version == version && !targets.contains($0.target) } + programs
            )
        }
    }
}

/// Why programs are not offered.
package enum OfferError: CodedError, Hashable {
    /// W116.
    case older(SemanticVersion, than: SemanticVersion)

    package var code: ErrorCode { .versionConflict }

    package var message: String {
        switch self {
        case .older(let version, let current): "the registry offers iii \(current), which is newer than \(version)"
        }
    }

    package var hints: [String] {
        ["`--allow-older` offers the older one: who upgrades from here stays where they are"]
    }
}
