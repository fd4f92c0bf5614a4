// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArtifactStore
import Diagnostics
import HostSystem
package import JSONText
import NIOCore
import RegistryAPI
package import SystemPackage
package import WorkerModel

/// What a plan is going to publish, laid out so that it can be started.
package struct BootableWorker: Sendable {
    package enum Content: Sendable, Hashable {
        /// The tree of a bundle, unpacked from the very archive that is uploaded.
        case bundle(FilePath)
        /// The build for this host.
        case executable(FilePath)
        /// A pinned reference.
        case image(String)
    }

    package let name: WorkerName
    package let version: SemanticVersion
    package let content: Content
    /// The default configuration.
    package let config: JSONValue?
    /// A folder that is removed afterwards.
    package let scratch: FilePath
}

extension PublishPlan {
    /// Lays out what this plan publishes below `scratch`.
    ///
    /// - Throws: `BootError.noBuild`, `.noProgram`; what installing it throws.
    func bootable(in scratch: FilePath, host: TargetTriple?) async throws -> BootableWorker {
        BootableWorker(
            name: name,
            version: version,
            content: try await content(in: scratch, host: host),
            config: request.config == .emptyObject ? .none : .some(request.config),
            scratch: scratch
        )
    }

    private func content(in scratch: FilePath, host: TargetTriple?) async throws -> BootableWorker.Content {
        let store = ArtifactStore(home: IIIHome(root: scratch))
        switch request.artifacts {
        case .image(let reference): return .image(reference)
        case .engine: throw BootError.noProgram(name)
        case .bundle:
            guard let bundle = uploads.first else { throw BootError.noProgram(name) }
            let key = ArtifactKey.bundle(bundle.digest)
            return .bundle(try await store.install(key, from: try bundle.bytes()).tree)
        case .binaries(let builds):
            let target = host?.runnable.first { builds[$0] != nil }
            guard let build = uploads.first(where: { $0.target == target }), let target else {
                throw BootError.noBuild(name, host: host, built: builds.keys.sorted())
            }
            let key = ArtifactKey.binary(build.digest, of: name, for: target)
            let tree = try await store.install(key, from: try build.bytes()).tree
            return .executable(store.executable(of: key) ?? tree)
        }
    }
}

extension PublishPlan.Upload {
    /// The most bytes of an archive that are read at once.
    private static let limit = ByteCount.mebibytes(512)

    fileprivate func bytes() throws -> AsyncStream<ByteBuffer> {
        let bytes = try HostFiles.read(file, upTo: Self.limit) ?? []
        return AsyncStream { continuation in
            continuation.yield(ByteBuffer(bytes: bytes))
            continuation.finish()
        }
    }
}
