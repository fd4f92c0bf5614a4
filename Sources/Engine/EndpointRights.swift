// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineProtocol
import Sandboxing
import Transport

/// Where the engine goes for functions of one worker that are HTTP endpoints, and which variables it takes along.
struct EndpointRights: Sendable, Hashable {
    /// Nil for what every worker may name: public addresses.
    var addresses: [NetworkAddress]?
    /// Nil for every variable.
    var variables: Set<String>?
    /// Of a worker that has the engine's environment anyway, but for what is the engine's own.
    var hasEnvironment = false
    var worker: String?

    static let all = EndpointRights()

    /// - Throws: `CallFailure` of code `FORBIDDEN`, with what would let it.
    func check(_ endpoint: HTTPEndpoint) throws(CallFailure) {
        if let addresses, !addresses.contains(endpoint.address) {
            throw CallFailure(
                code: CallFailure.forbidden,
                message: "the engine does not go to '\(endpoint.address)' for \(subject): to let it, write "
                    + "`network: { allow: [\"\(endpoint.address)\"] }` below its entry in config.yaml"
            )
        }
        guard let variables, let name = endpoint.authentication?.variable, !variables.contains(name) else { return }
        if hasEnvironment, !name.hasPrefix("III_") { return }
        throw CallFailure(
            code: CallFailure.forbidden,
            message: "the variable '\(name.printable)' is not given to \(subject): to give it, write "
                + "`env: [\(name.printable)]` below its entry in config.yaml"
        )
    }

    private var subject: String { worker.map { "worker '\($0)'" } ?? "guests" }
}

extension Hub {
    func endpointRights(of owner: ConnectionID) -> EndpointRights {
        guard let session = sessions[owner], !session.isFree else { return .all }
        guard case .worker(let worker) = session.identity else { return EndpointRights(variables: []) }
        if policy.rights.isPermissive { return .all }
        let own = policy.rights.workers[worker.name]
        return EndpointRights(
            addresses: worker.tier == .none ? nil : own?.network ?? [],
            variables: own?.variables ?? [],
            hasEnvironment: worker.tier == .none,
            worker: worker.name
        )
    }
}

extension HTTPEndpoint {
    /// The host and port that are connected to.
    fileprivate var address: NetworkAddress {
        let host = url.host.description
        // The wall writes IPv6 addresses without brackets.
        return NetworkAddress(
            host: host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host,
            port: url.origin.port
        )
    }
}

extension HTTPEndpoint.Authentication {
    fileprivate var variable: String {
        switch self {
        case .hmac(let name), .bearer(let name), .header(_, let name): name
        }
    }
}
