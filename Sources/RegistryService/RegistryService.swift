// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import RegistryStorage
package import WorkerModel

/// Everything a registry does, over its two seams: the records and the blobs.
///
/// Safe to use at once from everywhere. One process serves a registry: what it keeps ready in memory is made anew only
/// by its own changes.
package struct RegistryService: Sendable {
    package let keys: Keys
    package let owners: Owners
    package let publish: PublishVersion
    package let resolve: ResolveWorker
    package let download: DownloadInfo
    package let details: WorkerDetails
    package let versions: WorkerVersions
    package let list: ListWorkers
    package let skills: WorkerSkills
    package let channels: MoveChannel
    package let yank: YankVersion
    package let deprecate: DeprecateWorker
    package let remove: RemoveVersion
    package let records: WorkerRecords
    package let feed: NewsFeed
    package let badges: Badges
    /// What was downloaded and is not written down yet.
    package let downloads: DownloadCounter
    package let blobs: any BlobStore
    package let served: ServedBlobs
    package let receive: ReceiveBlob
    package let collect: CollectBlobs
    package let readiness: Readiness
    package let programs: OfferPrograms
    /// Images and artifacts, by the distribution specification.
    package let images: RegistryImages
    package let surroundings: Surroundings
    package let publicURL: @Sendable () -> PublicURL
    private let store: any RegistryStore

    /// `publicURL` is asked for each answer, since a server may know it only when it listens.
    ///
    /// `uploadQuota` and `uploadsAtOnce` are for each account; a quota of nil sets no limit.
    package init(
        store: any RegistryStore,
        blobs: any BlobStore,
        publicURL: @escaping @Sendable () -> PublicURL,
        surroundings: Surroundings,
        keyedRequestsPerMinute: Int = 0,
        uploadQuota: ByteCount? = nil,
        uploadsAtOnce: Int = 32
    ) {
        let table = AnswerTable<DownloadAnswer>(generation: { store.generation })
        let counter = DownloadCounter(store: store, surroundings: surroundings)
        let changes = WorkerChanges(store: store, surroundings: surroundings)
        keys = Keys(store: store, surroundings: surroundings, requestsPerMinute: keyedRequestsPerMinute)
        owners = Owners(store: store, changes: changes)
        publish = PublishVersion(
            store: store,
            blobs: blobs,
            publicURL: publicURL,
            surroundings: surroundings
        )
        resolve = ResolveWorker(store: store, publicURL: publicURL)
        download = DownloadInfo(store: store, table: table, counter: counter, publicURL: publicURL)
        details = WorkerDetails(store: store, counter: counter, publicURL: publicURL)
        versions = WorkerVersions(store: store)
        list = ListWorkers(store: store, counter: counter)
        skills = WorkerSkills(store: store, changes: changes)
        channels = MoveChannel(changes: changes)
        yank = YankVersion(changes: changes)
        deprecate = DeprecateWorker(changes: changes)
        remove = RemoveVersion(changes: changes, counter: counter)
        records = WorkerRecords(store: store, counter: counter, surroundings: surroundings)
        feed = NewsFeed(store: store, publicURL: publicURL)
        badges = Badges(store: store, counter: counter, surroundings: surroundings)
        downloads = counter
        self.store = store
        programs = OfferPrograms(store: store, publicURL: publicURL)
        readiness = Readiness(store: store, blobs: blobs)
        self.blobs = blobs
        served = ServedBlobs(store: store, blobs: blobs)
        receive = ReceiveBlob(
            store: store,
            blobs: blobs,
            served: served,
            surroundings: surroundings,
            quota: UploadQuota(uploadQuota),
            underWay: UploadsUnderWay(limit: uploadsAtOnce)
        )
        images = RegistryImages(store: store, keys: keys, receive: receive, surroundings: surroundings)
        collect = CollectBlobs(store: store, blobs: blobs, surroundings: surroundings)
        self.surroundings = surroundings
        self.publicURL = publicURL
    }

    /// Makes what an older release did not make, before the first request.
    ///
    /// - Throws: what the store throws; what was made until then stays.
    package func prepare() async throws {
        try await ListedWorkers.refreshAll(in: store)
        try await DeliverVersions(
            store: store,
            blobs: blobs,
            publicURL: publicURL,
            surroundings: surroundings
        )()
    }
}
