// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ArtifactStore
package import RegistryAPI
import Transport
import WorkerModel

/// What has to be on this machine before a worker can run.
package enum Delivery: Hashable, Sendable {
    case archive(RemoteArtifact, ArtifactKey)
    case image(LockedImage)
}

extension Delivery {
    /// What a worker of a registry needs on a host; nil for a part of the engine.
    ///
    /// - Throws: `PlanError` for a worker that was not built for the host, for an image without a digest, and for an address
    ///   that makes no sense.
    init?(of node: GraphNode, for host: TargetTriple?) throws(PlanError) {
        switch node.artifacts {
        case .engine: return nil
        case .bundle(let remote): self = .archive(try Self.checked(remote, of: node), .bundle(remote.digest))
        case .image(let text):
            guard let image = LockedImage(locked: text) else { throw .imageWithoutDigest(node.name, text) }
            self = .image(image)
        case .binaries(let builds):
            for target in host?.runnable ?? [] {
                guard let remote = builds[target] else { continue }
                self = .archive(
                    try Self.checked(remote, of: node),
                    .binary(remote.digest, of: node.name, for: target)
                )
                return
            }
            throw .platform(node.name, node.version, host: host, available: builds.keys.sorted())
        }
    }

    private static func checked(_ remote: RemoteArtifact, of node: GraphNode) throws(PlanError) -> RemoteArtifact {
        do throws(RemoteURLError) { _ = try RemoteURL(parsing: remote.url) } catch {
            throw .address(node.name, node.version, error)
        }
        return remote
    }
}

extension GraphNode {
    /// The targets, not among those of a host, whose address makes no sense: nobody here needs them.
    func targetsWithBadAddress(besides host: TargetTriple?) -> [TargetTriple] {
        guard case .binaries(let builds) = artifacts else { return [] }
        return builds.filter { (try? RemoteURL(parsing: $0.value.url)) == nil }.keys
            .filter { !(host?.runnable ?? []).contains($0) }.sorted()
    }
}

extension LockedImage {
    /// Reads what `iii.lock` or a registry says; nil for a reference without a SHA-256 digest.
    init?(locked text: String) {
        guard let reference = try? ImageReference(parsing: text), let digest = reference.digest,
            digest.hasPrefix("sha256:"), let value = try? Digest(parsing: digest.dropFirst("sha256:".count))
        else { return nil }
        self.init(reference: reference, digest: value)
    }
}
