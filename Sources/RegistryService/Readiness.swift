// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// Whether the registry can answer: whether its records and its blobs can be read, and more can be stored.
package struct Readiness: Sendable {
    let store: any RegistryStore
    let blobs: any BlobStore

    /// - Throws: what keeps the registry from answering.
    package func callAsFunction() async throws {
        _ = try await store.read { session in try session.accounts().count }
        _ = try await blobs.blob(Digest.sha256([]))
        try await blobs.probe()
    }
}
