// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Sandboxing
import SystemPackage
import WorkerModel

/// A kernel for machines, with the modules that it needs.
struct MachineKernel: Sendable, Hashable {
    let name: MachineKernelName
    let image: FilePath
    /// Nil where all is in the kernel.
    private let modules: FilePath?

    /// In the order in which they are loaded.
    private static let moduleNames = [
        "drivers/virtio/virtio_ring", "drivers/virtio/virtio", "drivers/virtio/virtio_mmio",
        "drivers/char/virtio_console", "drivers/block/virtio_blk", "fs/squashfs/squashfs", "fs/overlayfs/overlay",
    ]
    private static let maximumModule = ByteCount.mebibytes(8)

    /// The best kernel below a folder that has `boot` and `lib/modules`; `/` is the machine's own.
    static func find(below root: FilePath) throws -> MachineKernel? {
        let boot = root.appending("boot")
        for name in MachineKernelName.best(of: try HostFiles.entries(of: boot)) {
            let modules = root.appending("lib/modules").appending(name.version).appending("kernel")
            let hasModules = try HostFiles.kind(of: modules) == .directory
            guard hasModules || name.isBuiltForMachines else { continue }
            return MachineKernel(
                name: name,
                image: boot.appending(name.file),
                modules: name.isBuiltForMachines ? nil : modules
            )
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
        if let modules {
            for name in Self.moduleNames {
                guard let bytes = try HostFiles.read(modules.appending(name + ".ko"), upTo: Self.maximumModule) else {
                    // Built into the kernel, or compressed: the first is no matter, the second shows by the machine's silence.
                    continue
                }
                let file = "\(list.count).ko"
                archive.addFile("m/\(file)", Array(Self.unsigned(bytes)))
                list.append(file)
            }
        }
        archive.addFile("m/list", Array(list.joined(separator: "\n").utf8))
        archive.finish()
        return archive.bytes
    }

    /// A module without the signature behind it, which the machine's kernel would take longer to check than to load the
    /// module: both come from the same folder of the host.
    ///
    /// Shape: the module, the signature, 12 bytes whose last four are the signature's length with the highest byte first, a
    /// line that says so.
    static func unsigned(_ module: [UInt8]) -> ArraySlice<UInt8> {
        let line = Array("~Module signature appended~\n".utf8)
        let facts = module.dropLast(line.count).suffix(12)
        guard module.suffix(line.count).elementsEqual(line), facts.count == 12 else { return module[...] }
        let length = facts.suffix(4).reduce(0) { $0 << 8 | Int($1) }
        return module.dropLast(line.count + 12 + length)
    }
}
