// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import Transport
package import WorkerModel

/// Why what a registry answered cannot be installed.
package enum PlanError: CodedError {
    case otherWorker(asked: WorkerName, answered: WorkerName)
    case otherVersion(WorkerName, asked: VersionSelector, answered: SemanticVersion)
    case rootMissing(WorkerName, SemanticVersion)
    case rangeBroken(from: WorkerName, to: WorkerName, range: String, version: SemanticVersion)
    case dependencyMissing(of: WorkerName, WorkerName)
    /// No version at hand meets all that is asked of a worker.
    ///
    /// With those workers of the project that are asked for and have a part in it.
    case conflict(WorkerName, [Need], inProject: [WorkerName])
    case platform(WorkerName, SemanticVersion, host: TargetTriple?, available: [TargetTriple])
    case imageWithoutDigest(WorkerName, String)
    /// A registry elsewhere names an image at an address of this machine.
    case imageOfThisMachine(WorkerName, ImageReference)
    case address(WorkerName, SemanticVersion, RemoteURLError)
    case bundlesDisabled(WorkerName)

    package var code: ErrorCode {
        switch self {
        case .otherWorker, .otherVersion, .rootMissing, .rangeBroken, .dependencyMissing: .graphInvalid
        case .conflict: .versionConflict
        case .address: .download
        case .platform: .platformNotSupported
        case .imageWithoutDigest, .imageOfThisMachine: .imagePull
        case .bundlesDisabled: .bundlesDisabled
        }
    }

    package var message: String {
        switch self {
        case .otherWorker(let asked, let answered):
            return "the registry was asked for `\(asked)` and answered with `\(answered)`"
        case .otherVersion(let name, let asked, let answered):
            return "the registry was asked for `\(name)@\(asked)` and answered with version \(answered)"
        case .rootMissing(let name, let version):
            return "the registry's answer for `\(name)` does not contain the version \(version) that it chose"
        case .rangeBroken(let from, let to, let range, let version):
            return "`\(from)` needs `\(to)@\(range.printable)`, but the registry answered with version \(version)"
        case .dependencyMissing(let name, let missing):
            return "`\(name)` needs `\(missing)`, which the registry's answer does not contain"
        case .conflict(let name, let needs, _):
            let clauses = needs.map(\.clause).unique
            let more = clauses.count > Self.listed ? ", and \(clauses.count - Self.listed) more" : ""
            return
                "no version of `\(name)` meets all that is asked of it: \(clauses.prefix(Self.listed).joined(separator: ", "))\(more)"
        case .platform(let name, let version, let host, let available):
            let shown = available.map(\.description).joined(separator: ", ")
            return
                "`\(name)` \(version) was not built for \(host?.description ?? "this platform"); it is there for: \(shown)"
        case .imageWithoutDigest(let name, let reference):
            return "`\(name)` is the image `\(reference.printable)`, which names no sha256 digest"
        case .imageOfThisMachine(let name, let reference):
            return "the registry says that `\(name)` is the image `\(reference)`, an address of this very machine"
        case .address(let name, let version, _):
            return "the registry's address for the archive of `\(name)` \(version) makes no sense"
        case .bundlesDisabled(let name): return "`\(name)` is a bundle worker, and bundles are disabled on this machine"
        }
    }

    package var hints: [String] {
        switch self {
        case .otherWorker, .otherVersion, .rootMissing, .rangeBroken, .dependencyMissing:
            ["do not install from this registry until that is explained; `iii registry list` shows which ones are used"]
        case .conflict(let name, _, let workers): Self.advice(name, workers)
        case .platform(let name, _, _, _): ["ask the author of `\(name)` for a build for this platform"]
        case .imageWithoutDigest(let name, _): ["ask the publisher of `\(name)` to publish it by digest"]
        case .imageOfThisMachine(_, let reference):
            [
                "if you run a registry of images there, allow it with `III_INSECURE_REGISTRIES=\(reference.canonicalHost)`"
            ]
        case .address: ["tell whoever runs the registry"]
        case .bundlesDisabled: ["unset `III_BUNDLE_WORKERS_DISABLED` to allow them"]
        }
    }

    package var cause: (any Error)? {
        if case .address(_, _, let error) = self { error } else { nil }
    }

    /// The most sides of a conflict that a message lists.
    private static let listed = 8

    private static func advice(_ name: WorkerName, _ workers: [WorkerName]) -> [String] {
        var hints = ["ask for versions that agree on `\(name)`, for example with `NAME@RANGE`"]
        if !workers.isEmpty {
            hints.append(
                "`iii worker update \(workers.map(\.description).joined(separator: " "))` may bring versions that go together"
            )
        }
        return hints
    }
}
