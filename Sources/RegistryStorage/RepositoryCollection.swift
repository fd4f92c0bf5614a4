// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What a collector took out of repositories.
package struct RepositoryCollection: Hashable, Sendable {
    /// Documents.
    package var manifests = 0
    /// Blobs, which others may still have.
    package var blobs = 0
    /// Repositories that had become empty.
    package var repositories = 0

    /// Nothing yet.
    package init() {}

    /// Whether nothing was left to take.
    package var isNothing: Bool { manifests == 0 && blobs == 0 && repositories == 0 }
}
