// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// How a worker is delivered.
///
/// The raw value is the `type` of registry answers and lock files.
package enum WorkerKind: String, Sendable, Hashable, CaseIterable {
    /// Part of the engine; nothing to download.
    case engine
    /// A native executable in one archive for each target.
    case binary
    /// An OCI image, by reference.
    case image
    /// One tar.gz of source with an `iii.worker.yaml`.
    case bundle
}
