// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
package import Sandboxing
package import WorkerOperations

/// Starts a worker against an engine of its own, to hear what it registers.
///
/// The engine is a face beside this one, so the program that has both provides it.
package protocol WorkerBooting: Sendable {
    /// - Throws: `BootError`.
    func boot(
        _ worker: BootableWorker,
        _ request: BootRequest,
        in context: CommandContext
    ) async throws
        -> WorkerInterface
}

/// How a worker is started to hear what it registers.
package struct BootRequest: Sendable {
    /// For all of it.
    package var timeout: Duration
    /// What its sandbox lets it reach besides the engine.
    package var allowed: [NetworkAddress]
}

extension CommandContext {
    /// What this program starts workers with; nil in one that has no engine.
    @TaskLocal package static var booting: (any WorkerBooting)?
}

/// How `publish` comes to what a worker offers.
struct InterfaceOptions: ParsableArguments, Sendable {
    @Flag(help: "Publish the functions that the running worker has registered with the engine.")
    var fromEngine = false

    @Flag(
        help: "Start the worker in its sandbox with an engine of its own, and publish the functions that it registers."
    )
    var boot = false

    @Option(help: ArgumentHelp("With --boot: how long it may take.", valueName: "seconds"))
    var bootTimeout = 120

    @Option(
        name: .customLong("allow"),
        help: ArgumentHelp(
            "With --boot: what the worker may reach besides the engine. Repeatable.",
            valueName: "host:port"
        )
    )
    var allowed: [String] = []

    func validate() throws {
        if boot, fromEngine { throw ValidationError("--boot and --from-engine contradict each other") }
        if !boot, !allowed.isEmpty { throw ValidationError("--allow is for --boot") }
        if bootTimeout < 1 { throw ValidationError("--boot-timeout is at least 1") }
    }

    /// Nil without `--boot`.
    func booting(in context: CommandContext) throws -> PublishWorker.Boot? {
        guard boot, let booting = CommandContext.booting else { return nil }
        let request = BootRequest(
            timeout: .seconds(bootTimeout),
            allowed: try allowed.map { try NetworkAddress(parsing: $0) }
        )
        return { worker in
            context.printer.say("starting `\(worker.name)` to hear what it registers")
            return try await booting.boot(worker, request, in: context)
        }
    }
}
