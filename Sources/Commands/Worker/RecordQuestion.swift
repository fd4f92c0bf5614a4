// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import JSONText
import RegistryClient
import WorkerModel
import WorkerOperations

/// The worker whose records are asked for, and the registry that has them.
struct RecordQuestion: ParsableArguments, Sendable {
    @Argument(help: ArgumentHelp("The worker.", valueName: "name"))
    var name: String

    @OptionGroup var registry: RegistryOption

    /// What the registry answers; a name that it does not know gets a suggestion.
    func ask(
        in context: CommandContext,
        _ body: @Sendable (RegistryClient, WorkerName) async throws -> JSONValue
    ) async throws -> JSONValue {
        let name = try WorkerName(parsing: name)
        return try await context.withRegistry(of: name, try registry.base) { connection in
            try await connection.asking(for: name) { try await body($0, name) }
        }
    }
}
