// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import GuestChannel
import HostSystem
import Sandboxing
import SystemPackage

/// The processes of one machine.
struct MicroVMHolder: SandboxHolder {
    let process: HeldProcess
    let complaints: FileDescriptor
    let monitor: FileDescriptor

    var processIdentifier: Int32 { process.identifier }

    /// Its disks are read-only or in memory: there is nothing to write back, so it is killed.
    func destroy(_ exit: SandboxExit) async -> SandboxExit {
        HostProcess.killChildren(of: process)
        _ = await process.end()
        try? complaints.close()
        try? monitor.close()
        return exit
    }

    func complaint() async -> String { complaints.text }
}
