// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ArgumentParser
import Diagnostics
import HostSystem
import SystemPackage

/// Runs a command line with the exit statuses that `iii` documents.
package enum CommandLineProgram {
    /// Parses the arguments of this process and runs the command that they name.
    ///
    /// Wrong usage ends with status 2, as other parsers of this family do; `--help` and `--version` with 0.
    package static func run(_ root: (some AsyncParsableCommand).Type) async {
        StandardStreams.fillGaps()
        do {
            var command = try root.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            let status = root.exitCode(for: error)
            let text = root.fullMessage(for: error)
            if status == .validationFailure, CommandLine.arguments.contains("--json") {
                // The message has lines of usage behind it, which are for people.
                let sentence = root.message(for: error)
                Printer(isInteractive: false).result(
                    ErrorRendering.envelope(ErrorReport(WrongUsage(message: sentence)))
                )
            }
            if !text.isEmpty {
                let descriptor: FileDescriptor = status == .success ? .standardOutput : .standardError
                // With nobody to read the message there is nobody to tell of it.
                _ = try? descriptor.writeAll((text + "\n").utf8)
            }
            HostProcess.exit(status == .validationFailure ? 2 : status.rawValue)
        }
    }
}

/// A command line that the parser did not take.
struct WrongUsage: CodedError {
    let message: String

    var code: ErrorCode { .wrongUsage }
}
