// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import Manifests
import RegistryAPI
import RegistryStorage
import WorkerModel

extension ReadyAnswers {
    /// The number of the layout that `init` makes.
    static let currentFormat = 1

    /// The most bytes of JSON that one version adds to an answer of `POST /resolve`, whose readers stop at 1 MiB.
    static let maximumNodeSize = ByteCount.kibibytes(256)

    /// Makes the answers of a version.
    ///
    /// Where the address of a hosted blob belongs, the texts have a mark that `AnswerText` fills in: the public URL of
    /// the registry may change, what was published may not. `secret` is random bytes that the publisher cannot have
    /// known.
    init(_ publication: Publication, publishedAt: Timestamp, secret: [UInt8]) {
        let digits = secret.map { String($0, radix: 16) }.joined(separator: "-")
        let (word, host) = ("@public-url-\(digits)@", "@authority-\(digits)@")
        func marked(_ document: JSONValue) -> String {
            AnswerText.marking(host, as: .authority, in: AnswerText.marking(word, as: .publicURL, in: document.text()))
        }
        let artifacts = publication.artifacts.onWire(below: word, imagesAt: "\(host)/\(publication.name)")
        let node = GraphNode(
            name: publication.name,
            version: publication.version,
            artifacts: artifacts,
            repository: publication.repository,
            config: publication.config,
            dependencies: publication.dependencies,
            calls: publication.wishes
        )
        let download = WorkerDownload(
            name: publication.name,
            version: publication.version,
            artifacts: artifacts,
            config: publication.config,
            calls: publication.wishes
        )
        let detail = JSONValue.object(publication.detail(publishedAt: publishedAt).fixedMembers)
        self.init(
            format: Self.currentFormat,
            resolveNode: marked(node.json),
            download: artifacts.kind == .engine ? nil : marked(download.json),
            detail: detail.text()
        )
    }
}

extension PublishedArtifacts {
    /// The artifacts with hosted ones below `root`, or, of images, in `repository`.
    fileprivate func onWire(below root: String, imagesAt repository: String) -> WorkerArtifacts {
        func remote(_ location: ArtifactLocation) -> RemoteArtifact {
            let hosted = root + RegistryPath.blob(location.digest).description
            return RemoteArtifact(url: location.url ?? hosted, digest: location.digest)
        }
        return switch self {
        case .engine: .engine
        case .image(let reference): .image(reference)
        case .hostedImage(let digest): .image("\(repository)@\(digest)")
        case .bundle(let location): .bundle(remote(location))
        case .binaries(let builds): .binaries(builds.mapValues(remote))
        }
    }
}

extension Publication {
    /// What it asks to call; nil where it asks for nothing, as answers were before workers could ask.
    fileprivate var wishes: [String]? { calls.isEmpty ? nil : calls.map(\.description) }

    fileprivate func detail(publishedAt: Timestamp) -> WorkerDetail {
        var detail = WorkerDetail(name: name, version: version, kind: artifacts.kind)
        detail.description = description
        detail.license = license
        detail.repository = repository
        detail.readme = readme
        detail.tags = tags
        detail.isExperimental = isExperimental
        detail.config = config
        detail.dependencies = dependencies
        detail.calls = calls.map(\.description)
        detail.functions = functions
        detail.triggers = triggers
        if case .binaries(let builds) = artifacts { detail.supportedTargets = builds.keys.sorted() }
        if case .image(let reference) = artifacts { detail.image = reference }
        detail.platforms = platforms
        detail.publishedAt = publishedAt.description
        return detail
    }
}
