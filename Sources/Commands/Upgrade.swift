// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import ProjectFiles
import RegistryClient
import WorkerModel
import WorkerOperations

/// `iii upgrade`.
package struct Upgrade: FetchingCommand {
    package static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Replace this program by the newer one that the registry offers.",
        discussion: """
            The new program is checked by its SHA-256 and started once before it takes its place; the one before is kept as \
            `iii.previous`. What is running goes on as it is. A program that a package manager has installed is left to it.

              iii upgrade
              iii upgrade --check
              iii upgrade --rollback
            """
    )

    @Flag(help: "Only say whether the registry offers a newer one.")
    var check = false

    @Flag(help: "Go back to the program before.")
    var rollback = false

    @OptionGroup var registry: RegistryOption
    @OptionGroup var network: NetworkOptions
    @OptionGroup var output: OutputOptions

    package init() {}

    package func validate() throws {
        if check, rollback { throw ValidationError("`--check` and `--rollback` do not go together") }
    }

    func run(in context: CommandContext) async throws {
        guard let executable = HostProcess.executable else { throw UpgradeError.unknownPlace }
        let environment = context.environment
        let program = InstalledProgram(executable) { await InstalledProgram.version(of: $0, environment) }
        if rollback {
            let lock = try await program.lock()
            defer { lock.release() }
            try program.rollBack()
            return tell(
                "went back to the program before; `iii upgrade --rollback` undoes that",
                outcome: "rolled_back",
                version: nil,
                on: context.printer
            )
        }
        let version = try SemanticVersion(parsing: ProgramVersion.text)
        let target = try TargetTriple(parsing: ProgramVersion.platform)
        let outcome = try await context.withRegistry(of: nil, try registry.base) { registry in
            try await UpgradeProgram(program, version: version, target: target, from: registry).run(onlyChecks: check)
        }
        switch outcome {
        case .current:
            tell(
                "iii \(version) is what the registry offers",
                outcome: "current",
                version: version,
                on: context.printer
            )
        case .newer(let offered):
            tell(
                "iii \(version) is newer than \(offered), which the registry offers",
                outcome: "newer",
                version: offered,
                on: context.printer
            )
        case .offered(let offered):
            tell(
                "the registry offers iii \(offered): `iii upgrade` brings it",
                outcome: "offered",
                version: offered,
                on: context.printer
            )
        case .upgraded(let offered):
            tell(
                "upgraded iii from \(version) to \(offered)",
                outcome: "upgraded",
                version: offered,
                on: context.printer
            )
        }
    }

    private func tell(_ text: String, outcome: String, version: SemanticVersion?, on printer: Printer) {
        if output.json {
            let version = version.map { JSONValue.string($0.description) } ?? .null
            return printer.result(["outcome": .string(outcome), "version": version])
        }
        printer.result(text)
    }
}
