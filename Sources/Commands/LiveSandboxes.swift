// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import HostSystem
import MicroVM
import Namespaces
package import Sandboxing
import SystemPackage

extension Sandboxes {
    /// The sandboxes that this machine may have, with the guest that lies beside this program.
    package static func live(_ environment: HostEnvironment) -> Sandboxes {
        let bubblewrap = environment.program("bwrap")
        var backends: [any SandboxBackend] = [NamespacesBackend(guest: guest, bubblewrap: bubblewrap)]
        if let home = try? IIIHome(environment) {
            let cache = home.cache.appending("machine")
            let programs = MicroVMPrograms(
                guest: guest,
                qemu: environment.program("qemu-system-x86_64"),
                bubblewrap: bubblewrap,
                mksquashfs: environment.program("mksquashfs"),
                kernelRoots: [home.machineKernel, "/"],
                cache: cache
            )
            backends += [MicroVMBackend(.vm, programs), MicroVMBackend(.emulatedVM, programs)]
        }
        return Sandboxes(backends)
    }

    /// `iii-guest` beside `iii`, or in `../libexec/iii/`, where packages of distributions put such programs.
    private static var guest: FilePath {
        let folder = HostProcess.executable?.removingLastComponent() ?? "."
        let packaged = folder.removingLastComponent().appending("libexec/iii/iii-guest")
        // What cannot be looked at is as good as not there.
        return (try? HostFiles.kind(of: packaged)) == .file ? packaged : folder.appending("iii-guest")
    }
}
