// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import JSONText
import RegistryClient
import SystemPackage
import WorkerModel
import WorkerOperations

/// `iii worker delete`.
struct WorkerDelete: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Take a version out of the registry for good.",
        discussion: """
            A registry allows that for a short time after publishing, and only while no other worker needs the version; its \
            number is used up. `iii worker yank` is for everything else.

              iii worker delete text-stats@1.2.0
              iii worker delete text-stats@1.2.0 --yes
            """
    )

    @Argument(help: ArgumentHelp("The version.", valueName: "name@version"))
    var worker: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var registry: RegistryOption
    @OptionGroup var output: OutputOptions

    func run(in context: CommandContext) async throws {
        let argument = try VersionArgument(worker)
        if !yes {
            guard context.printer.canAsk else {
                throw DeletionUnasked(what: "`\(argument.name)` \(argument.version)")
            }
            try await context.printer.confirm("Delete \(argument.name) \(argument.version) for good?")
        }
        try await context.withRegistry(of: argument.name, try registry.base) {
            try await $0.client.delete(argument.name, argument.version)
        }
        if output.json { return context.printer.result(argument.json(["deleted": true])) }
        context.printer.result("deleted \(argument.name) \(argument.version)")
    }
}

/// A version is to be deleted, and there is nobody to ask.
///
/// W104.
struct DeletionUnasked: CodedError {
    let what: String

    var code: ErrorCode { .consentRequired }
    var message: String { "\(what) would be deleted for good, and there is nobody to ask whether it should" }
    var hints: [String] { ["allow it with `--yes`"] }
}
