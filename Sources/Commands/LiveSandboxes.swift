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
        let bubblewrap = program("bwrap", environment)
        var backends: [any SandboxBackend] = [NamespacesBackend(guest: guest, bubblewrap: bubblewrap)]
        if let home = try? IIIHome(environment) {
            let cache = home.cache.appending("machine")
            let programs = MicroVMPrograms(
                guest: guest,
                qemu: program("qemu-system-x86_64", environment),
                bubblewrap: bubblewrap,
                mksquashfs: program("mksquashfs", environment),
                kernelRoots: [cache.appending("kernel"), "/"],
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

    /// The first file of that name in the folders of `PATH`, and where the system keeps programs.
    private static func program(_ name: String, _ environment: HostEnvironment) -> FilePath? {
        let folders = (environment.variables["PATH"] ?? "").split(separator: ":").map(String.init)
        for folder in folders + ["/usr/bin", "/bin", "/usr/local/bin"] where folder.hasPrefix("/") {
            let path = FilePath(folder).appending(name)
            if let kind = try? HostFiles.kind(of: path), kind != .directory { return path }
        }
        return nil
    }
}
