// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What one message may cost its reader.
package struct ProtocolLimits: Sendable, Hashable {
    /// The most bytes of one message, all its fragments together.
    package var messageBytes: Int
    /// The most arrays and objects inside each other.
    package var depth: Int
    /// The most bytes of a name: function, trigger type, namespace, invocation.
    package var nameBytes: Int

    package init(messageBytes: Int = 64 << 20, depth: Int = 512, nameBytes: Int = 1024) {
        self.messageBytes = messageBytes
        self.depth = depth
        self.nameBytes = nameBytes
    }

    /// 64 MiB, 512 levels, names of 1 KiB: what the published SDKs send at most.
    package static let standard = ProtocolLimits()
}
