// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ArgumentParser

/// `iii registry`: which registry is used, and with whose key.
package struct RegistryCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "registry",
        abstract: "Choose a registry, log in to it and out of it.",
        subcommands: [RegistryLogin.self, RegistryLogout.self, RegistryUse.self, RegistryWhoAmI.self]
    )

    package init() {}
}
