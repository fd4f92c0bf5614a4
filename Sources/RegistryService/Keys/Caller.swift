// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import RegistryStorage

/// Who asks, as their key tells.
package struct Caller: Sendable {
    package let key: APIKey

    package var account: AccountName { key.account }

    /// Whether the key is good for everything.
    package var isAdministrator: Bool { key.scopes.contains(.admin) }

    /// - Throws: `RegistryServiceError.scopeMissing`.
    package func expect(_ scope: KeyScope) throws(RegistryServiceError) {
        guard isAdministrator || key.scopes.contains(scope) else { throw .scopeMissing(scope) }
    }
}
