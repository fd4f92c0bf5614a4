// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem

/// This process.
package enum HostProcess {
    /// Ends the process; buffers of the C library are written, nothing else is waited for.
    package static func exit(_ status: Int32) -> Never { CHostSystem.exit(status) }

    package static var identifier: Int32 { getpid() }
}
