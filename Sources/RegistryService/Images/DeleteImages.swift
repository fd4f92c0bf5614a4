// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
package import WorkerModel

/// Takes tags, documents and blobs out of a repository; what a version delivers stays.
package struct DeleteImages: Sendable {
    let store: any RegistryStore
    let surroundings: Surroundings

    /// Removes a tag, or a document with all tags that point to it.
    ///
    /// - Throws: `RegistryServiceError` where the caller may not; `.image` with `.tagPublished`, `.manifestPublished`,
    ///   `.manifestUnknown`.
    package func callAsFunction(
        _ reference: ManifestReference,
        in repository: RepositoryName,
        by caller: Caller
    ) async throws {
        try await change(repository, by: caller) { session in
            let isGone: Bool
            switch reference {
            case .tag(let tag):
                if try session.isPublished(tag, in: repository) {
                    throw RegistryServiceError.image(.tagPublished(repository, tag))
                }
                isGone = try session.removeTag(tag, in: repository)
            case .digest(let digest):
                if try session.manifest(digest, in: repository)?.isPublished == true {
                    throw RegistryServiceError.image(.manifestPublished(digest))
                }
                isGone = try session.removeManifest(digest, in: repository)
            }
            if !isGone { throw RegistryServiceError.image(.manifestUnknown(reference.description)) }
        }
    }

    /// Removes a blob that no document needs.
    ///
    /// - Throws: `RegistryServiceError` where the caller may not; `.image` with `.blobInUse`, `.blobUnknown`.
    package func blob(_ digest: ContentDigest, in repository: RepositoryName, by caller: Caller) async throws {
        try await change(repository, by: caller) { session in
            if try session.isUsed(blob: digest, in: repository) {
                throw RegistryServiceError.image(.blobInUse(digest))
            }
            guard try session.removeBlob(digest, in: repository) else {
                throw RegistryServiceError.image(.blobUnknown(digest))
            }
        }
    }

    private func change(
        _ repository: RepositoryName,
        by caller: Caller,
        body: @escaping @Sendable (any RegistrySession) throws -> Void
    ) async throws {
        try await store.write(by: caller, at: surroundings.now()) { caller, session in
            guard try session.repository(repository) != nil else {
                throw RegistryServiceError.image(.nameUnknown(repository))
            }
            try caller.expect(.yank, onRepository: repository, in: session)
            try body(session)
        }
    }
}
