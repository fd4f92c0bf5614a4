// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArtifactStore
import Diagnostics
import HostSystem
import ImageStore
import Manifests
import ProjectFiles
import SystemPackage
import WorkerModel

/// The images that bundles run on where this machine's settings name them, and folders where their manifests do.
struct BaseImages: Sendable {
    /// One that workers of a project need.
    struct Base: Hashable, Sendable {
        /// Nil for one that the manifests of folders name.
        let runtime: BundleRuntime?
        let reference: ImageReference
        /// Sorted by name.
        var workers: [WorkerName]
    }

    let workshop: ProjectWorkshop
    private var images: any ImagePuller { workshop.registry.images }

    /// What installed bundles need, in the order of the kinds; nothing for a kind that the settings leave to us.
    ///
    /// - Throws: `ProjectError` for settings that cannot be read; `ImageReferenceError` for a reference that is none.
    func needed(by bundles: [WantedArtifact]) throws -> [Base] {
        let settings = try MachineSettings(IIIHome(workshop.environment))
        if settings.baseImages.isEmpty { return [] }
        var names: [BundleRuntime: [WorkerName]] = [:]
        for bundle in bundles {
            guard case .archive(_, let key) = bundle.delivery, key.executable == nil,
                // One that is damaged or not there is told of by others.
                let manifest = try? InstalledBundle.manifest(in: workshop.installation.store.tree(of: key)),
                let runtime = try? manifest.checkedAsBundle(named: bundle.name, version: bundle.version).runtime
            else { continue }
            names[runtime, default: []].append(bundle.name)
        }
        return try BundleRuntime.allCases.compactMap { runtime in
            guard let bundles = names[runtime], let text = settings.baseImages[runtime.rawValue] else { return nil }
            return Base(runtime: runtime, reference: try ImageReference(parsing: text), workers: bundles.sorted())
        }
    }

    /// What the folders of a project name as `runtime.base_image`, in the order of `config.yaml`.
    ///
    /// - Throws: `ImageReferenceError` for a reference that is none.
    func needed(byFoldersOf config: ConfigFile) throws -> [Base] {
        var bases: [Base] = []
        for entry in config.entries {
            guard case .path(let path) = entry.source,
                // One that cannot be read is told of by others.
                let manifest = try? LocalFolder.manifest(in: workshop.project.folder.pushing(FilePath(path))),
                let text = manifest.runtime.baseImage
            else { continue }
            let reference = try ImageReference(parsing: text)
            if let index = bases.firstIndex(where: { $0.reference == reference }) {
                bases[index].workers.append(entry.name)
            } else {
                bases.append(Base(runtime: nil, reference: reference, workers: [entry.name]))
            }
        }
        return bases
    }

    func isPresent(_ base: Base) async throws -> Bool { try await known(base.reference) != nil }

    /// Brings an image to this machine, and remembers what its tag names.
    ///
    /// One that is here is asked for again only to be renewed, and stays as it is where nobody answers.
    ///
    /// - Throws: `BaseImageFailed`; `CancellationError`.
    func bring(_ base: Base, renewing: Bool) async throws {
        do {
            let known = try await known(base.reference)
            if known != nil, !renewing || base.reference.digest != nil { return }
            let image: LockedImage
            do { image = try await images.pin(base.reference) } catch let error as any CodedError where known != nil {
                let words = "`\(base.reference)` stays as it is: \(error.message)"
                return workshop.events.receive(.warning(words, error.code))
            }
            if try await !images.isPresent(image) {
                try await images.pull(image, for: base.workers[0], replacing: false, workshop.events)
            }
            try remember(image)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw BaseImageFailed(base: base, cause: error)
        }
    }

    /// What a reference named when it was last asked for; nil where that is not on this machine.
    private func known(_ reference: ImageReference) async throws -> LockedImage? {
        let digest = try reference.digest.map { try Digest(parsing: $0) }
        guard let digest = try digest ?? workshop.installation.images.digest(named: reference) else { return nil }
        let image = LockedImage(reference: reference, digest: digest)
        return try await images.isPresent(image) ? image : nil
    }

    private func remember(_ image: LockedImage) throws {
        guard image.reference.digest == nil else { return }
        try workshop.installation.images.name(image.digest, as: image.reference)
    }
}

/// The image that the settings name for bundles of a kind, or a manifest for its folder, cannot be had.
///
/// The code is that of the cause.
struct BaseImageFailed: CodedError {
    let base: BaseImages.Base
    let cause: (any Error)?

    private var inner: (any CodedError)? { cause as? any CodedError }

    var code: ErrorCode { inner?.code ?? .internalError }
    var message: String {
        let who =
            base.runtime.map { "bundles of the kind `\($0.rawValue)` run here" }
            ?? "`\(base.workers[0])` is to run by its manifest"
        return "cannot bring `\(base.reference)`, on which \(who)"
    }
    var hints: [String] {
        let place =
            base.runtime == nil ? "`runtime.base_image` of `iii.worker.yaml`" : "`base_images:` in `settings.yaml`"
        return (inner?.hints ?? []) + ["\(place) names it"]
    }
    var details: [(key: String, value: String)] { [("reference", base.reference.description)] + (inner?.details ?? []) }
}
