// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import GuestChannel
import HostSystem
import Sandboxing
import SystemPackage
import WorkerModel
import WorkerSupervisor

/// `iii worker exec`.
struct WorkerExec: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a command beside a worker, in its sandbox.",
        discussion: """
            The command has the worker's user, folder, environment and limits. Its exit status becomes the status of this \
            command; 127 tells that its program is not there, 126 that it cannot be executed.

              iii worker exec pdfkit -- ls -la
              iii worker exec pdfkit -t -- /bin/sh
            """
    )

    @Argument(help: ArgumentHelp("The worker.", valueName: "name"), completion: .custom(completeWorkerNames))
    var name: String

    @Flag(name: .shortAndLong, help: "Give the command a terminal.")
    var terminal = false

    @Option(name: .shortAndLong, help: ArgumentHelp("Set a variable, as NAME=VALUE.", valueName: "variable"))
    var env: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Start in this folder, instead of `/workspace`.", valueName: "folder")
    )
    var workdir: String?

    @Argument(parsing: .postTerminator, help: ArgumentHelp("The command and its arguments.", valueName: "command"))
    var command: [String]

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if command.isEmpty { throw ValidationError("write the command behind `--`") }
        if env.contains(where: { !$0.contains("=") || $0.hasPrefix("=") }) {
            throw ValidationError("write variables as NAME=VALUE")
        }
    }

    func run(in context: CommandContext) async throws {
        var request = ExecRequest(command: command, directory: workdir)
        for variable in env {
            let parts = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            request.environment[String(parts[0])] = String(parts[1])
        }
        let worker = try WorkerName(parsing: name)
        let project = try context.project()
        _ = try RunningEngine.require(of: project, about: worker, context)
        let folder = ProjectFolder(project, in: try IIIHome(context.environment))
        let keyboard = Keyboard()
        if terminal {
            guard let size = keyboard.size else { throw NoTerminal() }
            request.terminal = TerminalSize(rows: size.rows, columns: size.columns)
            if let term = context.environment.variables["TERM"] { request.environment["TERM"] = term }
        }
        let question = ExecQuestion(worker: worker, request: request)
        let input = AsyncStream<ExecClient.Input> { continuation in
            keyboard.read(isRaw: terminal) { event in
                switch event {
                case .bytes(let bytes): continuation.yield(.bytes(bytes))
                case .end: continuation.yield(.end)
                case .size(let rows, let columns):
                    continuation.yield(.size(TerminalSize(rows: rows, columns: columns)))
                }
            }
        }
        defer { keyboard.restore() }
        do {
            let client = ExecClient(path: folder.execSocket)
            let status = try await client.run(question, input: input, output: StandardStreams())
            if status != 0 { throw ExitCode(status) }
        } catch let error as ExecError {
            guard let status = error.status else { throw error }
            _ = ErrorRendering.report(error, to: context.printer, json: output.json)
            throw ExitCode(status)
        }
    }
}

/// A command is to have a terminal, and standard input is none.
///
/// W108.
struct NoTerminal: CodedError {
    var code: ErrorCode { .noTerminal }
    var message: String { "`--terminal` needs a terminal, and standard input is none" }
    var hints: [String] { ["leave `--terminal` out where a script runs it"] }
}

/// Passes a command's output to ours as it comes.
private struct StandardStreams: SandboxOutput {
    func receive(_ bytes: [UInt8], from stream: OutputStreamName) async {
        // Whoever reads us may be gone: then there is nobody to write to.
        _ = try? (stream == .output ? FileDescriptor.standardOutput : .standardError).writeAll(bytes)
    }
}
