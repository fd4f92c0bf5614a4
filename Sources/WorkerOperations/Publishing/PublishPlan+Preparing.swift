// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Diagnostics
import HostSystem
import JSONText
import Manifests
package import OCIImages
import RegistryAPI
package import SystemPackage
package import WorkerModel

/// What the author asks for.
package struct PublishRequestOptions: Sendable {
    /// Which channel moves to the version.
    package enum Channel: Sendable, Hashable {
        /// `latest` for a stable version, `next` for a pre-release.
        case automatic
        case named(ChannelName)
        case none
    }

    /// A build that the author names; without a target it is for this host.
    package struct Build: Sendable, Hashable {
        package let target: TargetTriple?
        package let file: FilePath

        package init(target: TargetTriple?, file: FilePath) {
            self.target = target
            self.file = file
        }
    }

    /// The folder that holds `iii.worker.yaml`.
    package var folder: FilePath
    package var version: SemanticVersion?
    package var channel = Channel.automatic
    package var builds: [Build] = []
    /// The image of an image worker.
    package var image: ImageOrigin?
    /// Publish where the image is, instead of bringing it into the registry.
    package var leavesImage = false
    /// The image as its users will name it, once that is known.
    var pinned: ImageReference?
    /// What a running worker has registered.
    package var interface: WorkerInterface?
    /// Paths below the folder that are packed though they look like secrets.
    package var allowedSecrets: Set<String> = []
    /// Pack though the file that the start command names is not among the files.
    package var allowsMissingStart = false
    /// Seconds since 1970 that all entries of an archive get.
    package var entryTime: Int64 = 0

    package init(folder: FilePath) { self.folder = folder }
}

extension PublishPlan {
    /// Reads the manifest, packs, and checks all that can be checked here.
    ///
    /// Archives are written to `scratch`, an empty folder. `host` is the platform of builds that are named without one.
    ///
    /// - Throws: `PublishError`, `ManifestError`, `PackingError`, `ArchiveError`, `HostError`.
    static func prepare(
        _ options: PublishRequestOptions,
        in scratch: FilePath,
        host: TargetTriple?
    ) async throws -> PublishPlan {
        let manifest = try readManifest(in: options.folder)
        let (name, kind) = try manifest.checkedForPublishing()
        let version = try version(of: manifest, options)
        var list: PackingList?
        let uploads: [Upload]
        switch kind {
        case .bundle:
            if !options.builds.isEmpty { throw PublishError.artifactsOfBundle }
            if let written = manifest.version, written != version {
                throw PublishError.versionsDiffer(manifest: written, asked: version)
            }
            let packed = try PackingList(of: options.folder, worker: name, allowedSecrets: options.allowedSecrets)
            if !options.allowsMissingStart {
                try StartFile.expectPacked(by: manifest, in: options.folder, packing: packed)
            }
            uploads = [try pack(packed, to: scratch.appending("bundle.tar.gz"), time: options.entryTime)]
            list = packed
        case .binary: uploads = try await builds(of: name, manifest, options, in: scratch, host: host)
        case .image:
            guard options.image != nil else { throw PublishError.noImage(name) }
            uploads = []
        case .engine: throw PublishError.kindNotSupported(kind)
        }
        let channel: ChannelName? =
            switch options.channel {
            case .automatic: version.isPrerelease ? .next : .latest
            case .named(let channel): channel
            case .none: nil
            }
        var request = PublishRequest(name: name, version: version, artifacts: artifacts(uploads, kind, options))
        request.channel = channel
        try request.describe(manifest, in: options.folder)
        var plan = PublishPlan(
            name: name,
            version: version,
            kind: kind,
            channel: channel,
            uploads: uploads,
            files: list?.items ?? [],
            leftOut: list?.leftOut ?? [],
            warnings: manifest.problems.filter { $0.severity == .warning }.map(\.message)
                + (list?.surprises ?? []),
            request: request
        )
        if let interface = options.interface { plan.describe(interface) }
        return plan
    }

    /// Checks what can be checked without packing and without a network.
    ///
    /// - Throws: `PublishError`, `ManifestError`, `HostError`.
    static func expectFit(_ options: PublishRequestOptions) throws {
        let manifest = try readManifest(in: options.folder)
        let (name, kind) = try manifest.checkedForPublishing()
        _ = try version(of: manifest, options)
        if options.image != nil, kind != .image { throw PublishError.imageOfOther(name, kind) }
        if options.image == nil, kind == .image { throw PublishError.noImage(name) }
    }

    private static func readManifest(in folder: FilePath) throws -> WorkerManifest {
        let path = folder.appending(WorkerManifest.fileName)
        let bytes: [UInt8]?
        do { bytes = try HostFiles.read(path, upTo: WorkerManifest.maximumSize) } catch is FileTooLarge {
            throw PublishError.unreadableManifest(path)
        }
        guard let bytes else { throw PublishError.noManifest(path) }
        return try WorkerManifest(parsing: bytes)
    }

    /// The version that is asked for, else that of the file that the manifest names, else that of the manifest.
    static func version(of manifest: WorkerManifest, _ options: PublishRequestOptions) throws -> SemanticVersion {
        let version: SemanticVersion
        if let asked = options.version {
            version = asked
        } else if let file = manifest.versionFile {
            version = try VersionFile.version(in: options.folder.pushing(FilePath(file)))
        } else if let written = manifest.version {
            version = written
        } else {
            throw PublishError.noVersion(options.folder.appending(WorkerManifest.fileName))
        }
        if !version.buildMetadata.isEmpty { throw PublishError.buildMetadata(version) }
        return version
    }

    private static func artifacts(
        _ uploads: [Upload],
        _ kind: WorkerKind,
        _ options: PublishRequestOptions
    ) -> PublishRequest.Artifacts {
        if let image = options.pinned, kind == .image { return .image(image.description) }
        if kind == .bundle, let bundle = uploads.first {
            return .bundle(PublishRequest.Artifact(digest: bundle.digest))
        }
        let builds = uploads.compactMap { upload in
            upload.target.map { ($0, PublishRequest.Artifact(digest: upload.digest)) }
        }
        return .binaries(Dictionary(builds) { first, _ in first })
    }
}

extension PublishPlan {
    static func pack(_ list: PackingList, to path: FilePath, time: Int64) throws -> Upload {
        let files = list.items.map { PackedFile(path: $0.path, source: .file($0.file), isExecutable: $0.isExecutable) }
        let archive: PackedArchive
        do throws(ArchiveError) {
            archive = try TarGzipWriter.write(files, to: path, time: time, limits: .bundle, isSynced: false)
        } catch {
            guard case .tooLarge(let limit) = error else { throw error }
            throw PackingError.overLimits([.archive(limit: limit, most: PackingLimits(list.items, .bundle).largest)])
        }
        return Upload(target: nil, file: path, digest: archive.digest, size: archive.size)
    }
}

extension PublishRequest {
    /// The largest README that is sent.
    private static let maximumReadme = ByteCount.kibibytes(512)

    /// Takes over what the manifest and the folder say of the worker.
    fileprivate mutating func describe(_ manifest: WorkerManifest, in folder: FilePath) throws {
        description = manifest.description ?? ""
        license = manifest.license ?? ""
        repository = manifest.repository ?? ""
        tags = manifest.tags
        dependencies = manifest.dependencies.map { WorkerDependency(name: $0.name, selector: $0.text) }
        calls = manifest.calls.map(\.description)
        config = .object(manifest.config ?? JSONObject())
        for file in manifest.readme.map({ [$0] }) ?? ["README.md", "readme.md", "README"] {
            guard let bytes = try HostFiles.read(folder.pushing(FilePath(file)), upTo: Self.maximumReadme) else {
                continue
            }
            readme = String(decoding: bytes, as: UTF8.self)
            break
        }
    }
}
