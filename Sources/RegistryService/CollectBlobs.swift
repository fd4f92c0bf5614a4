// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import RegistryStorage
package import WorkerModel

/// Deletes images that nothing points to, blobs that nothing needs, and what unfinished uploads left, once they are a day old.
///
/// May run while the registry serves. Whoever publishes first makes the blobs young that the version needs, and the
/// store looks at the age of a blob again when it deletes it, while nobody can renew it: a blob that a publication in
/// progress has found is never taken from it.
package struct CollectBlobs: Sendable {
    /// How long something stays that nobody needs.
    package static let patience = Duration.seconds(24 * 3600)
    /// So many blobs that no version needs are never taken for a mistake.
    package static let plausible = 100
    private static let page = 500

    /// What was deleted.
    package struct Outcome: Sendable, Hashable {
        package var blobs = 0
        package var bytes = ByteCount.zero
        /// Images and artifacts that nothing pointed to.
        package var documents = 0
        package var uploads = 0
        /// Blobs that no version needs and that stay, since there are too many of them to believe it.
        package var withheld = 0

        package var isNothing: Bool { blobs == 0 && uploads == 0 && documents == 0 }
    }

    private let store: any RegistryStore
    private let blobs: any BlobStore
    private let surroundings: Surroundings

    package init(store: any RegistryStore, blobs: any BlobStore, surroundings: Surroundings) {
        self.store = store
        self.blobs = blobs
        self.surroundings = surroundings
    }

    /// Goes through all blobs once.
    ///
    /// - Throws: what the stores throw; what was deleted before stays deleted.
    package func callAsFunction() async throws -> Outcome {
        var outcome = Outcome()
        let moment = surroundings.now().adding(.zero - Self.patience)
        outcome.uploads = try await blobs.sweepUploads(olderThan: moment)
        while case let collected = try await store.write({ session in
            try session.collectRepositories(before: moment, limit: Self.page)
        }), !collected.isNothing { outcome.documents += collected.manifests }
        let unneeded = try await unneeded(olderThan: moment)
        if let unneeded {
            outcome.withheld = unneeded
        } else {
            try await eachOldPage(moment) { try await collect($0, olderThan: moment, &outcome) }
        }
        try await store.write { try $0.forgetUploads(before: moment) }
        return outcome
    }

    /// How many blobs no version needs, where that is more than can be believed.
    ///
    /// That is more than versions need, of a registry that has versions. Its records may be older than its blobs, and somebody may be about to put newer ones back.
    private func unneeded(olderThan moment: Timestamp) async throws -> Int? {
        var (needed, unneeded) = (0, 0)
        try await eachOldPage(moment) { old in
            let named = try await store.read { try $0.referenced(among: old.map(\.digest)) }
            needed += named.count
            unneeded += old.count - named.count
        }
        return needed > 0 && unneeded > max(Self.plausible, needed) ? unneeded : nil
    }

    private func eachOldPage(_ moment: Timestamp, _ body: ([StoredBlob]) async throws -> Void) async throws {
        var last: Digest?
        repeat {
            let page = try await blobs.blobs(after: last, limit: Self.page)
            last = page.last?.digest
            let old = page.filter { $0.storedAt < moment }
            if !old.isEmpty { try await body(old) }
        } while last != nil
    }

    private func collect(_ old: [StoredBlob], olderThan moment: Timestamp, _ outcome: inout Outcome) async throws {
        let digests = old.map(\.digest)
        let needed = try await store.read { try $0.referenced(among: digests) }
        for blob in old where !needed.contains(blob.digest) {
            guard try await blobs.delete(blob.digest, ifOlderThan: moment) else { continue }
            outcome.blobs += 1
            outcome.bytes = outcome.bytes + blob.size
        }
    }
}
