// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// The registry's memory: workers, versions, channels, accounts, keys, events, counts.
///
/// All that is asked of it happens inside a closure over a session: a snapshot for reading, one transaction for
/// writing. Sessions are synchronous and belong to their closure; nothing of them may leave it.
///
///     let channels = try await store.read { session in try session.channels(of: name) }
package protocol RegistryStore: Sendable {
    /// Runs `body` on one consistent snapshot.
    ///
    /// Sees every write that was acknowledged before.
    ///
    /// - Throws: what `body` throws; `RegistryStorageError`; `CancellationError`.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any RegistryReadSession) throws -> Value
    ) async throws -> Value

    /// Runs `body` in one transaction that excludes all other writers: all of it is kept, or nothing.
    ///
    /// When this returns, the changes survive a crash of the program and of the machine. `body` may run more than
    /// once, so it has no effect but through its session.
    ///
    /// - Throws: what `body` throws, with nothing kept; `RegistryStorageError`; `CancellationError`.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any RegistrySession) throws -> Value
    ) async throws -> Value

    /// A number that every committed transaction changes that may change what a reader is answered.
    ///
    /// It is another one before the writer hears of its success, so what was read under one number may be answered for
    /// as long as the number is the same. Counts of downloads and notes of the use of keys change nothing about it.
    /// Other programs do not change it. Cheap enough to ask for each request.
    var generation: UInt64 { get }

    /// Ends all sessions.
    ///
    /// Calls after it fail. Safe to call twice.
    func close() async throws
}

/// What can be asked inside a transaction.
///
/// Names and versions compare byte for byte.
package protocol RegistryReadSession: VersionLifeReading, ListingReading, ProgramReading,
    RepositoryReading
{
    func worker(_ name: WorkerName) throws(RegistryStorageError) -> WorkerRecord?
    /// The workers whose names fold to this skeleton, `i` taken for `l`.
    func workers(withSkeleton skeleton: String) throws(RegistryStorageError) -> [WorkerName]
    /// The accounts that own a worker, by name.
    func owners(of worker: WorkerName) throws(RegistryStorageError) -> [AccountName]

    /// One version, whole; nil when worker or version is unknown.
    func version(_ version: SemanticVersion, of worker: WorkerName) throws(RegistryStorageError) -> PublishedVersion?
    /// Every version in brief, published last first; empty when the worker is unknown.
    func versions(of worker: WorkerName) throws(RegistryStorageError) -> [VersionSummary]
    /// What choosing a version needs to know; nil when the worker is unknown.
    func index(of worker: WorkerName) throws(RegistryStorageError) -> WorkerIndex?
    /// What the version answers, without the rest of it; nil when worker or version is unknown.
    func answers(_ version: SemanticVersion, of worker: WorkerName) throws(RegistryStorageError) -> ReadyAnswers?

    /// The channels of a worker, with what they point to.
    func channels(of worker: WorkerName) throws(RegistryStorageError) -> [ChannelName: SemanticVersion]
    func channel(_ channel: ChannelName, of worker: WorkerName) throws(RegistryStorageError) -> SemanticVersion?

    func account(_ name: AccountName) throws(RegistryStorageError) -> Account?
    func accounts() throws(RegistryStorageError) -> [Account]
    /// The key with this hash, expired ones included.
    func key(hash: Digest) throws(RegistryStorageError) -> APIKey?
    /// The keys of an account, oldest first.
    func keys(of account: AccountName) throws(RegistryStorageError) -> [APIKey]

    /// Events, last first: of one worker or of all, of one kind or of all, those before a sequence number.
    ///
    /// At most `limit`.
    func events(
        of worker: WorkerName?,
        kind: RegistryEvent.Kind?,
        before sequence: Int64?,
        limit: Int
    ) throws(RegistryStorageError) -> [RecordedEvent]

    /// Downloads of all versions of a worker, CI left out: since a day, or ever.
    func downloads(of worker: WorkerName, since day: Day?) throws(RegistryStorageError) -> Int64

    /// The digests of bytes that versions, programs and repositories need the blob store to hold, in order: those after one, at most `limit`.
    func hostedDigests(after digest: Digest?, limit: Int) throws(RegistryStorageError) -> [Digest]

    /// How many bytes arrived when a blob was last uploaded; nil where nobody wrote that down.
    func uploadedSize(of digest: Digest) throws(RegistryStorageError) -> ByteCount?

    /// The bytes that an account has uploaded since a moment, or keeps in repositories, and that no version needs.
    func unreferencedUploads(
        of account: AccountName,
        since moment: Timestamp
    ) throws(RegistryStorageError) -> ByteCount

    /// Those of some digests that a version, a program or a repository needs the blob store to hold.
    func referenced(among digests: [Digest]) throws(RegistryStorageError) -> Set<Digest>
}

extension RegistryReadSession {
    package func events(
        of worker: WorkerName?,
        before sequence: Int64?,
        limit: Int
    ) throws(RegistryStorageError) -> [RecordedEvent] {
        try events(of: worker, kind: nil, before: sequence, limit: limit)
    }
}

/// What can be asked and changed inside a writing transaction.
///
/// After a call has thrown, the session can go on: a call that fails changes nothing.
package protocol RegistrySession: RegistryReadSession, VersionLifeWriting, ListingWriting, ProgramWriting,
    RepositoryWriting
{
    /// - Throws: `.workerExists`.
    func insertWorker(_ worker: WorkerRecord) throws(RegistryStorageError)
    /// Makes an account an owner; nothing happens when it is one.
    ///
    /// - Throws: `.workerNotFound`, `.accountNotFound`.
    func addOwner(_ account: AccountName, of worker: WorkerName, at now: Timestamp) throws(RegistryStorageError)
    /// Takes an owner away.
    ///
    /// - Returns: whether the account was one.
    func removeOwner(_ account: AccountName, of worker: WorkerName) throws(RegistryStorageError) -> Bool

    /// Adds a version.
    ///
    /// It is on no channel and not promoted until `setChannel`.
    ///
    /// - Throws: `.versionExists`, `.workerNotFound`, `.accountNotFound`.
    func insertVersion(_ version: PublishedVersion) throws(RegistryStorageError)
    /// Points a channel to a version.
    ///
    /// Pointing `latest` to it promotes the version for ever.
    ///
    /// - Returns: where the channel pointed before.
    /// - Throws: `.versionNotFound`.
    @discardableResult
    func setChannel(
        _ channel: ChannelName,
        of worker: WorkerName,
        to version: SemanticVersion,
        at now: Timestamp
    ) throws(RegistryStorageError) -> SemanticVersion?
    /// Lets ranges choose a version for ever, as if `latest` had pointed to it once.
    ///
    /// - Throws: `.versionNotFound`.
    func promote(_ version: SemanticVersion, of worker: WorkerName) throws(RegistryStorageError)
    /// Withdraws a version from ranges, or, with nil, takes that back.
    ///
    /// - Throws: `.versionNotFound`.
    func setYank(
        _ yank: Yank?,
        of version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError)
    /// Puts answers of a newer layout in place of the stored ones.
    ///
    /// - Throws: `.versionNotFound`.
    func replaceAnswers(
        _ answers: ReadyAnswers,
        of version: SemanticVersion,
        of worker: WorkerName
    ) throws(RegistryStorageError)

    /// - Throws: `.accountExists`.
    func insertAccount(_ account: Account) throws(RegistryStorageError)
    /// Suspends an account from a moment on, or, with nil, takes that back.
    ///
    /// - Throws: `.accountNotFound`.
    func setSuspension(_ since: Timestamp?, of account: AccountName) throws(RegistryStorageError)
    /// - Throws: `.accountNotFound`, `.keyExists`.
    func insertKey(_ key: APIKey) throws(RegistryStorageError)
    /// Notes that a key was used.
    ///
    /// Nothing happens when it is gone.
    func touchKey(hash: Digest, at now: Timestamp) throws(RegistryStorageError)
    /// Forgets a key.
    ///
    /// - Returns: whether it was there.
    func deleteKey(hash: Digest) throws(RegistryStorageError) -> Bool

    /// Notes that an account has uploaded a blob, now and whole.
    ///
    /// - Throws: `.accountNotFound`.
    func recordUpload(
        of digest: Digest,
        size: ByteCount,
        by account: AccountName,
        at now: Timestamp
    ) throws(RegistryStorageError)
    /// Forgets the uploads before a moment that nothing needs.
    func forgetUploads(before moment: Timestamp) throws(RegistryStorageError)

    /// Adds an event to the end of the record.
    ///
    /// - Returns: its sequence number.
    @discardableResult
    func appendEvent(_ event: RegistryEvent) throws(RegistryStorageError) -> Int64

    /// Adds to the count of a version and day.
    ///
    /// - Throws: `.versionNotFound`.
    func countDownload(_ download: DownloadCount) throws(RegistryStorageError)
}
