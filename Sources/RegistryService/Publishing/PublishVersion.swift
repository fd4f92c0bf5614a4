// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import RegistryAPI
import RegistryStorage
import WorkerModel

/// Publishes one version: all of it, or nothing.
///
/// Bytes first: hosted archives are there and opened before anything is written down. Then one transaction writes the
/// version, the channel and what happened; before it nobody sees anything of the version, after it everybody sees all.
package struct PublishVersion: Sendable {
    /// From so many downloads on, people know a worker's name.
    private static let muchUsed: Int64 = 1000

    private let store: any RegistryStore
    private let blobs: any BlobStore
    private let publicURL: @Sendable () -> PublicURL
    private let surroundings: Surroundings

    init(
        store: any RegistryStore,
        blobs: any BlobStore,
        publicURL: @escaping @Sendable () -> PublicURL,
        surroundings: Surroundings
    ) {
        self.store = store
        self.blobs = blobs
        self.publicURL = publicURL
        self.surroundings = surroundings
    }

    /// Publishes what a request asks for.
    ///
    /// `isRelease`: ranges may choose the version at once, and its channel moves to it only from a lower one.
    ///
    /// - Throws: `RegistryServiceError` with everything that is wrong with the request, or with who may not do it;
    ///   `RegistryStorageError`, `BlobStorageError`. Nothing was published then.
    package func callAsFunction(
        _ request: JSONValue,
        isRelease: Bool = false,
        at host: String? = nil,
        by caller: Caller
    ) async throws -> PublishAnswer {
        let publication = try read(request, at: host, by: caller)
        let publicURL = publicURL()
        // Refused early, since opening archives is dear; the transaction looks again.
        try await store.read { session in
            try Self.refuse(publication, by: caller, publicURL: publicURL, in: session)
            try Self.expectImage(of: publication, in: session)
        }
        let (findings, sizes) = try await inspect(publication)
        let version = try version(publication, by: caller)
        let artifact = VersionArtifact(publication, publishedAt: version.publishedAt, sizes: sizes)
        try await artifact?.store(in: blobs, at: version.publishedAt)
        let outcome = try await store.write(by: caller, at: version.publishedAt) { caller, session in
            try caller.expect(.publish, on: publication.name)
            try Self.refuse(publication, by: caller, publicURL: publicURL, in: session)
            try Self.expectImage(of: publication, in: session)
            let outcome = try Outcome(of: publication, isRelease: isRelease, in: session)
            try Self.write(version, artifact, outcome, by: caller, in: session)
            return outcome
        }
        var answer = outcome.answer(to: publication, warnings: findings.warnings, at: publicURL)
        answer.publishedAt = version.publishedAt.description
        return answer
    }

    /// Finds whatever would refuse a publication and needs none of its bytes; publishes nothing.
    ///
    /// - Returns: what publishing would answer now, without the time.
    /// - Throws: what publishing would throw.
    package func check(
        _ request: JSONValue,
        isRelease: Bool = false,
        at host: String? = nil,
        by caller: Caller
    ) async throws -> PublishAnswer {
        let publication = try read(request, at: host, by: caller)
        _ = try version(publication, by: caller)
        let publicURL = publicURL()
        return try await store.read { session in
            try Self.refuse(publication, by: caller, publicURL: publicURL, in: session)
            return try Outcome(of: publication, isRelease: isRelease, in: session)
                .answer(to: publication, warnings: [], at: publicURL)
        }
    }

    private func read(_ request: JSONValue, at host: String?, by caller: Caller) throws -> Publication {
        try caller.expect(.publish)
        let publication = try Publication(parsing: request, publicURL: publicURL(), host: host)
        try caller.expect(.publish, on: publication.name)
        return publication
    }

    /// What publishing does beside storing the version.
    private struct Outcome: Sendable {
        let isRelease: Bool
        /// Where the channel points that stays there, because the version is below.
        let higher: SemanticVersion?
        /// The channel that moves to the version.
        let channel: ChannelName?
        /// Much-used workers that the new name is easily mistyped for.
        let similar: [WorkerName]

        init(of publication: Publication, isRelease: Bool, in session: any RegistryReadSession) throws {
            self.isRelease = isRelease
            similar = try PublishVersion.similarNames(to: publication.name, in: session)
            guard isRelease, let asked = publication.channel,
                let holder = try session.channel(asked, of: publication.name), publication.version < holder
            else {
                (channel, higher) = (publication.channel, nil)
                return
            }
            (channel, higher) = (nil, holder)
        }

        func answer(
            to publication: Publication,
            warnings: [String],
            at publicURL: PublicURL
        ) -> PublishAnswer {
            let (name, version) = (publication.name, publication.version)
            var answer = PublishAnswer(name: name, version: version, channel: channel)
            switch publication.artifacts {
            case .image(let reference): answer.image = reference
            case .hostedImage(let digest): answer.image = "\(publicURL.authority)/\(name)@\(digest)"
            case .engine, .bundle, .binaries: break
            }
            answer.warnings = warnings
            if let higher, let stays = publication.channel {
                answer.warnings.append("`\(stays)` stays at \(higher), which is above \(version)")
            }
            answer.warnings += similar.map { other in
                "the new name `\(name)` is easily mistyped for the much-used worker `\(other)`"
            }
            return answer
        }
    }

    /// For a new name, the much-used workers that it is one change away from.
    private static func similarNames(
        to name: WorkerName,
        in session: any RegistryReadSession
    ) throws -> [WorkerName] {
        guard try session.worker(name) == nil else { return [] }
        return try session.workers(near: name.skeleton, downloads: muchUsed)
    }

    /// Finds the hosted blobs, makes them young, so that no collector takes them now, and opens them.
    private func inspect(
        _ publication: Publication
    ) async throws -> (ArchiveInspection.Findings, sizes: [Digest: ByteCount]) {
        var sizes: [Digest: ByteCount] = [:]
        let now = surroundings.now()
        for digest in publication.artifacts.hostedDigests where try await blobs.renew(digest, at: now) {
            sizes[digest] = try await blobs.blob(digest)?.size
        }
        let missing = publication.problemsOfHosted { sizes[$0] == nil }
        if !missing.isEmpty { throw RegistryServiceError.invalidPublication(missing) }
        let findings = try await ArchiveInspection(blobs: blobs).inspect(publication, sizes: sizes)
        if !findings.problems.isEmpty { throw RegistryServiceError.invalidPublication(findings.problems) }
        return (findings, sizes)
    }

    private func version(_ publication: Publication, by caller: Caller) throws -> PublishedVersion {
        let now = surroundings.now()
        let answers = ReadyAnswers(publication, publishedAt: now, secret: surroundings.randomBytes(16))
        guard answers.resolveNode.utf8.count <= ReadyAnswers.maximumNodeSize.bytes else {
            throw RegistryServiceError.invalidPublication([
                PublicationProblem(
                    path: "$.config",
                    reason: "is too large: with the dependencies and artifacts, at most \(ReadyAnswers.maximumNodeSize)"
                )
            ])
        }
        return PublishedVersion(
            worker: publication.name,
            version: publication.version,
            publication: publication.document.text(.sorted),
            artifacts: publication.artifacts,
            dependencies: publication.dependencies,
            publishedAt: now,
            publisher: caller.account,
            answers: answers
        )
    }

    /// - Throws: `RegistryServiceError` where the caller may not publish this, or it is there already.
    private static func refuse(
        _ publication: Publication,
        by caller: Caller,
        publicURL: PublicURL,
        in session: any RegistryReadSession
    ) throws {
        let name = publication.name
        guard try session.worker(name) != nil else {
            try caller.expectNewName(name, in: session)
            return
        }
        if !caller.isAdministrator, try !session.owners(of: name).contains(caller.account) {
            throw RegistryServiceError.notOwner(name)
        }
        guard let stored = try session.version(publication.version, of: name) else {
            if try session.removal(of: publication.version, of: name) == nil { return }
            throw RegistryServiceError.versionBurnt(name, publication.version)
        }
        let isIdentical = publication.hasSameContent(asStored: stored, publicURL: publicURL)
        throw RegistryServiceError.versionExists(name, publication.version, isIdentical: isIdentical)
    }

    /// Expects the image that a publication names among the registry's own.
    ///
    /// - Throws: `RegistryServiceError.invalidPublication` for one that the repository has not.
    private static func expectImage(of publication: Publication, in session: any RegistryReadSession) throws {
        guard case .hostedImage(let digest) = publication.artifacts else { return }
        if let name = RepositoryName(of: publication.name), try session.manifest(digest, in: name) != nil { return }
        throw RegistryServiceError.invalidPublication([
            PublicationProblem(
                path: "$.image_tag",
                reason: "names an image that this registry does not have: push it first, to `HOST/\(publication.name)`"
            )
        ])
    }

    private static func write(
        _ version: PublishedVersion,
        _ artifact: VersionArtifact?,
        _ outcome: Outcome,
        by caller: Caller,
        in session: any RegistrySession
    ) throws {
        let (name, now) = (version.worker, version.publishedAt)
        let change = WorkerChange(worker: name, caller: caller, now: now, session: session)
        if try session.worker(name) == nil {
            try session.insertWorker(WorkerRecord(name: name, skeleton: name.skeleton, createdAt: now))
            try session.addOwner(caller.account, of: name, at: now)
            try change.record(.ownerAdded, version.version, ["account": .string(caller.account.description)])
        }
        try session.insertVersion(version)
        try artifact?.write(by: caller.account, at: now, in: session)
        if case .hostedImage(let digest) = version.artifacts {
            try session.deliver(digest, by: version.version, of: name)
        }
        try change.record(.published, version.version, ["type": .string(version.kind.rawValue)])
        if outcome.isRelease { try session.promote(version.version, of: name) }
        if let channel = outcome.channel { try change.point(channel, to: version.version) }
    }
}

extension Publication {
    /// A problem for each place that names a hosted blob of which `isMissing` holds.
    fileprivate func problemsOfHosted(_ isMissing: (Digest) -> Bool) -> [PublicationProblem] {
        func problem(_ path: String, _ location: ArtifactLocation) -> PublicationProblem? {
            guard location.url == nil, isMissing(location.digest) else { return nil }
            let reason =
                "names a blob that this registry does not have: upload it first, "
                + "`PUT \(RegistryPath.blob(location.digest))`, or give the URL where it is"
            return PublicationProblem(path: path, reason: reason)
        }
        switch artifacts {
        case .engine, .image, .hostedImage: return []
        case .bundle(let archive): return [problem("$.sha256", archive)].compactMap(\.self)
        case .binaries(let builds):
            return builds.sorted { $0.key < $1.key }.compactMap { problem("$.binaries.\($0.key).sha256", $0.value) }
        }
    }

    /// Whether this equals what a stored version was published with.
    fileprivate func hasSameContent(asStored stored: PublishedVersion, publicURL: PublicURL) -> Bool {
        // What is stored was accepted once; where today's rules refuse it, it is not the same.
        guard let document = try? JSONValue(parsing: stored.publication),
            let publication = try? Publication(parsing: document, publicURL: publicURL)
        else { return false }
        return hasSameContent(as: publication.delivering(stored.artifacts))
    }
}
