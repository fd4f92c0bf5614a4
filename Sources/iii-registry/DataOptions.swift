// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryDatabase
import ArgumentParser
import HostSystem
import RegistryStorage
import SystemPackage

/// Where the registry's data are.
struct DataOptions: ParsableArguments {
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp(
            "The folder of the registry (III_REGISTRY_DATA).",
            discussion: "Without it, `registry-data` in the current folder.",
            valueName: "dir"
        )
    )
    var folder: String?

    func path(in environment: HostEnvironment) -> FilePath {
        environment.absolute(folder ?? environment[.registryData] ?? "registry-data")
    }

    /// Runs `body` on the records of a registry that was started at least once.
    func withStore<Value: Sendable>(_ body: (any RegistryStore) async throws -> Value) async throws -> Value {
        let folder = try DataFolder.existing(path(in: try HostEnvironment.live()))
        let value: Value
        do { value = try await body(folder.store) } catch {
            // What went wrong first is what counts.
            try? await folder.store.close()
            throw error
        }
        try await folder.store.close()
        return value
    }
}
