// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Commands

/// The command line.
struct IIICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "iii",
        abstract: "The package manager and runtime of workers.",
        version: "iii \(ProgramVersion.text)",
        subcommands: [WorkerCommand.self, RegistryCommand.self, Doctor.self, Completions.self, GenerateDocs.self]
    )
}

@main
enum Program {
    static func main() async {
        await CommandLineProgram.run(IIICommand.self)
    }
}
