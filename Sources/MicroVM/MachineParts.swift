// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Sandboxing
import SystemPackage
import WorkerModel

/// What every machine of this host is started from.
struct MachineParts: Sendable {
    /// Something without which there are no machines.
    struct Missing: Error {
        let reason: SandboxAvailability.Reason
    }

    let guest: FilePath
    let qemu: FilePath
    let bubblewrap: FilePath
    let mksquashfs: FilePath
    let kernel: MachineKernel
    let accelerator: MachineAccelerator
    private let initramfs: [UInt8]

    /// Finds them.
    ///
    /// - Throws: `Missing`, which names the package to install.
    init(_ programs: MicroVMPrograms, _ tier: IsolationTier) throws {
        guest = programs.guest
        guard let qemu = programs.qemu else {
            throw Missing(reason: .missingProgram("qemu-system-x86_64", package: "qemu-system-x86"))
        }
        guard let bubblewrap = programs.bubblewrap else {
            throw Missing(reason: .missingProgram("bwrap", package: "bubblewrap"))
        }
        guard let mksquashfs = programs.mksquashfs else {
            throw Missing(reason: .missingProgram("mksquashfs", package: "squashfs-tools"))
        }
        (self.qemu, self.bubblewrap, self.mksquashfs) = (qemu, bubblewrap, mksquashfs)
        guard let kernel = try programs.kernelRoots.lazy.compactMap({ try MachineKernel.find(below: $0) }).first else {
            throw Missing(reason: .missingFile("/boot/vmlinuz-…-cloud-…", package: "linux-image-cloud-amd64"))
        }
        self.kernel = kernel
        accelerator = tier == .vm ? .kvm : .emulated(counterKilohertz: HostClock.counterKilohertz)
        if tier == .vm { try Self.requireVirtualization() }
        initramfs = try kernel.initramfs(guest: programs.guest)
    }

    private static func requireVirtualization() throws {
        let facts = String(decoding: try HostFiles.read("/proc/cpuinfo", upTo: .mebibytes(16)) ?? [], as: UTF8.self)
        let flags = facts.split(separator: "\n").first { $0.hasPrefix("flags") }?.split(separator: " ") ?? []
        guard try HostFiles.kind(of: "/dev/kvm") != nil else {
            throw Missing(reason: .notOnThisHost("there is no `/dev/kvm`"))
        }
        guard flags.contains("vmx") || flags.contains("svm") else {
            throw Missing(reason: .doesNotWork("`/dev/kvm` is there, but the processor has no virtualization"))
        }
    }

    /// Starts a machine; the first frame that comes is its agent's.
    func start(
        _ limits: SandboxLimits,
        base: FileDescriptor?,
        bundle: FileDescriptor?
    ) async throws -> (descriptor: Int32, holder: MicroVMHolder) {
        var toClose: [FileDescriptor] = []
        defer { for descriptor in toClose { try? descriptor.close() } }
        func owned(_ descriptor: FileDescriptor) -> FileDescriptor {
            toClose.append(descriptor)
            return descriptor
        }
        let (ours, theirs) = try HostDescriptors.socketPair()
        _ = owned(theirs)
        let complaints = try HostDescriptors.pipe()
        let writing = owned(complaints.writing)
        do {
            let null = owned(try HostDescriptors.null())
            let image = owned(try FileDescriptor.open(kernel.image, .readOnly, options: .closeOnExec))
            let first = owned(try HostDescriptors.memoryFile(initramfs))
            let command = MachineCommand(
                qemu: qemu,
                bubblewrap: bubblewrap,
                accelerator: accelerator,
                cpus: limits.cpus,
                memory: limits.memory,
                user: HostProcess.isRoot ? SandboxUser.anonymous() : nil,
                parent: HostProcess.identifier,
                hasBase: base != nil,
                hasBundle: bundle != nil
            )
            let process = try await HeldProcess.start(
                guest,
                command.words,
                environment: ["PATH": "/usr/bin:/bin"],
                descriptors: [null, writing, writing, theirs, image, first, base ?? null, bundle ?? null]
            )
            complaints.reading.setNonblocking()
            return (ours.rawValue, MicroVMHolder(process: process, complaints: complaints.reading))
        } catch {
            toClose += [ours, complaints.reading]
            throw error
        }
    }
}
