// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import HostSystem
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
}
