// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Sandboxing
import SystemPackage
import WorkerModel

/// A kernel for machines, with the modules that it needs.
struct MachineKernel: Sendable, Hashable {
    let version: String
    let image: FilePath
    private let modules: FilePath

    /// In the order in which they are loaded.
    private static let moduleNames = [
        "drivers/virtio/virtio_ring", "drivers/virtio/virtio", "drivers/virtio/virtio_mmio",
        "drivers/char/virtio_console", "drivers/block/virtio_blk", "fs/squashfs/squashfs", "fs/overlayfs/overlay",
    ]
    private static let maximumModule = ByteCount.mebibytes(8)

    /// The newest cloud kernel below a folder that has `boot` and `lib/modules`; `/` is the machine's own.
    static func find(below root: FilePath) throws -> MachineKernel? {
        let prefix = "vmlinuz-"
        for name in try HostFiles.entries(of: root.appending("boot")).reversed()
        where name.hasPrefix(prefix) && name.contains("-cloud-") {
            let version = String(name.dropFirst(prefix.count))
            let modules = root.appending("lib/modules").appending(version).appending("kernel")
            guard try HostFiles.kind(of: modules) == .directory else { continue }
            return MachineKernel(version: version, image: root.appending("boot").appending(name), modules: modules)
        }
        return nil
    }

    /// The first file system of a machine: the guest and the modules.
    ///
    /// - Throws: `HostError`; `SandboxError.notMade` where a module is not there as it is expected.
    func initramfs(guest: FilePath) throws -> [UInt8] {
        var archive = Initramfs()
        for folder in ["dev", "proc", "sys", "m"] { archive.addFolder(folder) }
        // The kernel opens this one before anything is mounted.
        archive.addCharacterDevice("dev/console", major: 5, minor: 1)
        guard let program = try HostFiles.read(guest, upTo: .mebibytes(16)) else {
            throw SandboxError.notMade(.emulatedVM, detail: "`\(guest)` is not there")
        }
        archive.addFile("init", program, isExecutable: true)
        var list: [String] = []
        for name in Self.moduleNames {
            let path = modules.appending(name + ".ko")
            guard let bytes = try HostFiles.read(path, upTo: Self.maximumModule) else {
                // Built into the kernel, or compressed: the first is no matter, the second shows by the machine's silence.
                continue
            }
            let file = "\(list.count).ko"
            archive.addFile("m/\(file)", bytes)
            list.append(file)
        }
        archive.addFile("m/list", Array(list.joined(separator: "\n").utf8))
        archive.finish()
        return archive.bytes
    }
}
