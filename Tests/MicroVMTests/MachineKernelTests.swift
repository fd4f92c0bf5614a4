// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import TestSupport
import Testing

@testable import MicroVM

struct MachineKernelTests {
    @Test func takesTheBestThatHasItsModules() throws {
        try withTemporaryDirectory { root in
            let boot = root.appending("boot")
            try HostFiles.makeDirectory(boot)
            for name in ["vmlinuz-6.1.0-9-cloud-amd64", "vmlinuz-6.1.0-10-cloud-amd64"] {
                try HostFiles.write([], to: boot.appending(name))
            }
            #expect(try MachineKernel.find(below: root) == nil)
            let modules = root.appending("lib/modules/6.1.0-9-cloud-amd64/kernel")
            try HostFiles.makeDirectory(modules)
            #expect(try MachineKernel.find(below: root)?.image == boot.appending("vmlinuz-6.1.0-9-cloud-amd64"))
            try HostFiles.write([], to: boot.appending("vmlinux-6.1.2-machine"))
            #expect(try MachineKernel.find(below: root)?.image == boot.appending("vmlinux-6.1.2-machine"))
        }
    }

    @Test func modulesGoWithoutTheirSignatures() {
        let line = Array("~Module signature appended~\n".utf8)
        let module: [UInt8] = [1, 2, 3]
        let facts: [UInt8] = [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 4]
        let signed = module + [UInt8](repeating: 9, count: 260) + facts + line
        #expect(MachineKernel.unsigned(signed).elementsEqual(module))
        #expect(MachineKernel.unsigned(module).elementsEqual(module))
        // One that says it is longer than all there is: nothing is left, and the kernel says so.
        #expect(MachineKernel.unsigned(module + facts + line).isEmpty)
        #expect(MachineKernel.unsigned(line).elementsEqual(line))
    }
}
