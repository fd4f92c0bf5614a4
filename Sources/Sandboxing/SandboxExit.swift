// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// How a process in a sandbox ended.
package enum SandboxExit: Hashable, Sendable, CustomStringConvertible {
    case exited(status: Int32)
    case signalled(Int32)
    /// Killed because the worker had used all the memory it may.
    case outOfMemory(limit: ByteCount)
    /// Killed because what the worker keeps on the host's disk had become more than it may.
    case outOfDisk(limit: ByteCount)
    /// Killed because the sandbox did not answer any more.
    case unresponsive
    /// The sandbox itself ended: its machine or its first process was killed from outside.
    case lost

    /// What a shell would call the status: 128 and the number of the signal for one that was killed.
    package var status: Int32 {
        switch self {
        case .exited(let status): status
        case .signalled(let signal): 128 + signal
        case .outOfMemory, .outOfDisk, .unresponsive, .lost: 137
        }
    }

    package var description: String {
        switch self {
        case .exited(let status): "ended with status \(status)"
        case .signalled(let signal): "was killed by signal \(signal)"
        case .outOfMemory(let limit): "was killed: it used more memory than its limit of \(limit)"
        case .outOfDisk(let limit): "was killed: what it keeps is more than its limit of \(limit)"
        case .unresponsive: "was killed: its sandbox did not answer"
        case .lost: "ended with its sandbox, which was killed from outside"
        }
    }
}

extension SandboxExit {
    /// What the guest says of an end: `u8 0 exited | 1 signalled, i32 status or signal, u8 1 where memory ran out`.
    ///
    /// Nil for anything else.
    package init?(guest payload: [UInt8], memoryLimit: ByteCount) {
        guard payload.count == 6, let value: Int32 = LittleEndian.number(payload.dropFirst()) else { return nil }
        switch (payload[0], payload[5]) {
        case (1, 1) where value == 9: self = .outOfMemory(limit: memoryLimit)
        case (0, 0...1): self = .exited(status: value)
        case (1, 0...1): self = .signalled(value)
        default: return nil
        }
    }
}
