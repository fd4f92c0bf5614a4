// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Commands
import EngineClient
import HostSystem
import WorkerModel

/// The command line; without a verb, the engine.
struct IIICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "iii",
        abstract: "The package manager and runtime of workers.",
        discussion: """
            Without a verb it runs the project: it listens for workers, starts those that config.yaml lists, starts them \
            again when they crash, and follows changes of that file. Ctrl-C ends it with all that it started.

              iii
              iii --listen 127.0.0.1:0
            """,
        version: "iii \(ProgramVersion.line)",
        subcommands: [
            WorkerCommand.self, TriggerCommand.self, RegistryCommand.self, Doctor.self, Upgrade.self, Completions.self,
            GenerateDocs.self,
        ]
    )

    @Option(
        help: ArgumentHelp(
            "Where the engine listens, instead of 127.0.0.1:49134; port 0 for any that is free.",
            valueName: "host:port"
        )
    )
    var listen: EngineAddress?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The project's configuration file, instead of the nearest config.yaml.", valueName: "file")
    )
    var config: String?

    @Flag(
        name: .customLong("insecure-listen"),
        help: "Let anybody in who reaches a listener that other machines reach and that has neither rules nor a token."
    )
    var listensInsecurely = false

    func run() async throws {
        let (listen, config, isInsecure) = (listen, config, listensInsecurely)
        // Workers have their own time to stop in.
        try await CommandContext.run(patience: nil) { context in
            try await RunProject(context: context, listen: listen, config: config, isInsecure: isInsecure).run()
        }
    }
}

@main
enum Program {
    static func main() async {
        await CommandContext.$booting.withValue(PrivateEngine()) { await CommandLineProgram.run(IIICommand.self) }
    }
}
