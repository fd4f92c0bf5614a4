// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import ImageStore
import ProjectFiles
import SystemPackage
import WorkerModel

extension ClearStore {
    /// Removes the images that nothing names or uses, then what was fetched only for them.
    ///
    /// `needed`: the digests of lock files, those of indexes among them.
    /// - Returns: what was looked at, and the size of documents and layers that were removed.
    func clearImages(
        _ request: Request,
        neededBy needed: [Digest: FilePath]
    ) throws -> (items: [Item], layers: ByteCount) {
        var reasons: [Digest: Item.Reason] = [:]
        for digest in try images.digestsInUse() { reasons[digest] = .running }
        for digest in try bases() {
            for inner in try images.reachable(from: digest) { reasons[inner] = .base }
        }
        for (digest, project) in needed {
            for inner in try images.reachable(from: digest) { reasons[inner] = .neededBy(project) }
        }
        let wanted = Set(request.names.map(\.description))
        var items: [Item] = []
        var (kept, removed) = (Set(reasons.keys), Set<Digest>())
        for tree in try images.inventory() {
            let isLookedAt = wanted.isEmpty || wanted.contains(tree.worker ?? "")
            let reason = reasons[tree.digest] ?? .removed
            if isLookedAt {
                items.append(Item(name: tree.worker, digest: tree.digest, size: tree.size, reason: reason))
            }
            let contents = try images.reachable(from: tree.digest)
            guard isLookedAt, case .removed = reason else {
                kept.formUnion(contents)
                continue
            }
            removed.formUnion(contents)
            if !request.isDryRun { try images.remove(tree) }
        }
        return (items, try clearFetched(request, keeping: kept, belongingTo: wanted.isEmpty ? nil : removed))
    }

    /// `candidates`: what may be removed; nil for everything.
    private func clearFetched(
        _ request: Request,
        keeping kept: Set<Digest>,
        belongingTo candidates: Set<Digest>?
    ) throws -> ByteCount {
        var freed = ByteCount.zero
        for blob in try images.fetched() where !kept.contains(blob.digest) && candidates?.contains(blob.digest) != false
        {
            freed = freed + blob.size
            if !request.isDryRun { try images.remove(blob) }
        }
        return candidates == nil ? freed + (try images.clearPartial(isDryRun: request.isDryRun)) : freed
    }

    /// The images that bundles run on: those with names, and those that the settings name by digest.
    private func bases() throws -> Set<Digest> {
        let settings = try MachineSettings(home).baseImages.values.compactMap {
            try? ImageReference(parsing: $0).digest
        }
        return try images.namedDigests().union(settings.compactMap { try? Digest(parsing: $0) })
    }
}

extension LockedWorker.Source {
    /// The digests of what it installs: archives for every target, or an image.
    var allDigests: [Digest] {
        if case .image(let text) = self { return [LockedImage(locked: text)?.digest].compactMap(\.self) }
        return digests
    }
}
