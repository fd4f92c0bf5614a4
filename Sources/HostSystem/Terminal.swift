// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
package import SystemPackage

/// What is known of the terminal behind a descriptor.
package enum Terminal {
    /// Whether a person reads what is written there.
    package static func isInteractive(_ descriptor: FileDescriptor) -> Bool { isatty(descriptor.rawValue) == 1 }

    /// The columns of the terminal, 80 where they are unknown.
    package static func width(of descriptor: FileDescriptor) -> Int {
        let columns = Int(iii_terminal_columns(descriptor.rawValue))
        return columns > 0 ? columns : 80
    }
}
