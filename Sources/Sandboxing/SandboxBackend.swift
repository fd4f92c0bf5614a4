// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// Makes sandboxes of one tier.
///
/// Each backend passes one contract suite: what is said here holds for all of them.
package protocol SandboxBackend: Sendable {
    var tier: IsolationTier { get }

    /// Whether this host can run the tier.
    ///
    /// Quick, and bounded in time whatever the host does; what was costly to learn is remembered for as long as the host
    /// is up.
    func availability() async -> SandboxAvailability

    /// Makes a sandbox and starts its worker.
    ///
    /// Returns when the worker's program has been started, not when it is ready. Nothing is left of a sandbox that could
    /// not be started. When this process ends, whichever way, the sandbox ends with it.
    ///
    /// - Throws: `SandboxError`, or `CancellationError`.
    func start(
        _ specification: SandboxSpecification,
        output: any SandboxOutput
    ) async throws -> any RunningSandbox
}

/// A sandbox whose worker has been started.
package protocol RunningSandbox: Sendable {
    var tier: IsolationTier { get }
    var enforcement: SandboxEnforcement { get }
    /// The process on the host that the whole sandbox hangs on.
    var processIdentifier: Int32 { get }
    /// From the start of its processes to the first answer from inside.
    var answeredAfter: Duration { get }

    /// Waits for the worker's end, and the sandbox's with it.
    ///
    /// All output has been handed out before. Any number may wait; it answers at once afterwards.
    func exit() async -> SandboxExit

    /// Asks the worker to end, kills it after `grace`; answers as `exit` does.
    ///
    /// SIGTERM goes to the worker's process group. Nothing of the sandbox is left afterwards.
    @discardableResult
    func stop(grace: Duration) async -> SandboxExit

    /// Sends a signal to the worker's process group.
    func signal(_ number: Int32) async

    /// Whether the sandbox answers within a time.
    func isResponsive(within limit: Duration) async -> Bool

    /// Starts a further command beside the worker, as the same user under the same limits.
    ///
    /// - Throws: `SandboxError.notExecuted` where the program is not there or is none, `.ended` after the sandbox's end.
    func execute(_ request: ExecRequest, output: any SandboxOutput) async throws -> any SandboxCommand
}

/// A command that was started beside the worker.
package protocol SandboxCommand: Sendable {
    /// Writes to its standard input; suspends while it does not read.
    func write(_ bytes: [UInt8]) async
    /// Ends its standard input.
    func endInput() async
    func signal(_ number: Int32) async
    /// Tells it the size of the terminal that it runs in.
    func resize(to size: TerminalSize) async
    /// Waits for its end; all output has been handed out before.
    func exit() async -> SandboxExit
}

/// Takes what a worker or a command writes.
package protocol SandboxOutput: Sendable {
    /// Takes bytes in the order they were written.
    ///
    /// Bytes of one sandbox come one call at a time. While it is suspended the writer is slowed down: a worker has at most
    /// 256 KiB on the way.
    func receive(_ bytes: [UInt8], from stream: OutputStreamName) async

    /// Takes a remark of the sandbox's own, one line: that it was made in another way than it should be.
    func remark(_ text: String) async
}

extension SandboxOutput {
    package func remark(_ text: String) async {}
}

/// Standard output or standard error; a command in a terminal has only the first.
package enum OutputStreamName: String, Hashable, Sendable {
    case output = "stdout"
    case error = "stderr"
}

package struct TerminalSize: Hashable, Sendable {
    package var rows: UInt16
    package var columns: UInt16

    package init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }
}

/// A command to run beside the worker.
package struct ExecRequest: Sendable {
    package var command: [String]
    /// Added to the worker's own environment.
    package var environment: [String: String]
    /// Nil for `/workspace`.
    package var directory: String?
    /// Nil for pipes.
    package var terminal: TerminalSize?

    package init(
        command: [String],
        environment: [String: String] = [:],
        directory: String? = nil,
        terminal: TerminalSize? = nil
    ) {
        self.command = command
        self.environment = environment
        self.directory = directory
        self.terminal = terminal
    }
}
