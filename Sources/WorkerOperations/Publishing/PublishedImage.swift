// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import ImageDocuments
import OCIImages
import RegistryClient
import SystemPackage
import Transport
import WorkerModel

/// The image of a worker on its way into the registry: read from where its author has it, shown, and pushed.
struct PublishedImage: Sendable {
    let origin: ImageOrigin
    let source: any ImageSource
    /// What its users name it by: `HOST/NAME@sha256:…`.
    let reference: ImageReference
    let platforms: [ImagePlatform]
    private let push: ImagePush
    private let needs: ImagePush.Needs

    /// The size of what the registry lacks.
    var missing: (blobs: Int, size: ByteCount) {
        (needs.blobs.count, needs.blobs.reduce(.zero) { $0 + $1.size })
    }

    /// Opens an image and finds out what the registry lacks of it; sends nothing.
    ///
    /// `scratch` is where skopeo may put a copy.
    ///
    /// - Throws: `ImageSourceError`, `OCIImageError`, `RegistryClientError` without a key, `TransportError`.
    init(
        _ origin: ImageOrigin,
        of worker: WorkerName,
        for connection: RegistryConnection,
        scratch: FilePath,
        environment: HostEnvironment,
        onEvent: @escaping @Sendable (ImagePush.Event) -> Void
    ) async throws {
        self.origin = origin
        let (registry, host) = try connection.imagesOfRegistry()
        source = try await origin.open(over: registry, scratch: scratch, environment: environment)
        let root = try await source.root()
        reference = try ImageReference(parsing: "\(host)/\(worker)@\(root.digest)")
        platforms = try await source.platforms(of: root)
        push = ImagePush(to: reference, over: registry, onEvent: onEvent)
        needs = try await push.needs(of: source)
    }

    /// Sends what the registry lacks.
    func send() async throws { try await push(needs, of: source) }
}

extension RegistryConnection {
    /// The registry of workers as one of images, with its key, and the host that references of its images begin with.
    ///
    /// - Throws: `RegistryClientError` without a key; `OCIImageError` for a registry that is no server.
    fileprivate func imagesOfRegistry() throws -> (ImageRegistry, host: String) {
        guard let url = client.base.url else { throw RegistryWithoutImages(registry: client.base.description) }
        let host = url.origin.description.dropFirst(url.scheme.rawValue.count + 3)
        let key = try client.key()
        let registry = images.registry.adding(
            user: "iii",
            password: key,
            at: String(host),
            isPlain: url.scheme == .http
        )
        return (registry, String(host))
    }
}
