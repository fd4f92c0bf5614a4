// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
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
            The command has the worker's user, folder, environment and limits. Its exit status becomes the status of this command.

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
        let folder = ProjectFolder(try context.project(), in: try IIIHome(context.environment))
        let client = ExecClient(path: folder.execSocket)
        let keyboard = Keyboard()
        if terminal {
            guard let size = keyboard.size else { throw ValidationError("`--terminal` needs a terminal here") }
            request.terminal = TerminalSize(rows: size.rows, columns: size.columns)
            if let term = context.environment.variables["TERM"] { request.environment["TERM"] = term }
        }
        let question = ExecQuestion(worker: try WorkerName(parsing: name), request: request)
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
        let status = try await client.run(question, input: input, output: StandardStreams())
        if status != 0 { throw ExitCode(status) }
    }
}

/// Passes a command's output to ours as it comes.
private struct StandardStreams: SandboxOutput {
    func receive(_ bytes: [UInt8], from stream: OutputStreamName) async {
        // Whoever reads us may be gone: then there is nobody to write to.
        _ = try? (stream == .output ? FileDescriptor.standardOutput : .standardError).writeAll(bytes)
    }
}
