// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// What has arrived of an upload.
struct UploadedPart: Sendable {
    let size: Int64
    /// The state of its digest, where this program has written it: nothing need be read again to go on.
    var hasher: DigestHasher?
}
