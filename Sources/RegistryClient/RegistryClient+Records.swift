// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
import RegistryAPI
import Transport
package import WorkerModel

/// What a registry remembers of a worker, as it answers it.
///
/// All throw `RegistryClientError` (W110 for a worker that nobody has published) and `TransportError`.
extension RegistryClient {
    /// `{"dependents":[{"name":"app","version":"1.0.0","range":"^1.0"}],"pagination":{…}}`.
    package func dependents(of name: WorkerName) async throws -> JSONValue {
        try await record(.manyDependents(of: name), of: name)
    }

    /// `{"name":"a","total_downloads":42,"weekly_downloads":3,…}`.
    package func downloads(of name: WorkerName) async throws -> JSONValue {
        try await record(.downloads(of: name), of: name)
    }

    /// `{"events":[{"sequence":7,"kind":"published","version":"1.0.0","account":"acme","at":"…"}],"pagination":{…}}`.
    package func events(of name: WorkerName) async throws -> JSONValue {
        try await record(.events(of: name), of: name)
    }

    private func record(_ path: RegistryPath, of name: WorkerName) async throws -> JSONValue {
        let wire = try request(.get, path, for: .look(name))
        let record: Record = try value(of: try await exchange(wire, for: .look(name)), for: .look(name))
        return record.json
    }
}

/// An answer of which nothing is decided here.
private struct Record: WireValue {
    let json: JSONValue

    init(json: JSONCursor) throws(JSONShapeError) { self.json = json.value }
}
