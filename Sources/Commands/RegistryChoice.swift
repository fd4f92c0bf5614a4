// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import RegistryClient
import Transport
import WorkerOperations

/// The registry that a command talks to, with the key for it.
struct RegistryChoice: Sendable {
    let base: RegistryBase
    /// Whether the user named it, rather than taking the built-in one.
    let isConfigured: Bool
    let key: Redacted<String>?

    /// `III_API_URL`, else the one of `iii registry use`, else the built-in one; the key is `III_API_KEY`, else the one that
    /// was stored for this registry.
    ///
    /// - Throws: `RegistryBaseError`, `CredentialsError`, `HostError`.
    init(_ environment: HostEnvironment, named name: String? = nil) throws {
        let credentials = try Self.credentials(environment)
        let text = name ?? environment[.apiURL] ?? credentials.registry
        base = try RegistryBase(text)
        isConfigured = text != nil
        key = environment[.apiKey].map { Redacted($0) } ?? credentials.logins[base.loginName]?.secret
    }

    init(base: RegistryBase, isConfigured: Bool, key: Redacted<String>?) {
        self.base = base
        self.isConfigured = isConfigured
        self.key = key
    }

    private static func credentials(_ environment: HostEnvironment) throws -> Credentials {
        // Without a home nothing is stored; who needs one says so.
        guard let home = try? IIIHome(environment) else { return Credentials() }
        return try Credentials(reading: home.credentials)
    }
}

extension RegistryBase {
    /// What a key is stored under: the origin, so that a key is never sent elsewhere.
    var loginName: String { url?.origin.description ?? description }
}
