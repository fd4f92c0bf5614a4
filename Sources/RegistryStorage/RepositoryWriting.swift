// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// What can be changed about repositories.
package protocol RepositoryWriting: RepositoryReading {
    /// Makes a repository; nothing happens when it is there.
    ///
    /// - Throws: `.accountNotFound`.
    func insertRepository(_ repository: RepositoryRecord) throws(RegistryStorageError)
    /// Adds bytes to a repository, or makes those that are there as young as new ones.
    ///
    /// - Throws: `.repositoryNotFound`.
    func insertBlob(
        _ blob: RepositoryBlob,
        into name: RepositoryName,
        at now: Timestamp
    ) throws(RegistryStorageError)
    /// Adds a document, or makes one that is there as young as a new one.
    ///
    /// `blobs` and `documents` are what it names and the repository has.
    ///
    /// - Throws: `.repositoryNotFound`.
    func insertManifest(
        _ manifest: RepositoryManifest,
        naming blobs: [ContentDigest],
        documents: [ContentDigest],
        into name: RepositoryName,
        at now: Timestamp
    ) throws(RegistryStorageError)
    /// Points a tag to a document of the repository.
    ///
    /// - Throws: `.repositoryNotFound` also where the document is not there.
    func setTag(
        _ tag: ImageTag,
        in name: RepositoryName,
        to digest: ContentDigest,
        at now: Timestamp
    ) throws(RegistryStorageError)
    /// - Returns: whether there was such a pushed tag.
    func removeTag(_ tag: ImageTag, in name: RepositoryName) throws(RegistryStorageError) -> Bool
    /// Removes a document that no version delivers, with the tags that point to it.
    ///
    /// - Returns: whether it was there.
    func removeManifest(_ digest: ContentDigest, in name: RepositoryName) throws(RegistryStorageError) -> Bool
    /// Takes bytes out of a repository.
    ///
    /// - Returns: whether they were there.
    func removeBlob(_ digest: ContentDigest, in name: RepositoryName) throws(RegistryStorageError) -> Bool
    /// Has a version deliver a document of the repository of its worker; pushed tags of its number go.
    ///
    /// - Throws: `.versionNotFound`, `.repositoryNotFound` also where the document is not there.
    func deliver(
        _ digest: ContentDigest,
        by version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError)
    /// Takes out of repositories what is older than a moment and nothing reaches, at most `limit` of each kind.
    ///
    /// Versions, tags, indexes, and the documents that others are about, reach documents; those reach blobs.
    func collectRepositories(
        before moment: Timestamp,
        limit: Int
    ) throws(RegistryStorageError) -> RepositoryCollection
    /// Remembers bytes under a name, unless there are some; nobody outside is ever told them.
    func keepSecret(_ bytes: [UInt8], as name: String) throws(RegistryStorageError)
}
