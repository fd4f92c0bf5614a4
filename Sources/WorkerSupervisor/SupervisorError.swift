// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel

/// Why a request about a worker that runs, or should, cannot be met.
package enum SupervisorError: CodedError {
    /// W112
    case unknown(WorkerName)
    /// W114
    case alreadyRunning(WorkerName, processID: Int32)
    /// W167
    case crashed(WorkerName, how: String, reason: String?, lastLines: [String])
    /// W161
    case notReady(WorkerName, after: Duration)
    /// W188
    case waits(WorkerName, reason: String, remedy: String?)
    /// W168
    case engineRuns(processID: Int32?)

    package var code: ErrorCode {
        switch self {
        case .unknown: .notInstalled
        case .alreadyRunning: .alreadyRunning
        case .crashed: .workerCrashed
        case .notReady: .startTimedOut
        case .waits: .sandboxUnavailable
        case .engineRuns: .engineAlreadyRuns
        }
    }

    package var message: String {
        switch self {
        case .unknown(let name): "`\(name)` is not listed in `config.yaml`"
        case .alreadyRunning(let name, let processID): "`\(name)` runs already (process \(processID))"
        case .crashed(let name, let how, let reason, let lines):
            "`\(name)` \(how)\(CrashReason.said(reason, in: lines))"
        case .notReady(let name, let time): "`\(name)` is not ready after \(time.components.seconds) s"
        case .waits(let name, let reason, _): "`\(name)` waits: \(reason)"
        case .engineRuns(let processID):
            "an engine runs this project already" + (processID.map { " (process \($0))" } ?? "")
        }
    }

    package var hints: [String] {
        switch self {
        case .unknown: ["`iii worker list` shows what is listed"]
        case .alreadyRunning(let name, _): ["`iii worker restart \(name)` starts it afresh"]
        case .crashed(let name, _, _, _), .notReady(let name, _): ["`iii worker logs \(name)` has all that it printed"]
        case .waits(_, _, let remedy): remedy.map { [$0] } ?? []
        case .engineRuns: ["stop it first, or use it"]
        }
    }

    package var details: [(key: String, value: String)] {
        switch self {
        case .unknown(let name), .notReady(let name, _), .waits(let name, _, _): [("name", name.description)]
        case .alreadyRunning(let name, let processID): [("name", name.description), ("pid", String(processID))]
        case .crashed(let name, let how, let reason, let lines):
            [("name", name.description), ("how", how)] + (reason.map { [("reason", $0)] } ?? [])
                + [("last_lines", lines.joined(separator: "\n"))]
        case .engineRuns(let processID): processID.map { [("pid", String($0))] } ?? []
        }
    }
}
