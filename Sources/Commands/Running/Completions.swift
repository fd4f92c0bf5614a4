// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import EngineClient
import ProjectFiles
import WorkerModel

/// The workers of the project in whose folder somebody completes a command.
///
/// Nothing where there is no project, or none that can be read.
@Sendable func completeWorkerNames(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    guard let config = try? completedProject()?.readConfig() else { return [] }
    return config.entries.map(\.name.description).filter { $0.hasPrefix(prefix) }
}

/// These, and the workers that others need.
///
/// What cannot be read offers nothing.
@Sendable func completeLockedNames(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    let locked = (try? completedProject()?.readLockfile())?.workers.keys.map(\.description) ?? []
    let names = Set(completeWorkerNames(words, index, prefix) + locked.filter { $0.hasPrefix(prefix) })
    return names.sorted()
}

/// The functions of the running engine.
///
/// Nothing where none runs, or where it does not answer within two seconds.
@Sendable func completeFunctionIDs(_ words: [String], _ index: Int, _ prefix: String) async -> [String] {
    guard let context = try? CommandContext.live(),
        let address = try? TriggerTarget.address(host: nil, context: context),
        let functions = try? await EngineClient(address).functions(timeout: .seconds(2))
    else { return [] }
    let found = functions.filter { $0.hasPrefix(prefix) }
    // zsh takes what follows a colon as a description.
    guard CompletionShell.requesting == .zsh else { return found }
    return found.map { $0.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "\\:") }
}

/// Nothing is said of what it holds: a shell is in the middle of a line.
private func completedProject() throws -> Project? { try Project.find(CommandContext.live().environment) }
