// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// An answer as bytes that are ready to be sent.
package struct ReadyAnswer: Sendable {
    package let body: [UInt8]
    /// Changes whenever the body does: the first half of its SHA-256 in hexadecimal digits.
    package let tag: String

    package init(body: [UInt8]) {
        self.body = body
        tag = String(Digest.sha256(body).description.prefix(32))
    }
}
