// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel

/// Why the program was left as it is.
package enum UpgradeError: CodedError, Hashable {
    /// W115.
    case notOffered(registry: String)
    /// W117.
    case otherTarget(TargetTriple, offered: [TargetTriple])
    /// W140.
    case incomplete(registry: String)
    /// W142.
    case otherBytes(String, String)
    /// W185.
    case doesNotStart
    /// A program that is another than it was offered as. W140.
    case otherVersion(String, offered: SemanticVersion)
    /// A package manager has put it here. W107.
    case packaged(String)
    /// W112.
    case noPrevious
    /// What runs cannot be told. W122.
    case unknownPlace

    package var code: ErrorCode {
        switch self {
        case .notOffered: .versionNotFound
        case .otherTarget: .platformNotSupported
        case .incomplete, .otherVersion: .registry
        case .otherBytes: .download
        case .doesNotStart: .binaryNotInArchive
        case .packaged: .wrongUsage
        case .noPrevious: .notInstalled
        case .unknownPlace: .storageIO
        }
    }

    package var message: String {
        switch self {
        case .notOffered(let registry): "the registry `\(registry.printable)` offers no programs of iii"
        case .otherTarget(let target, _): "the registry offers no iii for \(target)"
        case .incomplete(let registry):
            "what the registry `\(registry.printable)` offers is not what makes up iii; nothing was changed"
        case .otherBytes(let name, let registry):
            "the bytes of `\(name.printable)` are not those that `\(registry.printable)` names; nothing was changed"
        case .doesNotStart: "the new program does not start on this machine; nothing was changed"
        case .otherVersion(let found, let offered):
            "what is offered as iii \(offered) says \(found.isEmpty ? "nothing of its version" : "that it is \(found.printable)"); "
                + "nothing was changed"
        case .packaged(let path): "`\(path.printable)` was installed by a package manager"
        case .noPrevious: "there is no earlier program to go back to"
        case .unknownPlace: "the place of this program cannot be found out"
        }
    }

    package var hints: [String] {
        switch self {
        case .notOffered:
            ["`--registry URL` asks another one; its operator offers them with `iii-registry import-programs`"]
        case .otherTarget(_, let offered): ["it offers \(offered.map(\.description).joined(separator: ", "))"]
        case .incomplete: ["tell its operator: the programs there were not made by `make dist` of a release"]
        case .otherBytes: ["run the command again; where it stays so, tell whoever runs the registry"]
        case .otherVersion:
            ["tell whoever runs the registry: an older program under a newer number is a danger to its users"]
        case .doesNotStart: ["tell whoever runs the registry; `iii doctor` checks this machine"]
        case .packaged: ["use it: `apt-get update && apt-get install --only-upgrade iii`"]
        case .noPrevious: ["`iii upgrade` keeps one when it upgrades"]
        case .unknownPlace: ["name the program by its path when you start it, with /proc mounted"]
        }
    }
}
