// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import Testing

struct MachineKernelNameTests {
    @Test func oneThatWasBuiltForMachinesComesFirst() {
        let files = [
            "System.map-6.1.0-9-cloud-amd64", "vmlinuz-6.1.0-9-cloud-amd64", "vmlinuz-6.1.0-10-cloud-amd64",
            "vmlinux-6.1.0-9-cloud-amd64", "vmlinux-6.1.2-machine", "vmlinuz-6.12.0-1-amd64", "vmlinuz-6.1.3-machine",
        ]
        #expect(
            MachineKernelName.best(of: files).map(\.file) == [
                "vmlinux-6.1.2-machine", "vmlinuz-6.1.0-10-cloud-amd64", "vmlinux-6.1.0-9-cloud-amd64",
                "vmlinuz-6.1.0-9-cloud-amd64",
            ]
        )
    }

    @Test func saysWhatIsToBeDoneWithIt() throws {
        let packed = try #require(MachineKernelName("vmlinuz-6.1.0-9-cloud-amd64"))
        #expect(packed.isPacked && !packed.isBuiltForMachines && packed.version == "6.1.0-9-cloud-amd64")
        let own = try #require(MachineKernelName("vmlinux-6.1.2-machine"))
        #expect(!own.isPacked && own.isBuiltForMachines && own.version == "6.1.2-machine")
    }
}
