// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import ArtifactStore
package import HostSystem
import ImageDocuments
import ImageStore
import ProjectFiles
import RegistryAPI
package import WorkerModel

/// What is installed on this machine, seen from a project: which bytes stand for a locked worker here.
package struct Installation: Sendable {
    /// The platform that workers are installed for, nil where nobody builds for this host.
    package let host: TargetTriple?
    let store: ArtifactStore
    let images: ImageStore

    package init(home: IIIHome, host: TargetTriple?) {
        store = ArtifactStore(home: home)
        images = ImageStore(home: home)
        self.host = host
    }

    /// The stored artifact of a locked worker; nil for a kind that has none, and for a binary that was not built for this
    /// host.
    func key(of name: WorkerName, _ locked: LockedWorker) -> ArtifactKey? { ArtifactKey(of: name, locked, on: host) }

    /// Whether the bytes of a locked worker are there; nil for a kind that has none.
    func isInstalled(_ name: WorkerName, _ locked: LockedWorker) async throws -> Bool? {
        switch locked.source {
        case .engine: return nil
        case .image(let text):
            // An image for other platforms only is not installed on this one.
            do { return try await image(text) != nil } catch is ImageStoreError { return false }
        case .bundle, .binary:
            guard let key = key(of: name, locked) else { return false }
            return try store.contains(key)
        }
    }

    /// The image that a reference of a lock file names; nil where it is not on this machine.
    ///
    /// - Throws: `ImageStoreError` for one that is not for this platform, or cannot be read; `HostError`.
    func image(_ text: String) async throws -> InstalledImage? {
        guard let digest = LockedImage(locked: text)?.digest, let platform = host.flatMap({ ImagePlatform(of: $0) })
        else { return nil }
        return try await images.find(digest, for: platform)
    }

    /// Whether every entry of an image is there as it was unpacked; one that is elsewhere looks as it should.
    func looksWhole(_ image: LockedImage) async throws -> Bool {
        guard let found = try await self.image(image.locked) else { return true }
        return try await images.compare(found).isWhole
    }

    /// Points the customary links of a worker to what was installed for it.
    func link(_ wanted: WantedArtifact) throws {
        if case .archive(_, let key) = wanted.delivery { try store.link(wanted.name, to: key) }
    }
}

extension TreeDifference {
    /// The difference in words that begin with the path.
    var sentence: String {
        switch self {
        case .contents(let path, _, _): "\(path) is not what was installed"
        case .mode(let path, let expected, let actual):
            "\(path) has mode \(String(actual, radix: 8)) instead of \(String(expected, radix: 8))"
        case .missing(let path): "\(path) is missing"
        case .extra(let path): "\(path) was not installed"
        }
    }
}
