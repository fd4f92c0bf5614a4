// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import SystemPackage
import WorkerModel

/// The registry server and what its operator does beside it.
struct IIIRegistry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "iii-registry",
        abstract: "The registry of iii workers.",
        discussion: """
            Exit status: 0 done, 1 failed, 2 wrong arguments, 3 damage was found.
            """,
        version: "iii-registry \(ProgramVersion.line)",
        subcommands: [
            Serve.self, AccountCommand.self, Key.self, Check.self, Backup.self, Restore.self, ImportPrograms.self,
            Health.self,
            GenerateDocs.self,
        ]
    )
}

@main
enum Program {
    static func main() async {
        StandardStreams.fillGaps()
        do {
            var command = try IIIRegistry.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as any CodedError {
            for line in ErrorReport(error).lines { Output.say(line) }
            Output.exit(error is FoundDamage ? 3 : 1)
        } catch let status as ExitCode {
            Output.exit(status.rawValue)
        } catch {
            let status = IIIRegistry.exitCode(for: error)
            let text = IIIRegistry.fullMessage(for: error)
            if status.isSuccess { Output.result(text) } else { Output.say(text) }
            Output.exit(status.isSuccess ? 0 : status == .validationFailure ? 2 : 1)
        }
    }
}
