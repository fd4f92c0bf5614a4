// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ArgumentParser
import Diagnostics
import HostSystem
import RegistryServer

/// `iii-registry health`.
struct Health: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask the server on this machine whether it is ready.",
        discussion: """
            Exit status 0 where it is, 1 where it is not or does not answer within three seconds. Where it listens, its \
            flag, variable or file says, as for `serve`.

            Examples:
              iii-registry health
              iii-registry health --listen 127.0.0.1:8443
            """
    )

    @OptionGroup var data: DataOptions

    @OptionGroup var settings: SettingOptions

    func run() async throws {
        var values = try data.values(in: try HostEnvironment.live())
        settings.add(to: &values)
        try await HealthProbe(try RegistrySettings(values)).run()
        Output.result("ready")
    }
}
