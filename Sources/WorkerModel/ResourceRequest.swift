// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The processors and memory that a worker asks for.
package struct ResourceRequest: Hashable, Sendable {
    /// Whole processors, at least 1.
    package var cpus: Int
    /// Memory in MiB, at least 64.
    package var memoryMiB: Int

    package init(cpus: Int, memoryMiB: Int) {
        self.cpus = cpus
        self.memoryMiB = memoryMiB
    }

    /// What a worker gets that asks for nothing.
    package static let standard = ResourceRequest(cpus: 2, memoryMiB: 2048)
    /// The most that a bundle gets.
    package static let bundleCap = ResourceRequest(cpus: 4, memoryMiB: 4096)

    /// This request, with nothing above `cap`.
    package func clamped(to cap: ResourceRequest) -> ResourceRequest {
        ResourceRequest(cpus: min(cpus, cap.cpus), memoryMiB: min(memoryMiB, cap.memoryMiB))
    }
}
