// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Sandboxing
package import WorkerModel

/// What the host's end of a channel needs to know.
package struct GuestLaunch: Sendable {
    package var name: WorkerName
    package var tier: IsolationTier
    package var enforcement: SandboxEnforcement
    package var start: GuestStart
    package var routes: [TunnelRoute]
    package var bus: (any BusDoor)?
    package var limits: SandboxLimits
    /// Random bytes for a machine, nil where the guest shares the host's.
    package var seed: [UInt8]?
    /// The guest said hello before it was saved: it is asked for a sign of life instead.
    package var isRestored = false
    /// When the sandbox's processes were started.
    package var began = ContinuousClock.now
    /// From the connection to the worker's start.
    package var startLimit: Duration = .seconds(20)
    package var pingInterval: Duration = .seconds(5)
    package var stopSignal: Int32

    package init(
        _ specification: SandboxSpecification,
        tier: IsolationTier,
        enforcement: SandboxEnforcement
    ) {
        name = specification.name
        self.tier = tier
        self.enforcement = enforcement
        routes = specification.network.routes
        bus = specification.bus
        limits = specification.limits
        stopSignal = specification.stopSignal
        start = GuestStart(
            command: specification.command,
            environment: specification.workerEnvironment(tier: tier),
            directory: specification.directory
        )
        start.listeners = routes.map(\.listener)
        start.openFiles = limits.openFiles
        start.processes = limits.processes
    }
}

/// What holds a guest on this machine: processes, control groups, folders.
package protocol SandboxHolder: Sendable {
    /// The process that the whole sandbox hangs on.
    var processIdentifier: Int32 { get }

    /// Ends all of it, and answers when nothing is left.
    ///
    /// - Returns: how the worker's end is called by one who knows what the host saw: its control group may tell that a
    ///   kill was for want of memory.
    func destroy(_ exit: SandboxExit) async -> SandboxExit

    /// What the sandbox's own programs complained of before the worker was started.
    func complaint() async -> String
}
