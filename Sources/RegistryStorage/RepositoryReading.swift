// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// What can be asked about repositories.
package protocol RepositoryReading {
    func repository(_ name: RepositoryName) throws(RegistryStorageError) -> RepositoryRecord?
    /// Who made the oldest of the repositories whose names begin with this part; nil where there is none.
    func holder(ofRepositoriesBelow root: Substring) throws(RegistryStorageError) -> AccountName?
    /// Names in order: those after one, at most `limit`.
    func repositories(after name: String, limit: Int) throws(RegistryStorageError) -> [RepositoryName]
    func blob(_ digest: ContentDigest, in name: RepositoryName) throws(RegistryStorageError) -> RepositoryBlob?
    /// The blob, in whichever repository has it.
    func blob(anywhere digest: ContentDigest) throws(RegistryStorageError) -> RepositoryBlob?
    /// Whether a document of the repository names the blob.
    func isUsed(blob digest: ContentDigest, in name: RepositoryName) throws(RegistryStorageError) -> Bool
    func manifest(
        _ digest: ContentDigest,
        in name: RepositoryName
    ) throws(RegistryStorageError) -> RepositoryManifest?
    /// What a tag that somebody pushed points to; versions and channels are no such tags.
    func pushed(_ tag: ImageTag, in name: RepositoryName) throws(RegistryStorageError) -> ContentDigest?
    /// What a version delivers by its repository; nil where it delivers nothing so, or is not there.
    func delivered(
        by version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> ContentDigest?
    /// The image of a version, where the registry itself has it.
    func hostedImage(
        of version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> ContentDigest?
    /// Pushed tags, and the versions and channels that deliver something, in order: those after one, at most `limit`.
    func tags(in name: RepositoryName, after tag: String, limit: Int) throws(RegistryStorageError) -> [String]
    /// The documents about another one, oldest first, at most `limit`.
    func referrers(
        to subject: ContentDigest,
        in name: RepositoryName,
        limit: Int
    ) throws(RegistryStorageError) -> [RepositoryManifest]
    /// Versions with bytes among the registry's blobs that their repository does not deliver yet, at most `limit`.
    func undelivered(after id: Int64, limit: Int) throws(RegistryStorageError) -> [UndeliveredVersion]
    /// Bytes that were kept under a name.
    func secret(_ name: String) throws(RegistryStorageError) -> [UInt8]?
}
