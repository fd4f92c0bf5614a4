// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import ArgumentParser

/// `iii registry`: which registry is used, and with whose key.
package struct RegistryCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "registry",
        abstract: "Show and choose registries, log in to them and out of them.",
        subcommands: [
            RegistryListing.self, RegistryUse.self, RegistryTrust.self, RegistryLogin.self, RegistryLogout.self,
            RegistryWhoAmI.self, RegistryKey.self,
        ]
    )

    package init() {}
}
