// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import SystemPackage
import WorkerModel
import WorkerOperations

/// What `pack` and `publish` take of a worker's folder.
struct PackingOptions: ParsableArguments, Sendable {
    @Argument(help: "The folder that holds iii.worker.yaml.", completion: .directory)
    var path = "."

    @Option(help: "The version, instead of the one that the folder names.")
    var version: String?

    @Option(
        name: .customLong("artifact"),
        help: ArgumentHelp(
            """
            A build of a native worker, an executable or an archive; without a target it is for this host. Added to those \
            that the manifest names, in place of the one for the same target. Repeatable.
            """,
            valueName: "target=file"
        )
    )
    var artifacts: [String] = []

    @Option(help: ArgumentHelp("Pack this file though it looks like a secret. Repeatable.", valueName: "path"))
    var allowSecret: [String] = []

    @OptionGroup var start: StartFileOption

    func options(in context: CommandContext) throws -> PublishRequestOptions {
        var options = PublishRequestOptions(folder: context.environment.absolute(path))
        options.version = try version.map { try SemanticVersion(parsing: $0) }
        options.allowedSecrets = Set(allowSecret)
        options.allowsMissingStart = start.allowMissingStart
        options.builds = try artifacts.map { text in
            guard let equals = text.firstIndex(of: "=") else {
                return .init(target: nil, file: context.environment.absolute(text))
            }
            let file = context.environment.absolute(String(text[text.index(after: equals)...]))
            return .init(target: try TargetTriple(parsing: text[..<equals]), file: file)
        }
        if let text = context.environment[.sourceDateEpoch] {
            guard let time = Int64(text), time >= 0 else {
                throw MalformedVariable(variable: .sourceDateEpoch, text: text)
            }
            options.entryTime = time
        }
        return options
    }
}

/// For workers that make the file that they start with.
struct StartFileOption: ParsableArguments, Sendable {
    @Flag(help: "The file that `scripts.start` runs need not be among the files.")
    var allowMissingStart = false
}

/// A variable of the environment whose value cannot be read.
struct MalformedVariable: CodedError {
    let variable: EnvironmentVariable
    let text: String

    var code: ErrorCode { .badPayload }
    var message: String { "`\(variable.rawValue)` is `\(text.printable)`, which cannot be read" }
    var hints: [String] { [variable.summary] }
}
