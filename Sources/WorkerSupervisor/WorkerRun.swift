// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import LocalWorkspaces
package import Sandboxing
package import WorkerModel

/// One run of a worker, from its start to its end.
package protocol WorkerRun: Sendable {
    var processID: Int32 { get }
    var tier: IsolationTier { get }
    /// How well the limits of its sandbox are held; nil without one.
    var enforcement: SandboxEnforcement? { get }
    /// From the start of its sandbox to the first answer from inside; nil without one.
    var sandboxReadyAfter: Duration? { get }
    /// What it reaches besides the engine; empty also where nothing holds it.
    var network: [NetworkAddress] { get }
    /// Waits for the end, when nothing of it is left and its output is in the log: the end of a sentence that begins with
    /// the worker's name.
    func exit() async -> String
    /// Asks it to end, and ends it after `grace`; returns when nothing of it is left.
    func stop(grace: Duration) async
    /// Starts a command beside it.
    ///
    /// - Throws: `ExecRefused` where it runs in no sandbox; `SandboxError`.
    func execute(_ request: ExecRequest, output: any SandboxOutput) async throws -> any SandboxCommand
}

extension WorkerRun {
    package var enforcement: SandboxEnforcement? { nil }
    package var sandboxReadyAfter: Duration? { nil }
    package var network: [NetworkAddress] { [] }

    package func execute(_ request: ExecRequest, output: any SandboxOutput) async throws -> any SandboxCommand {
        throw ExecRefused.unsandboxed
    }
}

/// Why no command is started beside a worker.
package enum ExecRefused: CodedError, Hashable {
    case notRunning(WorkerName)
    /// It is a process of the user.
    case unsandboxed

    package var code: ErrorCode {
        switch self {
        case .notRunning: .notRunning
        case .unsandboxed: .sandboxUnavailable
        }
    }

    package var message: String {
        switch self {
        case .notRunning(let name): "`\(name)` does not run"
        case .unsandboxed: "the worker runs as a process of yours, not in a sandbox"
        }
    }

    package var hints: [String] {
        switch self {
        case .notRunning(let name): ["start it with `iii worker start \(name)`"]
        case .unsandboxed: ["run the command in a shell"]
        }
    }
}

/// Starts workers.
package protocol WorkerLaunching: Sendable {
    /// Returns when the worker's program runs, not when it is ready.
    ///
    /// - Throws: `WorkerCannotRun` where trying again would change nothing; other errors as for a crash.
    func start(_ declaration: WorkerDeclaration, log: WorkerLog) async throws -> any WorkerRun

    /// The source of a worker that is started again when its source changes, as it is now; nil for others, and where it cannot
    /// be looked at.
    func source(of declaration: WorkerDeclaration) -> WatchedSource?

    /// Makes sure that there is a sandbox of the tier that a worker is to run in.
    ///
    /// - Throws: `SandboxError`.
    func check(_ declaration: WorkerDeclaration) async throws

    /// The tier that a worker would run in; nil for what is not started.
    ///
    /// - Throws: `SandboxError`.
    func tier(of declaration: WorkerDeclaration) async throws -> IsolationTier?
}

extension WorkerLaunching {
    package func source(of declaration: WorkerDeclaration) -> WatchedSource? { nil }
    package func check(_ declaration: WorkerDeclaration) async throws {}
    package func tier(of declaration: WorkerDeclaration) async throws -> IsolationTier? { nil }
}

/// A source and how it was when somebody looked at it.
package struct WatchedSource: Sendable {
    let watch: SourceWatch
    let seen: SourceTree

    /// Waits until it is another and has come to rest: true, or false where the task was cancelled.
    func changed() async -> Bool { (try? await watch.changed(from: seen)) != nil }
}

/// Why a worker waits instead of running: somebody has to do something first.
package struct WorkerCannotRun: Error, Sendable {
    /// The end of a sentence that begins with the worker's name and a colon.
    package let reason: String
    /// A command that would help.
    package let remedy: String?

    package init(reason: String, remedy: String? = nil) {
        self.reason = reason
        self.remedy = remedy
    }
}

/// A worker in a sandbox.
struct SandboxedRun: WorkerRun {
    let sandbox: any RunningSandbox
    let network: [NetworkAddress]

    var processID: Int32 { sandbox.processIdentifier }
    var tier: IsolationTier { sandbox.tier }
    var enforcement: SandboxEnforcement? { sandbox.enforcement }
    var sandboxReadyAfter: Duration? { sandbox.answeredAfter }
    func exit() async -> String { await sandbox.exit().description }
    func stop(grace: Duration) async { await sandbox.stop(grace: grace) }
    func execute(_ request: ExecRequest, output: any SandboxOutput) async throws -> any SandboxCommand {
        try await sandbox.execute(request, output: output)
    }
}
