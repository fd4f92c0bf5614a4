// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import HostSystem
import ImageDocuments
import Manifests
import OCIImages
package import RegistryAPI
import RegistryClient
import Synchronization
package import SystemPackage
package import WorkerModel

/// Publishes the worker in a folder: pack and check, then upload what the registry lacks, then publish the version.
///
/// Until the last request nobody sees anything of it; repeating it after an interruption ends in the same version.
package struct PublishWorker: Sendable {
    package enum Status: String, Sendable {
        /// Nothing was sent.
        case planned
        case published
        /// The version was published before with the same content.
        case alreadyPublished = "already_published"
    }

    package struct Outcome: Sendable {
        package let plan: PublishPlan
        package let status: Status
        /// What the registry adds.
        package let warnings: [String]
    }

    /// Starts a worker and gives what it registers.
    package typealias Boot = @Sendable (BootableWorker) async throws -> WorkerInterface

    /// How many files are uploaded at once.
    private static let width = 4

    let registry: RegistryConnection
    let home: IIIHome
    let host: TargetTriple?
    let environment: HostEnvironment
    let events: any EventSink

    package init(
        registry: RegistryConnection,
        home: IIIHome,
        host: TargetTriple?,
        environment: HostEnvironment,
        events: any EventSink
    ) {
        self.environment = environment
        self.registry = registry
        self.home = home
        self.host = host
        self.events = events
    }

    /// The name of the worker in a folder; nil where nothing there can be read, which publishing tells of itself.
    package static func name(in folder: FilePath) -> WorkerName? {
        (try? LocalFolder.manifest(in: folder))?.name
    }

    /// Publishes, or shows what would be published.
    ///
    /// - Parameters:
    ///   - options: what the author asks for.
    ///   - allowsOlder: publish a version that is below a published one.
    ///   - isDryRun: send nothing, and check all that can be checked without sending.
    ///   - boot: finds out what the worker offers, where that is wanted.
    ///   - onPlan: called once, before anything is sent, with the account of the key where it is known.
    /// - Returns: what was done.
    /// - Throws: `PublishError`, `PackingError`, `ManifestError`, `ArchiveError` before anything was sent;
    ///   `RegistryClientError` for what the registry refuses.
    package func run(
        _ options: PublishRequestOptions,
        allowsOlder: Bool,
        isDryRun: Bool,
        boot: Boot? = nil,
        onPlan: (PublishPlan, KeyInfo?) -> Void
    ) async throws -> Outcome {
        // What is wrong with the folder is told before anybody is asked.
        try PublishPlan.expectFit(options)
        return try await StagingFolder.with(below: home.cache.appending("packing")) { scratch in
            var options = options
            let (kept, pushed) = try await image(&options, scratch: scratch)
            var plan = try await PublishPlan.prepare(options, in: scratch, host: host)
            plan.request.platforms = (kept?.platforms ?? pushed?.platforms ?? []).map(\.shortDescription)
            plan.pushes = pushed.map {
                ImagePushSize(origin: $0.origin, blobs: $0.missing.blobs, size: $0.missing.size)
            }
            let account = try await registry.client.account()
            let published = try await publishedVersions(of: plan.name)
            try compare(&plan, published, options, allowsOlder: allowsOlder)
            if let boot {
                if let image = try await bootable(kept, or: pushed, isDryRun: isDryRun) {
                    try await fetch(image, for: plan.name)
                }
                plan.describe(try await boot(try await plan.bootable(in: scratch.appending("boot"), host: host)))
            } else if plan.request.functions.isEmpty, plan.request.triggers.isEmpty {
                await warnOfLostFunctions(&plan, published)
            }
            onPlan(plan, account)
            let isThere = published.contains(plan.version)
            let isRelease = options.channel == .automatic
            if let outcome = try await check(plan, isThere: isThere, isRelease: isRelease, isDryRun: isDryRun) {
                return outcome
            }
            // Of a version that is there the registry says whether it is the same, and needs no bytes for that.
            if !isThere {
                try await pushed?.send()
                try await upload(plan)
            }
            return try await publish(plan, isRelease: isRelease)
        }
    }

    /// Asks the registry for all that it would refuse without the bytes.
    ///
    /// - Returns: what there is to say where nothing is left to do; nil where the version is to be sent.
    /// - Throws: `PublishError.differs`; `RegistryClientError` for what the registry would refuse.
    private func check(
        _ plan: PublishPlan,
        isThere: Bool,
        isRelease: Bool,
        isDryRun: Bool
    ) async throws -> Outcome? {
        do {
            if let answer = try await registry.client.check(plan.request, isRelease: isRelease) {
                return isDryRun ? Outcome(plan: plan, status: .planned, warnings: answer.warnings) : nil
            }
        } catch let error as RegistryClientError where error.code == .versionExists {
            if error.isIdentical == true { return Outcome(plan: plan, status: .alreadyPublished, warnings: []) }
            // One that says nothing of it is asked by publishing.
            if error.isIdentical == nil, !isDryRun { return nil }
            throw await differing(plan)
        }
        // A registry that cannot be asked beforehand.
        guard isDryRun else { return nil }
        guard isThere else { return Outcome(plan: plan, status: .planned, warnings: []) }
        let differences = await PublishedDifferences(registry: registry).from(plan)
        if differences.isEmpty { return Outcome(plan: plan, status: .alreadyPublished, warnings: []) }
        throw PublishError.differs(plan.name, plan.version, differences)
    }

    private func differing(_ plan: PublishPlan) async -> PublishError {
        .differs(plan.name, plan.version, await PublishedDifferences(registry: registry).from(plan))
    }

    /// The image of an image worker: one that stays where it is, or one that is brought into the registry.
    private func image(
        _ options: inout PublishRequestOptions,
        scratch: FilePath
    ) async throws -> (kept: ImageDescription?, pushed: PublishedImage?) {
        guard let origin = options.image else { return (nil, nil) }
        if options.leavesImage {
            guard case .registry(let reference) = origin else { throw PublishError.imageIsNowhere(origin) }
            // Also one that does not run here.
            let described = try await registry.images.describe(reference)
            options.pinned = try ImageReference(parsing: described.image.locked)
            return (described, nil)
        }
        guard let name = Self.name(in: options.folder) else { return (nil, nil) }
        let events = events
        let image = try await PublishedImage(
            origin,
            of: name,
            for: registry,
            scratch: scratch,
            environment: environment
        ) { event in
            switch event {
            case .sending(let blob): events.receive(.uploading(blob.digest.label, size: blob.size))
            case .sent(let blob, let size): events.receive(.sent(blob.digest.label, size))
            case .there(let blob, let isNew):
                events.receive(isNew ? .uploaded(blob.digest.label) : .alreadyUploaded(blob.digest.label))
            }
        }
        options.pinned = image.reference
        return (nil, image)
    }

    /// What is started to find out what an image offers.
    ///
    /// One that no registry has is brought into this one first, where nobody sees it without its digest.
    private func bootable(
        _ kept: ImageDescription?,
        or pushed: PublishedImage?,
        isDryRun: Bool
    ) async throws -> LockedImage? {
        if let kept { return kept.image }
        guard let pushed else { return nil }
        if case .registry(let reference) = pushed.origin {
            return try await registry.images.describe(reference).image
        }
        if isDryRun { throw PublishError.imageNotBooted(pushed.origin) }
        try await pushed.send()
        return try await registry.images.describe(pushed.reference).image
    }

    /// Brings an image to this machine, where it stays until nothing needs it.
    private func fetch(_ image: LockedImage, for worker: WorkerName) async throws {
        if try await registry.images.isPresent(image) { return }
        try await registry.images.pull(image, for: worker, replacing: false, events)
    }

    /// What is published of a worker, with the channels; nothing of one that the registry does not know.
    private func publishedVersions(of name: WorkerName) async throws -> [VersionRow] {
        do { return try await registry.client.versions(of: name).versions } catch let error as RegistryClientError
            where error.code == .workerNotFound
        { return [] }
    }

    /// Holds the version against those that are published.
    ///
    /// It has to be above every one of its major number, unless it is one of them: then the registry says whether it is the
    /// same. A channel that nobody named does not move back: it stays, and the plan says so.
    private func compare(
        _ plan: inout PublishPlan,
        _ published: [VersionRow],
        _ options: PublishRequestOptions,
        allowsOlder: Bool
    ) throws(PublishError) {
        let version = plan.version
        if published.contains(version) { return }
        let line = published.map(\.version).filter { $0.major == version.major && version < $0 }
        if !allowsOlder, let highest = line.max() { throw .older(version, published: highest) }
        guard options.channel == .automatic, let channel = plan.channel,
            let holder = published.first(where: { $0.channels.contains(channel) }), version < holder.version
        else { return }
        // Servers that know nothing of releases would move it back.
        (plan.channel, plan.request.channel) = (nil, nil)
        plan.warnings.append("`\(channel)` stays at \(holder.version), which is above \(version)")
    }

    /// A version without functions behind one with them was most likely published without `--boot` by mistake.
    private func warnOfLostFunctions(_ plan: inout PublishPlan, _ published: [VersionRow]) async {
        guard !published.contains(plan.version),
            let last = published.map(\.version).filter({ $0 < plan.version }).max(),
            // This only makes a plan more telling: what cannot be looked at is left out of it.
            let detail = try? await registry.client.detail(of: plan.name, .exact(last)), !detail.functions.isEmpty
        else { return }
        let count = detail.functions.count
        plan.warnings.append(
            "\(last) offers \(count) \(count == 1 ? "function" : "functions"), and \(plan.version) names none: "
                + "`--boot` finds out what it offers"
        )
    }

    private func upload(_ plan: PublishPlan) async throws {
        // Builds for two platforms may be one file.
        var distinct: [Digest: PublishPlan.Upload] = [:]
        for upload in plan.uploads { distinct[upload.digest] = upload }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for upload in distinct.values.sorted(by: { $0.digest < $1.digest }) {
                if running == Self.width { try await group.next() }
                running = min(running + 1, Self.width)
                group.addTask { try await send(upload) }
            }
            try await group.waitForAll()
        }
    }

    private func send(_ upload: PublishPlan.Upload) async throws {
        let label = upload.target?.description ?? "the archive"
        let sent = Mutex(ByteCount.zero)
        let outcome = try await registry.client.upload(upload.file, digest: upload.digest, size: upload.size) { total in
            if total == .zero { return events.receive(.uploading(label, size: upload.size)) }
            let piece = sent.withLock { sent in
                defer { sent = total }
                // A new try begins further back.
                return ByteCount(max(0, total.bytes - sent.bytes))
            }
            events.receive(.sent(label, piece))
        }
        switch outcome {
        case .sent: events.receive(.uploaded(label))
        case .wasThere: events.receive(.alreadyUploaded(label))
        }
    }

    private func publish(_ plan: PublishPlan, isRelease: Bool) async throws -> Outcome {
        do {
            let answer = try await registry.client.publish(plan.request, isRelease: isRelease)
            return Outcome(plan: plan, status: .published, warnings: answer.warnings)
        } catch let error as RegistryClientError where error.code == .versionExists && error.isIdentical == true {
            return Outcome(plan: plan, status: .alreadyPublished, warnings: [])
        } catch let error as RegistryClientError where error.code == .versionExists {
            throw await differing(plan)
        }
    }
}

extension ContentDigest {
    /// What progress calls a layer.
    fileprivate var label: String { String(description.dropFirst(algorithm.rawValue.count + 1).prefix(12)) }
}

extension [VersionRow] {
    fileprivate func contains(_ version: SemanticVersion) -> Bool { contains { $0.version == version } }
}
