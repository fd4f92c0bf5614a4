// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import OCIImages
package import SystemPackage
package import WorkerModel

/// Why a folder is not published, found out before anything was sent.
package enum PublishError: CodedError {
    case noManifest(FilePath)
    /// The manifest is not text.
    case unreadableManifest(FilePath)
    /// The file that holds the version, and what is wrong with it.
    case versionFile(FilePath, String)
    case noVersion(FilePath)
    case versionsDiffer(manifest: SemanticVersion, asked: SemanticVersion)
    case buildMetadata(SemanticVersion)
    /// A version is not above those that are published.
    case older(SemanticVersion, published: SemanticVersion)
    case kindNotSupported(WorkerKind)
    case noArtifacts(WorkerName)
    case artifactsOfBundle
    case artifactsMissing([FilePath])
    /// A target that no compiler names.
    case unknownTarget(TargetTriple)
    /// What is to be published for a target is no program for it.
    case wrongProgram(FilePath, TargetTriple, ProgramFormat, isInArchive: Bool)
    /// An archive that nobody could install.
    case unfitArchive(FilePath, TargetTriple, any CodedError)
    case twiceForTarget(TargetTriple)
    case unknownHost
    /// An image whose reference may mean other bytes tomorrow.
    case imageNotPinned(ImageReference)
    case noImage(WorkerName)
    /// An image that is to stay where it is, and is at no registry.
    case imageIsNowhere(ImageOrigin)
    /// An image that nothing can start before it was sent, which a dry run does not.
    case imageNotBooted(ImageOrigin)
    case imageOfOther(WorkerName, WorkerKind)
    /// The version is there with other content; what differs, in words.
    case differs(WorkerName, SemanticVersion, [String])

    package var code: ErrorCode {
        switch self {
        case .noManifest, .unreadableManifest: .manifestRejected
        case .versionFile, .noVersion, .versionsDiffer, .buildMetadata, .older: .invalidVersion
        case .kindNotSupported, .noArtifacts, .artifactsOfBundle, .artifactsMissing, .twiceForTarget, .unknownHost,
            .imageNotPinned, .noImage, .imageIsNowhere, .imageNotBooted, .imageOfOther, .unknownTarget, .wrongProgram,
            .unfitArchive:
            .packingRefused
        case .differs: .versionExists
        }
    }

    package var message: String {
        switch self {
        case .noManifest(let path): "there is no `\(path.string.printable)`"
        case .unreadableManifest(let path): "`\(path.string.printable)` is not a text of at most 64 KiB"
        case .versionFile(let path, let reason): "`\(path.string.printable)`, which is to hold the version, \(reason)"
        case .noVersion(let path): "`\(path.string.printable)` names no version"
        case .versionsDiffer(let manifest, let asked):
            "the manifest, which goes into the bundle, says version \(manifest), not \(asked)"
        case .buildMetadata(let version): "`\(version)` has build metadata (`+…`), which the registry does not keep"
        case .older(let version, let published): "version \(version) is below \(published), which is published already"
        case .kindNotSupported(let kind): "a worker of kind `\(kind.rawValue)` is not published from a folder"
        case .noArtifacts(let name): "`\(name)` is a native worker, and no build of it was named"
        case .artifactsOfBundle: "`--artifact` is for native workers; this is a bundle"
        case .artifactsMissing(let paths):
            "there is no file " + paths.prefix(10).map { "`\($0.string.printable)`" }.joined(separator: ", ")
        case .unknownTarget(let target): "`\(target)` is not a target that is known"
        case .wrongProgram(let path, let target, let format, let isInArchive):
            (isInArchive ? "the executable in " : "")
                + "`\(path.string.printable)` is \(format.noun), not a program for `\(target)`"
        case .unfitArchive(let path, let target, let error):
            "`\(path.string.printable)`, the archive for `\(target)`, could not be installed: \(error.message)"
        case .twiceForTarget(let target): "two builds were named for `\(target)`"
        case .imageNotPinned(let reference): "`\(reference)` names no digest, so it may be another image tomorrow"
        case .noImage(let name): "`\(name)` is an image worker, and no image was named"
        case .imageIsNowhere(let origin):
            "`\(origin.description.printable)` is at no registry, and `--by-reference` leaves an image where it is"
        case .imageNotBooted(let origin):
            "`\(origin.description.printable)` can be started only when it was sent, which `--dry-run` does not"
        case .imageOfOther(let name, let kind): "`--image` is for image workers; `\(name)` is a \(kind.rawValue)"
        case .differs(let name, let version, let differences):
            "`\(name)` \(version) is published with other content"
                + (differences.isEmpty ? "" : ": " + differences.prefix(10).joined(separator: ", "))
                + (differences.count > 10 ? ", and \(differences.count - 10) more" : "")
        case .unknownHost: "nobody builds for this host, so a build needs its target"
        }
    }

    package var hints: [String] {
        switch self {
        case .noManifest: ["name the folder that holds `iii.worker.yaml`; `iii worker init NAME` begins one"]
        case .unreadableManifest: []
        case .versionFile, .noVersion: ["write `version: 1.0.0` in `iii.worker.yaml`, or pass `--version 1.0.0`"]
        case .versionsDiffer: ["change `version:` in `iii.worker.yaml`"]
        case .buildMetadata: ["leave out what follows `+`"]
        case .older: ["publish a higher version, or pass `--allow-older` if it is meant for an older line"]
        case .kindNotSupported: []
        case .noArtifacts, .unknownHost:
            ["pass `--artifact TARGET=FILE` for each platform, such as `x86_64-unknown-linux-gnu=build/worker`"]
        case .imageNotPinned(let reference): ["write `\(reference)@sha256:…`; pushing the image prints its digest"]
        case .noImage: ["pass `--image HOST/PATH:TAG`, or `--image oci:FOLDER` for one of this machine"]
        case .imageIsNowhere: ["leave `--by-reference` out, or push the image to a registry first"]
        case .imageNotBooted: ["leave out `--boot` or `--dry-run`"]
        case .imageOfOther: ["leave it out, or write `deploy: image` in `iii.worker.yaml`"]
        case .differs: ["versions never change: publish under a higher one"]
        case .artifactsOfBundle: ["leave it out, or write `deploy: binary` in `iii.worker.yaml`"]
        case .artifactsMissing: ["build it first, or correct the path"]
        case .unknownTarget(let target): [Self.hint(for: target)]
        case .wrongProgram(_, let target, let format, _): [Self.hint(for: format, target)]
        case .unfitArchive(_, let target, _):
            [
                "name the executable itself instead, which is then packed, or pack \(target.usesZip ? "a zip file" : "a tar.gz") that holds it alone"
            ]
        case .twiceForTarget: ["name one build for each target"]
        }
    }

    private static func hint(for target: TargetTriple) -> String {
        let meant = target.meant.prefix(3).map { "`\($0)`" }
        if !meant.isEmpty { return "did you mean \(meant.joined(separator: " or "))?" }
        return "known are " + TargetTriple.known.prefix(15).map { "`\($0)`" }.joined(separator: ", ") + " and others"
    }

    private static func hint(for format: ProgramFormat, _ target: TargetTriple) -> String {
        if format.isText {
            return
                "build the program, or publish what an interpreter runs as a bundle: `deploy: bundle` and `scripts.start`"
        }
        let fitting = TargetTriple.known.filter { format.isFor($0) }.prefix(2).map { "`\($0)`" }
        if fitting.isEmpty { return "build it for `\(target)`" }
        return "build it for `\(target)`, or publish it as \(fitting.joined(separator: " or "))"
    }
}
