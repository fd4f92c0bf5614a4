// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What one version of a worker asks for of another, as its publisher wrote it.
package struct WorkerDependency: Hashable, Sendable {
    package let name: WorkerName
    /// The selector, verbatim: an exact version, a range, a channel, or the empty text for any version.
    package let selector: String

    package init(name: WorkerName, selector: String) {
        self.name = name
        self.selector = selector
    }
}

/// What choosing a version of a worker needs to know: each published version in brief, and the channels.
package struct WorkerIndex: Hashable, Sendable {
    /// One published version.
    package struct Entry: Hashable, Sendable {
        package let version: SemanticVersion
        /// Whether `latest` has pointed to it at some time.
        ///
        /// Ranges select no other versions.
        package let isPromoted: Bool
        package let isYanked: Bool
        /// In the order in which they were declared.
        package let dependencies: [WorkerDependency]

        package init(
            version: SemanticVersion,
            isPromoted: Bool,
            isYanked: Bool = false,
            dependencies: [WorkerDependency] = []
        ) {
            self.version = version
            self.isPromoted = isPromoted
            self.isYanked = isYanked
            self.dependencies = dependencies
        }

        /// Whether a range may select this version: stable, once `latest`, not yanked.
        package var isCandidate: Bool { isPromoted && !isYanked && !version.isPrerelease }
    }

    package let name: WorkerName
    /// Every published version, highest precedence first.
    package let entries: [Entry]
    package let channels: [ChannelName: SemanticVersion]

    /// Takes the entries in any order.
    package init(name: WorkerName, entries: [Entry], channels: [ChannelName: SemanticVersion] = [:]) {
        self.name = name
        self.entries = entries.sorted { $1.version < $0.version }
        self.channels = channels
    }

    /// The entry of exactly this version.
    package func entry(of version: SemanticVersion) -> Entry? {
        entries.first { $0.version == version }
    }
}
