// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// What one edge of the graph asks of the worker at its end.
struct Requirement {
    enum Demand {
        /// One version, whatever its state: an exact version, or what a channel points to.
        case pinned(SemanticVersion)
        case range(VersionRequirement)
        /// A channel that points nowhere, or a text that is no selector.
        case impossible
    }

    /// The selector as it was written.
    let text: String
    let demand: Demand
    /// The worker that asks, by its number; nil for whoever asked for the root.
    let from: Int?
    /// The place of the edge in the walk.
    let ordinal: Int
}

extension Requirement.Demand {
    /// Reads a selector against the channels of the worker that it asks for.
    init(_ selector: VersionSelector?, of index: WorkerIndex) {
        switch selector {
        case .exact(let version): self = .pinned(version)
        case .range(let range): self = range.exactVersion.map { .pinned($0) } ?? .range(range)
        case .channel(let channel): self = index.channels[channel].map { .pinned($0) } ?? .impossible
        case nil: self = .impossible
        }
    }

    func admits(_ version: SemanticVersion) -> Bool {
        switch self {
        case .pinned(let pinned): pinned == version
        case .range(let range): range.admits(version)
        case .impossible: false
        }
    }
}

extension WorkerIndex {
    /// The version that a selector means, whatever that version needs; nil where there is none.
    package func version(for selector: VersionSelector) -> SemanticVersion? {
        let demand = Requirement.Demand(selector, of: self)
        let requirement = Requirement(text: selector.description, demand: demand, from: nil, ordinal: 0)
        return pick([requirement]).map { entries[$0].version }
    }

    /// The position of the highest version that meets all requirements, at `lowest` or below it in the list.
    ///
    /// Ranges select candidates only. A pin selects the version it names, which the ranges must admit.
    func pick(_ requirements: some Collection<Requirement>, from lowest: Int = 0) -> Int? {
        let isPinned = requirements.contains { requirement in
            if case .pinned = requirement.demand { true } else { false }
        }
        return entries[lowest...].firstIndex { entry in
            (isPinned || entry.isCandidate) && requirements.allSatisfy { $0.demand.admits(entry.version) }
        }
    }

    /// Whether a range can select any version.
    var hasCandidates: Bool { entries.contains(where: \.isCandidate) }

    /// What a failure lists: the candidates, or every version where there are none.
    var available: [SemanticVersion] {
        let candidates = entries.filter(\.isCandidate)
        return (candidates.isEmpty ? entries : candidates).map(\.version)
    }
}
