// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Sandboxing

/// One run of a worker, from its start to its end.
package protocol WorkerRun: Sendable {
    var processID: Int32 { get }
    var tier: IsolationTier { get }
    /// Waits for the end, when nothing of it is left and its output is in the log: the end of a sentence that begins with
    /// the worker's name.
    func exit() async -> String
    /// Asks it to end, and ends it after `grace`; returns when nothing of it is left.
    func stop(grace: Duration) async
}

/// Starts workers.
package protocol WorkerLaunching: Sendable {
    /// Returns when the worker's program runs, not when it is ready.
    ///
    /// - Throws: `WorkerCannotRun` where trying again would change nothing; other errors as for a crash.
    func start(_ declaration: WorkerDeclaration, log: WorkerLog) async throws -> any WorkerRun
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

    var processID: Int32 { sandbox.processIdentifier }
    var tier: IsolationTier { sandbox.tier }
    func exit() async -> String { await sandbox.exit().description }
    func stop(grace: Duration) async { await sandbox.stop(grace: grace) }
}
