// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import ProjectFiles
package import WorkerModel

/// A worker that the project does not have.
///
/// W112.
package struct NotInProject: CodedError, Hashable {
    let name: WorkerName
    /// Those that it has.
    let known: [WorkerName]

    init(_ name: WorkerName, in state: ProjectState) {
        self.init(name, known: state.config.entries.map(\.name) + state.lock.workers.keys.sorted())
    }

    /// A worker that `config.yaml` does not list.
    package init(_ name: WorkerName, in config: ConfigFile?) {
        self.init(name, known: config?.entries.map(\.name) ?? [])
    }

    private init(_ name: WorkerName, known: [WorkerName]) {
        self.name = name
        self.known = known.unique
    }

    package var code: ErrorCode { .notInstalled }
    package var message: String { "this project has no worker `\(name)`" }
    package var hints: [String] {
        [Likeness.hint(for: name.description, among: known.map(\.description)), "`iii worker list` shows those it has"]
            .compactMap { $0 }
    }
    package var details: [(key: String, value: String)] { [("name", name.description)] }
}
