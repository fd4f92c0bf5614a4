// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// How a worker is kept apart from the machine.
package enum IsolationTier: String, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    /// A process of the user, with all that the user may do.
    case none
    /// Namespaces, a filter of system calls, no network but the tunnel; the kernel is the host's.
    case namespaces
    /// A virtual machine whose processor is emulated.
    case emulatedVM = "emulated-vm"
    /// A virtual machine on the processor's own virtualization.
    case vm

    package var description: String { rawValue }

    /// Higher is stronger; both kinds of virtual machine are as strong as each other.
    package var strength: Int {
        switch self {
        case .none: 0
        case .namespaces: 1
        case .emulatedVM, .vm: 2
        }
    }

    package func isAtLeast(_ minimum: IsolationTier) -> Bool { strength >= minimum.strength }

    /// One sentence on what the tier does not stop, for those who decide by it.
    package var caveat: String {
        switch self {
        case .none: "anything; the worker may do all that its user may"
        case .namespaces:
            "a flaw of the host's kernel that an allowed system call reaches, side channels between processes"
        case .emulatedVM: "a flaw of the machine emulator together with one of its jail, side channels"
        case .vm: "a flaw of the virtual machine monitor together with one of its jail, side channels"
        }
    }
}
