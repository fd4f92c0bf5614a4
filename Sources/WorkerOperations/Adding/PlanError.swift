// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel

/// Why what a registry answered cannot be installed.
package enum PlanError: CodedError {
    case otherWorker(asked: WorkerName, answered: WorkerName)
    case otherVersion(WorkerName, asked: VersionSelector, answered: SemanticVersion)
    case rootMissing(WorkerName, SemanticVersion)
    case rangeBroken(from: WorkerName, to: WorkerName, range: String, version: SemanticVersion)
    case dependencyMissing(of: WorkerName, WorkerName)
    /// Two workers need different versions of one.
    case conflict(WorkerName, [(SemanticVersion, through: WorkerName)])
    /// A worker of the project needs another version than the plan brings.
    case breaksLocked(WorkerName, SemanticVersion, needing: WorkerName, range: String)
    /// The project asks for other versions of a worker than the plan brings because others need it.
    case breaksRequest(WorkerName, SemanticVersion, requested: VersionSelector)
    case platform(WorkerName, SemanticVersion, host: TargetTriple?, available: [TargetTriple])
    case imageNotSupported(WorkerName)
    case bundlesDisabled(WorkerName)

    package var code: ErrorCode {
        switch self {
        case .otherWorker, .otherVersion, .rootMissing, .rangeBroken, .dependencyMissing: .graphInvalid
        case .conflict, .breaksLocked, .breaksRequest: .versionConflict
        case .platform: .platformNotSupported
        case .imageNotSupported: .imagePull
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
        case .conflict(let name, let asked):
            let sides = asked.map { "`\($0.through)` leads to version \($0.0)" }.joined(separator: ", ")
            return "`\(name)` would be needed in two versions: \(sides)"
        case .breaksLocked(let name, let version, let dependent, let range):
            return
                "`\(dependent)` of this project needs `\(name)@\(range.printable)`, but version \(version) would be installed"
        case .breaksRequest(let name, let version, let selector):
            return "this project asks for `\(name)@\(selector)`, but version \(version) would be installed"
        case .platform(let name, let version, let host, let available):
            let shown = available.map(\.description).joined(separator: ", ")
            return
                "`\(name)` \(version) was not built for \(host?.description ?? "this platform"); it is there for: \(shown)"
        case .imageNotSupported(let name):
            return "`\(name)` is an image worker, which this version of iii cannot install"
        case .bundlesDisabled(let name): return "`\(name)` is a bundle worker, and bundles are disabled on this machine"
        }
    }

    package var hints: [String] {
        switch self {
        case .otherWorker, .otherVersion, .rootMissing, .rangeBroken, .dependencyMissing:
            ["do not install from this registry until that is explained; `III_API_URL` says which one is used"]
        case .conflict(let name, _): ["ask for versions that agree on `\(name)`, for example with `NAME@RANGE`"]
        case .breaksLocked(let name, _, let dependent, _):
            ["add a version of `\(dependent)` that goes with it, or ask for an older one that needs no newer `\(name)`"]
        case .breaksRequest(let name, let version, _):
            ["if that is fine, ask for it: `iii worker add \(name)@\(version)`"]
        case .platform(let name, _, _, _): ["ask the author of `\(name)` for a build for this platform"]
        case .imageNotSupported: []
        case .bundlesDisabled: ["unset `III_BUNDLE_WORKERS_DISABLED` to allow them"]
        }
    }
}
