// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import WorkerModel

/// Why a worker that was started to hear what it offers did not tell.
package enum BootError: CodedError {
    /// W167: it ended before all was heard.
    case ended(WorkerName, how: String, lastLines: [String])
    /// W161: it runs, and the engine does not know it.
    case notConnected(WorkerName, after: Duration, lastLines: [String])
    /// W161: the engine knows it, and nothing of it.
    case nothingRegistered(WorkerName, after: Duration, lastLines: [String])
    /// W161: it went on registering.
    case notSettled(WorkerName, after: Duration)
    /// W188: it cannot be started here at all.
    case cannotStart(WorkerName, reason: String, remedy: String?)
    /// W117
    case noBuild(WorkerName, host: TargetTriple?, built: [TargetTriple])
    /// W190: a kind that is no program.
    case noProgram(WorkerName)

    package var code: ErrorCode {
        switch self {
        case .ended: .workerCrashed
        case .notConnected, .nothingRegistered, .notSettled: .startTimedOut
        case .cannotStart: .sandboxUnavailable
        case .noBuild: .platformNotSupported
        case .noProgram: .packingRefused
        }
    }

    package var message: String {
        switch self {
        case .ended(let name, let how, let lines):
            "`\(name)` \(how) before it had told what it offers" + CrashReason.said(nil, in: lines)
        case .notConnected(let name, let time, let lines):
            "`\(name)` did not connect to the engine within \(time.components.seconds) s"
                + CrashReason.said(nil, in: lines)
        case .nothingRegistered(let name, let time, let lines):
            "`\(name)` registered neither functions nor trigger types within \(time.components.seconds) s"
                + CrashReason.said(nil, in: lines)
        case .notSettled(let name, let time):
            "`\(name)` still registers functions after \(time.components.seconds) s"
        case .cannotStart(let name, let reason, _): "`\(name)` cannot be started: \(reason)"
        case .noBuild(let name, let host, let built):
            "no build of `\(name)` runs on \(host.map { "`\($0)`" } ?? "this host"), only on "
                + built.map { "`\($0)`" }.joined(separator: ", ")
        case .noProgram(let name): "`\(name)` is part of an engine: there is nothing to start"
        }
    }

    package var hints: [String] {
        switch self {
        case .ended:
            [
                "in its sandbox a worker reaches the engine alone, at `III_URL`; `--allow HOST:PORT` adds what it needs to start"
            ]
        case .notConnected:
            ["it has to connect to `III_URL`; give it longer with `--boot-timeout SECONDS`"]
        case .nothingRegistered:
            ["give it longer with `--boot-timeout SECONDS`, or publish without `--boot`"]
        case .notSettled: ["give it longer with `--boot-timeout SECONDS`"]
        case .cannotStart(_, _, let remedy):
            [remedy, "publish it from a machine that runs it, or with `--from-engine`"].compactMap(\.self)
        case .noBuild: ["publish it from a machine that runs it, or name a build for this one with `--artifact`"]
        case .noProgram: ["leave out `--boot`"]
        }
    }

    package var details: [(key: String, value: String)] {
        switch self {
        case .ended(let name, let how, let lines):
            [("name", name.description), ("how", how), ("last_lines", lines.joined(separator: "\n"))]
        case .notConnected(let name, _, let lines), .nothingRegistered(let name, _, let lines):
            [("name", name.description), ("last_lines", lines.joined(separator: "\n"))]
        case .notSettled(let name, _), .cannotStart(let name, _, _), .noBuild(let name, _, _), .noProgram(let name):
            [("name", name.description)]
        }
    }
}
