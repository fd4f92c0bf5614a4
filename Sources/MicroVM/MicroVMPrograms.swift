// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import SystemPackage

/// The programs and folders that machines are made with; nil for a program that is not installed.
package struct MicroVMPrograms: Sendable, Hashable {
    package var guest: FilePath
    package var qemu: FilePath?
    package var bubblewrap: FilePath?
    package var mksquashfs: FilePath?
    /// Folders that have `boot` and `lib/modules`, best first.
    package var kernelRoots: [FilePath]
    /// Where images are kept, and what was found out about this machine.
    package var cache: FilePath

    package init(
        guest: FilePath,
        qemu: FilePath?,
        bubblewrap: FilePath?,
        mksquashfs: FilePath?,
        kernelRoots: [FilePath],
        cache: FilePath
    ) {
        self.guest = guest
        self.qemu = qemu
        self.bubblewrap = bubblewrap
        self.mksquashfs = mksquashfs
        self.kernelRoots = kernelRoots
        self.cache = cache
    }
}
