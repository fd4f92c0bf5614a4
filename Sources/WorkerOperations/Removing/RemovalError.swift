// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import Manifests
package import SystemPackage
package import WorkerModel

/// Why a worker is not taken out of a project.
package enum RemovalError: CodedError, Hashable {
    ///
    /// `through` are those that need these, and so on up: all that has to go with it besides.
    case needed(WorkerName, by: [WorkerName], through: [WorkerName] = [])
    /// The manifest of the project's own folder needs it.
    case declared(WorkerName, in: FilePath)

    package var code: ErrorCode {
        .graphInvalid
    }

    package var message: String {
        switch self {
        case .needed(let name, let dependents, _):
            "`\(name)` is needed by \(dependents.map { "`\($0)`" }.joined(separator: ", "))"
        case .declared(let name, let folder):
            "`\(name)` is needed by `\(folder.appending(WorkerManifest.fileName).string.printable)`"
        }
    }

    package var hints: [String] {
        switch self {
        case .needed(let name, let dependents, let others):
            [
                "remove them together: `iii worker remove \(([name] + dependents + others).map(\.description).joined(separator: " "))`"
            ]
        case .declared(let name, _): ["take `\(name)` out of its `dependencies:` first"]
        }
    }
}
