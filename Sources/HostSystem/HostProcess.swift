// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
package import SystemPackage

/// This process.
package enum HostProcess {
    /// Ends the process; buffers of the C library are written, nothing else is waited for.
    package static func exit(_ status: Int32) -> Never { CHostSystem.exit(status) }

    /// Lets the process have as many open files as the system allows it: a server has one for each connection.
    ///
    /// Where that fails, the limit stays as it is.
    package static func raiseOpenFileLimit() { iii_raise_open_file_limit() }

    package static var identifier: Int32 { getpid() }

    /// Whether this process may do everything on this machine.
    package static var isRoot: Bool { geteuid() == 0 }

    /// The program that this process runs, nil where the system does not say.
    package static var executable: FilePath? {
        (try? HostFiles.target(ofLink: "/proc/self/exe")).flatMap { $0 }
    }

    /// Whether a process is there, whoever's it is.
    package static func exists(_ identifier: Int32) -> Bool {
        CHostSystem.kill(identifier, 0) == 0 || Errno.current == .notPermitted
    }

    /// Kills a process that need not be ours; one that is gone is passed over.
    package static func kill(_ identifier: Int32) { _ = CHostSystem.kill(identifier, SIGKILL) }
}
