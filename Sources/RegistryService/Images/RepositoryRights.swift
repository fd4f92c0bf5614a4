// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// Who may push where: a repository is its worker's owners', as is what is below it, or of who made it first.
extension Caller {
    /// Expects a key that may be used for something on a repository, whether there is one or not.
    ///
    /// Asked inside the transaction that makes the change, it holds for the change.
    ///
    /// - Throws: `RegistryServiceError`: `.scopeMissing`, `.nameNotCovered`, `.notOwner`, `.image` with `.denied`; what
    ///   `expectNewName` throws.
    func expect(
        _ scope: KeyScope,
        onRepository name: RepositoryName,
        in session: any RegistryReadSession
    ) throws {
        try expect(scope)
        guard let root = name.rootWorker else {
            // No pattern of names can be about it.
            if !key.patterns.isEmpty { throw denied(name, because: "the key is for workers of some names only") }
            return try expectHolder(of: name, in: session)
        }
        try expect(scope, on: root)
        if try session.worker(root) != nil { return try expect(scope, onOwned: root, in: session) }
        if try session.holder(ofRepositoriesBelow: name.root) == nil { return try expectNewName(root, in: session) }
        try expectHolder(of: name, in: session)
    }

    private func expectHolder(of name: RepositoryName, in session: any RegistryReadSession) throws {
        if isAdministrator { return }
        if let holder = try session.holder(ofRepositoriesBelow: name.root), holder != account {
            throw denied(name, because: "`\(name.root)` belongs to another account")
        }
    }

    private func denied(_ name: RepositoryName, because reason: String) -> RegistryServiceError {
        .image(.denied(name, reason: reason))
    }

    /// Expects a name that nobody has and that the caller may take, for a worker or for repositories.
    ///
    /// - Throws: `RegistryServiceError.nameReserved`, `.nameTooSimilar`, `.notOwner` where repositories of that name are
    ///   somebody else's.
    func expectNewName(_ name: WorkerName, in session: any RegistryReadSession) throws {
        if isAdministrator { return }
        if let holder = try session.holder(ofRepositoriesBelow: name.description[...]), holder != account {
            throw RegistryServiceError.notOwner(name)
        }
        if ReservedName.contains(name) { throw RegistryServiceError.nameReserved(name) }
        let others = try session.workers(withSkeleton: name.skeleton)
        if let other = others.first(where: { name.isEasilyTaken(for: $0) }) {
            throw RegistryServiceError.nameTooSimilar(name, to: other)
        }
    }
}

extension RegistryReadSession {
    /// What a tag stands for: a version or the version of a channel, otherwise what was pushed.
    func manifest(tagged tag: ImageTag, in name: RepositoryName) throws -> ContentDigest? {
        if let worker = name.worker {
            if let version = tag.version, let digest = try delivered(by: version, of: worker) { return digest }
            if let channel = tag.channel, let version = try self.channel(channel, of: worker),
                let digest = try delivered(by: version, of: worker)
            {
                return digest
            }
        }
        return try pushed(tag, in: name)
    }

    /// Whether a tag is a version, a number that a removed version had, or a channel of the repository's worker.
    func isPublished(_ tag: ImageTag, in name: RepositoryName) throws -> Bool {
        guard let worker = name.worker else { return false }
        if let version = tag.version {
            return try contains(version, of: worker) || removal(of: version, of: worker) != nil
        }
        if let channel = tag.channel { return try self.channel(channel, of: worker) != nil }
        return false
    }
}
