// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import ArgumentParser
import Diagnostics
package import HostSystem
import JSONText
import SystemPackage
package import WorkerModel

/// What a command works with besides its arguments; tests make up their own.
package struct CommandContext: Sendable {
    package var environment: HostEnvironment
    package var printer: Printer
    /// The platform that workers are installed for, nil where nobody builds for this host.
    package var host: TargetTriple?
    /// The most that images may hold.
    var layerLimits = LayerLimits()
    /// The most time for one request with its answer; zero for no limit.
    var timeLimit = CommandContext.standardTimeLimit

    package init(environment: HostEnvironment, printer: Printer, host: TargetTriple?) {
        self.environment = environment
        self.printer = printer
        self.host = host
    }

    static func live() throws -> CommandContext {
        let environment = try HostEnvironment.live()
        return CommandContext(
            environment: environment,
            printer: Printer(
                isInteractive: Terminal.isInteractive(.standardError),
                colours: Colours(environment)
            ),
            host: HostTarget.detect()
        )
    }
}

/// A command that does its work in `run(in:)` and has its errors rendered and turned into an exit status.
protocol ContextCommand: AsyncParsableCommand, Sendable {
    var output: OutputOptions { get }
    /// The most time for one request, where the command line says so.
    var timeLimit: Duration? { get }
    func run(in context: CommandContext) async throws
}

extension ContextCommand {
    var timeLimit: Duration? { nil }

    package func run() async throws {
        try await CommandContext.run(isJSON: output.json, jsonProgress: output.jsonProgress) { [self] context in
            var context = context
            if let timeLimit { context.timeLimit = timeLimit }
            try await run(in: context)
        }
    }
}

extension CommandContext {
    /// Runs a command in this process's context, interruptible.
    ///
    /// An error is rendered, also as JSON where that was asked for, and becomes the exit status. Once interrupted, the
    /// command has `patience` to come to an end; nil is for as long as it takes.
    ///
    /// - Throws: `ExitCode`.
    package static func run(
        isJSON: Bool = false,
        jsonProgress: Bool = false,
        patience: Duration? = .milliseconds(1500),
        _ body: @escaping @Sendable (CommandContext) async throws -> Void
    ) async throws {
        var live = try CommandContext.live()
        if jsonProgress { live.printer = live.printer.forMachines }
        let context = live
        do {
            try await Interruption.cancelling(within: patience) { try await body(context) }
            try context.printer.expectWritten()
        } catch let status as ExitCode {
            throw status
        } catch {
            context.printer.show(progress: [])
            throw ExitCode(ErrorRendering.report(error, to: context.printer, json: isJSON))
        }
    }
}

/// How a command shows its result.
struct OutputOptions: ParsableArguments, Sendable {
    @Flag(help: "Print the result, or the error, as one JSON document.")
    var json = false

    @Flag(help: "Tell of progress with a line of JSON for each event, on standard error.")
    var jsonProgress = false
}
