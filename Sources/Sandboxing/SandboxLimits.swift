// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// The most that a worker may use.
///
/// Whether a limit is held by the kernel or as well as can be depends on the host: see `LimitEnforcement`.
package struct SandboxLimits: Hashable, Sendable {
    /// Whole processors, at least 1.
    package var cpus: Int
    package var memory: ByteCount
    /// Processes and threads together.
    package var processes: Int
    /// Open files of one process.
    package var openFiles: Int
    /// What the worker can write: its private layer, `/tmp` and `/dev/shm` each.
    package var scratch: ByteCount
    /// What the worker keeps on the host's disk between its starts, where it keeps something.
    package var kept: ByteCount

    package init(
        cpus: Int = ResourceRequest.standard.cpus,
        memory: ByteCount = .mebibytes(Int64(ResourceRequest.standard.memoryMiB)),
        processes: Int = 512,
        openFiles: Int = 65_536,
        scratch: ByteCount = .mebibytes(512),
        kept: ByteCount = .gibibytes(16)
    ) {
        self.cpus = cpus
        self.memory = memory
        self.processes = processes
        self.openFiles = openFiles
        self.scratch = scratch
        self.kept = kept
    }

    /// The limits for what a manifest asks for, other limits as usual.
    package init(_ resources: ResourceRequest) {
        self.init(cpus: resources.cpus, memory: .mebibytes(Int64(resources.memoryMiB)))
    }
}

/// How well a host holds the limits of a sandbox.
package enum LimitEnforcement: String, Hashable, Sendable {
    /// By control groups or by the size of a machine: no way around.
    case enforced
    /// By looking from time to time, by limits of single processes, or by what a process may change: several processes, or shared memory, can use more.
    case bestEffort = "best-effort"
    case unlimited
}

/// How well each limit of one running sandbox is held.
package struct SandboxEnforcement: Hashable, Sendable {
    package var cpus: LimitEnforcement
    package var memory: LimitEnforcement
    package var processes: LimitEnforcement
    /// What the worker writes: best effort where some of it is kept.
    package var scratch: LimitEnforcement
    /// The version of Landlock by which the kernel holds the worker to its files; nil where it has none, or a tier does without.
    package var landlock: Int?

    package init(
        cpus: LimitEnforcement,
        memory: LimitEnforcement,
        processes: LimitEnforcement,
        scratch: LimitEnforcement,
        landlock: Int? = nil
    ) {
        self.cpus = cpus
        self.memory = memory
        self.processes = processes
        self.scratch = scratch
        self.landlock = landlock
    }

    package static let all = SandboxEnforcement(
        cpus: .enforced,
        memory: .enforced,
        processes: .enforced,
        scratch: .enforced
    )
}
