// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// A worker: a name that somebody owns, with its versions below it.
package struct WorkerRecord: Hashable, Sendable {
    package let name: WorkerName
    /// The name with look-alike characters folded by the service; names that fold alike are easily confused.
    package let skeleton: String
    package let createdAt: Timestamp
    /// Goes up with every change to the worker, its versions and its channels: a version number for what is read.
    package let revision: Int64

    package init(name: WorkerName, skeleton: String, createdAt: Timestamp, revision: Int64 = 0) {
        self.name = name
        self.skeleton = skeleton
        self.createdAt = createdAt
        self.revision = revision
    }
}

/// Where bytes can be had, and what they must be.
package struct ArtifactLocation: Hashable, Sendable {
    /// An absolute URL elsewhere; nil where the registry's own blob store holds the bytes under `digest`.
    package let url: String?
    package let digest: Digest

    package init(url: String?, digest: Digest) {
        self.url = url
        self.digest = digest
    }
}

/// What a version delivers, by its kind.
package enum PublishedArtifacts: Hashable, Sendable {
    /// Part of the engine: nothing.
    case engine
    case binaries([TargetTriple: ArtifactLocation])
    case bundle(ArtifactLocation)
    /// An image reference, verbatim.
    case image(String)
    /// An image that the registry itself has, in the repository of the worker's name.
    case hostedImage(ContentDigest)

    package var kind: WorkerKind {
        switch self {
        case .engine: .engine
        case .binaries: .binary
        case .bundle: .bundle
        case .image, .hostedImage: .image
        }
    }

    /// The digests of archives that the registry's own blob store has to hold.
    package var hostedDigests: Set<Digest> {
        switch self {
        case .engine, .image, .hostedImage: []
        case .binaries(let builds): Set(builds.values.filter { $0.url == nil }.map(\.digest))
        case .bundle(let archive): archive.url == nil ? [archive.digest] : []
        }
    }
}

/// Why and when a version was withdrawn from ranges.
package struct Yank: Hashable, Sendable {
    package let reason: String
    package let at: Timestamp

    package init(reason: String, at: Timestamp) {
        self.reason = reason
        self.at = at
    }
}

/// Answers about one version that never change, as JSON text ready to send or to splice into an answer.
///
/// Made once, when the version is published. What changes later (download counts, channels, yanking) is not in them.
package struct ReadyAnswers: Hashable, Sendable {
    /// The number of the layout they were made in.
    ///
    /// A service that makes another layout makes them anew.
    package let format: Int
    /// The node of this version in the graph that `POST /resolve` answers.
    package let resolveNode: String
    /// The body of `GET /download`; nil where that is empty.
    package let download: String?
    /// The members of `GET /w/{name}` that never change, as one object.
    package let detail: String

    package init(format: Int, resolveNode: String, download: String?, detail: String) {
        self.format = format
        self.resolveNode = resolveNode
        self.download = download
        self.detail = detail
    }
}

/// One published version, whole.
package struct PublishedVersion: Hashable, Sendable {
    package let worker: WorkerName
    package let version: SemanticVersion
    /// The request that published it, as canonical JSON text (sorted keys, no blanks): every field as it was sent.
    package let publication: String
    package let artifacts: PublishedArtifacts
    /// In the order in which they were declared; one per name.
    package let dependencies: [WorkerDependency]
    package let publishedAt: Timestamp
    package let publisher: AccountName
    package let answers: ReadyAnswers
    /// Whether `latest` has pointed here at some time.
    ///
    /// Written by `setChannel`, ignored by `insertVersion`.
    package let isPromoted: Bool
    /// Written by `setYank`, ignored by `insertVersion`.
    package let yank: Yank?

    package init(
        worker: WorkerName,
        version: SemanticVersion,
        publication: String,
        artifacts: PublishedArtifacts,
        dependencies: [WorkerDependency],
        publishedAt: Timestamp,
        publisher: AccountName,
        answers: ReadyAnswers,
        isPromoted: Bool = false,
        yank: Yank? = nil
    ) {
        self.worker = worker
        self.version = version
        self.publication = publication
        self.artifacts = artifacts
        self.dependencies = dependencies
        self.publishedAt = publishedAt
        self.publisher = publisher
        self.answers = answers
        self.isPromoted = isPromoted
        self.yank = yank
    }

    package var kind: WorkerKind { artifacts.kind }
}

/// One published version in brief, as lists show it.
package struct VersionSummary: Hashable, Sendable {
    package let version: SemanticVersion
    package let kind: WorkerKind
    package let dependencies: [WorkerDependency]
    package let publishedAt: Timestamp
    package let isPromoted: Bool
    package let yank: Yank?

    package init(
        version: SemanticVersion,
        kind: WorkerKind,
        dependencies: [WorkerDependency],
        publishedAt: Timestamp,
        isPromoted: Bool,
        yank: Yank?
    ) {
        self.version = version
        self.kind = kind
        self.dependencies = dependencies
        self.publishedAt = publishedAt
        self.isPromoted = isPromoted
        self.yank = yank
    }
}
