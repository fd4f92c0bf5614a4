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
    let initramfs: [UInt8]
    /// What QEMU is made of: itself, its libraries, its firmware; those of these places that the host has.
    let shown: [FilePath]
    /// Changes with all of these files, and with the processor.
    private let identity: [String]

    private static let places: [FilePath] = [
        "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/share/qemu", "/usr/share/seabios", "/etc/ld.so.cache",
    ]

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
        shown = try Self.places.filter { try HostFiles.kind(of: $0) != nil }
        identity = [
            qemu.string, try HostFiles.fingerprint(of: qemu) ?? "", try HostFiles.fingerprint(of: kernel.image) ?? "",
            Digest.sha256(initramfs).description, try Self.processor(),
        ]
    }

    /// The rate of the processor's counter; 0 where the machine has the processor's own.
    var counterKilohertz: UInt64 {
        if case .emulated(let rate) = accelerator { rate } else { 0 }
    }

    /// The name of a template that was saved of such a machine.
    func templateKey(_ machine: MachineCommand, base: String) -> Digest {
        Digest.sha256((identity + machine.identity + [base]).joined(separator: "\n").utf8)
    }

    private static var processorFacts: [Substring] {
        get throws {
            let bytes = try HostFiles.read("/proc/cpuinfo", upTo: .mebibytes(16)) ?? []
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        }
    }

    private static func processor() throws -> String {
        let facts = try processorFacts
        let told = ["model name", "flags"].map { name in facts.first { $0.hasPrefix(name) } ?? "" }
        return told.joined(separator: "\n")
    }

    private static func requireVirtualization() throws {
        let flags = try processorFacts.first { $0.hasPrefix("flags") }?.split(separator: " ") ?? []
        guard try HostFiles.kind(of: "/dev/kvm") != nil else {
            throw Missing(reason: .notOnThisHost("there is no `/dev/kvm`"))
        }
        guard flags.contains("vmx") || flags.contains("svm") else {
            throw Missing(reason: .doesNotWork("`/dev/kvm` is there, but the processor has no virtualization"))
        }
    }
}
