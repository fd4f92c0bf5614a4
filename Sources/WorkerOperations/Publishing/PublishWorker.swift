// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import SystemPackage
import Diagnostics
import ImageDocuments
package import HostSystem
package import RegistryAPI
import RegistryClient
import Synchronization
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
    let events: any EventSink

    package init(
        registry: RegistryConnection,
        home: IIIHome,
        host: TargetTriple?,
        events: any EventSink
    ) {
        self.registry = registry
        self.home = home
        self.host = host
        self.events = events
    }

    /// Publishes, or shows what would be published.
    ///
    /// - Parameters:
    ///   - options: what the author asks for.
    ///   - allowsOlder: publish a version that is below a published one.
    ///   - isDryRun: send nothing.
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
        var options = options
        var image: ImageDescription?
        if let reference = options.image {
            // Also one that does not run here.
            let described = try await registry.images.describe(reference)
            (image, options.image) = (described, try ImageReference(parsing: described.image.locked))
        }
        // Without a key there is no use in packing.
        let account = isDryRun ? try? await registry.client.account() : try await registry.client.account()
        return try await StagingFolder.with(below: home.cache.appending("packing")) { scratch in
            var plan = try PublishPlan.prepare(options, in: scratch, host: host)
            plan.request.platforms = image?.platforms.map(\.shortDescription) ?? []
            var isThere = false
            // A dry run may be far from any registry.
            if account != nil { isThere = try await compare(&plan, options, allowsOlder: allowsOlder) }
            if let boot {
                if let image { try await fetch(image.image, for: plan.name) }
                plan.describe(try await boot(try await plan.bootable(in: scratch.appending("boot"), host: host)))
            }
            onPlan(plan, account)
            if isDryRun { return Outcome(plan: plan, status: .planned, warnings: []) }
            // Of a version that is there the registry says whether it is the same, and needs no bytes for that.
            if !isThere { try await upload(plan) }
            return try await publish(plan, isRelease: options.channel == .automatic)
        }
    }

    /// Brings an image to this machine, where it stays until nothing needs it.
    private func fetch(_ image: LockedImage, for worker: WorkerName) async throws {
        if try await registry.images.isPresent(image) { return }
        try await registry.images.pull(image, for: worker, replacing: false, events)
    }

    /// Holds the version against those that are published.
    ///
    /// It has to be above every one of its major number, unless it is one of them: then the registry says whether it is the
    /// same. A channel that nobody named does not move back: it stays, and the plan says so.
    ///
    /// - Returns: whether the version is one of them.
    private func compare(
        _ plan: inout PublishPlan,
        _ options: PublishRequestOptions,
        allowsOlder: Bool
    ) async throws -> Bool {
        let published: [VersionRow]
        do { published = try await registry.client.versions(of: plan.name).versions } catch let error
            as RegistryClientError where error.code == .workerNotFound
        { return false }
        let version = plan.version
        if published.contains(where: { $0.version == version }) { return true }
        let line = published.map(\.version).filter { $0.major == version.major && version < $0 }
        if !allowsOlder, let highest = line.max() { throw PublishError.older(version, published: highest) }
        guard options.channel == .automatic, let channel = plan.channel,
            let holder = published.first(where: { $0.channels.contains(channel) }), version < holder.version
        else { return false }
        // Servers that know nothing of releases would move it back.
        (plan.channel, plan.request.channel) = (nil, nil)
        plan.warnings.append("`\(channel)` stays at \(holder.version), which is above \(version)")
        return false
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
            throw PublishError.differs(
                plan.name,
                plan.version,
                await PublishedDifferences(registry: registry).from(plan)
            )
        }
    }
}
