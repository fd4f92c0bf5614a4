// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// That users should leave a worker, or some of its versions.
package struct Deprecation: Hashable, Sendable {
    /// Nil means every version, those to come included.
    package let versions: VersionRequirement?
    package let message: String
    /// The worker to use instead.
    package let replacement: WorkerName?
    package let at: Timestamp

    package init(versions: VersionRequirement?, message: String, replacement: WorkerName?, at: Timestamp) {
        self.versions = versions
        self.message = message
        self.replacement = replacement
        self.at = at
    }

    package func concerns(_ version: SemanticVersion) -> Bool { versions?.admits(version) ?? true }
}

/// A version number that was used once: its version is gone, and the number is never used again.
package struct RemovedVersion: Hashable, Sendable {
    package let version: SemanticVersion
    package let at: Timestamp
    /// Why, for those who look for it; may be empty.
    package let reason: String
    /// Whether an administrator removed it, rather than its owner.
    package let isAbuse: Bool

    package init(version: SemanticVersion, at: Timestamp, reason: String, isAbuse: Bool) {
        self.version = version
        self.at = at
        self.reason = reason
        self.isAbuse = isAbuse
    }
}

/// The documents of a version that may be replaced after publishing, as JSON texts ready to send.
package struct SkillSnapshot: Hashable, Sendable {
    package static let empty = SkillSnapshot(skills: "[]", prompts: "[]")

    /// An array of objects with `path` and `content`.
    package let skills: String
    /// An array of objects with a `name`.
    package let prompts: String

    package init(skills: String, prompts: String) {
        self.skills = skills
        self.prompts = prompts
    }
}

/// A version that needs another worker.
package struct Dependent: Hashable, Sendable {
    package let worker: WorkerName
    package let version: SemanticVersion
    /// What it asks for, as its publisher wrote it.
    package let selector: String

    package init(worker: WorkerName, version: SemanticVersion, selector: String) {
        self.worker = worker
        self.version = version
        self.selector = selector
    }
}

/// Downloads of the whole registry.
package struct RegistryTotals: Hashable, Sendable {
    /// Workers that lists show.
    package let workers: Int64
    /// CI left out.
    package let downloads: Int64

    package init(workers: Int64, downloads: Int64) {
        self.workers = workers
        self.downloads = downloads
    }
}

/// What can be asked about versions after they were published.
package protocol VersionLifeReading {
    func contains(_ version: SemanticVersion, of worker: WorkerName) throws(RegistryStorageError) -> Bool
    /// Nil where the version is not yanked, or worker or version is unknown.
    func yank(of version: SemanticVersion, of worker: WorkerName) throws(RegistryStorageError) -> Yank?
    /// What is said of versions of a worker; those about some versions before the one about all.
    func deprecations(of worker: WorkerName) throws(RegistryStorageError) -> [Deprecation]
    /// Whether a number was used by a version that is gone.
    func removal(of version: SemanticVersion, of worker: WorkerName) throws(RegistryStorageError) -> RemovedVersion?
    /// Nil where none was ever stored, or worker or version is unknown.
    func skills(
        of version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> SkillSnapshot?
    /// Workers that need this one in their `latest` version, by name: those after one, at most `limit`.
    func dependents(
        of worker: WorkerName,
        after name: WorkerName?,
        limit: Int
    ) throws(RegistryStorageError) -> [Dependent]
    /// Each way in which versions of other workers, yanked ones left out, ask for this one, with one that does.
    func demands(on worker: WorkerName) throws(RegistryStorageError) -> [Dependent]
    /// Downloads by version, day and CI, oldest day first.
    func downloadCounts(of worker: WorkerName, since day: Day) throws(RegistryStorageError) -> [DownloadCount]
    /// Downloads of one version ever, CI included.
    func downloads(of version: SemanticVersion, of worker: WorkerName) throws(RegistryStorageError) -> Int64
    /// Downloads of all workers together since a day, or ever.
    func totals(since day: Day?) throws(RegistryStorageError) -> RegistryTotals
}

/// What can be done to versions after they were published.
package protocol VersionLifeWriting: VersionLifeReading {
    /// Says something of versions of a worker, in place of what was said of the same versions.
    ///
    /// - Throws: `.workerNotFound`.
    func setDeprecation(_ deprecation: Deprecation, of worker: WorkerName) throws(RegistryStorageError)
    /// Takes back what was said of these versions; nil takes back everything.
    ///
    /// - Returns: whether there was anything.
    func removeDeprecations(
        of worker: WorkerName,
        for versions: VersionRequirement?
    ) throws(RegistryStorageError) -> Bool
    /// Removes a version for ever, with the channels that point to it; the number can never be used again.
    ///
    /// - Throws: `.versionNotFound`.
    func removeVersion(_ removal: RemovedVersion, of worker: WorkerName) throws(RegistryStorageError)
    /// - Returns: where it pointed; nil where there was no such channel.
    func removeChannel(
        _ channel: ChannelName,
        of worker: WorkerName
    ) throws(RegistryStorageError) -> SemanticVersion?
    /// Puts a snapshot in the place of the one before.
    ///
    /// - Throws: `.versionNotFound`.
    func setSkills(
        _ skills: SkillSnapshot,
        of version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError)
}
