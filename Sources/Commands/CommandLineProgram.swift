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
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            // Names of functions are completed by asking the engine.
            var command = try await root.asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            let status = root.exitCode(for: error)
            let text = root.fullMessage(for: error)
            if status == .validationFailure {
                HostProcess.exit(
                    refuse(wrongUsage(of: root, error), text, asJSON: WantedJSON(by: arguments, of: root).isWanted)
                )
            }
            if !text.isEmpty {
                let descriptor: FileDescriptor = status == .success ? .standardOutput : .standardError
                // With nobody to read the message there is nobody to tell of it.
                _ = try? descriptor.writeAll((text + "\n").utf8)
            }
            HostProcess.exit(status.rawValue)
        }
    }
}

extension CommandLineProgram {
    /// What is wrong with the arguments of this process.
    private static func wrongUsage(of root: any ParsableCommand.Type, _ error: any Error) -> WrongUsage {
        // The message of the parser has lines of usage behind it, which are for people.
        UnknownCommand(in: Array(CommandLine.arguments.dropFirst()), of: root).map(WrongUsage.init)
            ?? WrongUsage(message: root.message(for: error).beginningSmall)
    }

    /// Tells of a command line that was not taken; returns the exit status.
    private static func refuse(_ error: WrongUsage, _ text: String, asJSON: Bool) -> Int32 {
        if asJSON {
            Printer(isInteractive: false).result(ErrorRendering.envelope(ErrorReport(error)))
        }
        let usage = text.split(separator: "\n").drop { !["Help:", "Usage:"].contains($0.split(separator: " ").first) }
        let lines = ErrorReport(error).lines + usage.map(String.init)
        // With nobody to read the message there is nobody to tell of it.
        _ = try? FileDescriptor.standardError.writeAll((lines.joined(separator: "\n") + "\n").utf8)
        return error.code.exitStatus
    }
}

/// A command line that the parser did not take.
///
/// W107.
struct WrongUsage: CodedError {
    let message: String
    var hints: [String] = []

    var code: ErrorCode { .wrongUsage }
}

extension String {
    /// With a small letter at the beginning, as our own messages have it.
    fileprivate var beginningSmall: String { prefix(1).lowercased() + dropFirst() }
}

/// Whether a command line that was not taken asks for its errors as JSON.
///
/// Behind `--` stand words of another program, and of `iii trigger` the option `--json` is what to call with.
struct WantedJSON {
    let isWanted: Bool

    init(by arguments: [String], of root: any ParsableCommand.Type) {
        var command: any ParsableCommand.Type = root
        for argument in arguments {
            guard let next = command.subcommand(named: argument) else { break }
            command = next
        }
        isWanted = arguments.prefix { $0 != "--" }.contains("--json") && command != TriggerCommand.self
    }
}

extension ParsableCommand {
    /// The command below this one that goes by a name.
    static func subcommand(named name: String) -> (any ParsableCommand.Type)? {
        configuration.subcommands.first { below in
            below.configuration.commandName == name || below.configuration.aliases.contains(name)
        }
    }
}
