// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerOperations

/// Every missing piece is named with the command that installs it.
@Suite struct ExamineHostTests {
    private func findings(
        _ files: [String],
        in folder: FilePath,
        host: TargetTriple? = TargetTriple(.x86_64, .linux(.gnu))
    ) throws -> [String: ExamineHost.Finding] {
        let root = folder.appending("root")
        for path in files {
            let file = root.pushing(FilePath(path))
            try HostFiles.makeDirectory(file.removingLastComponent())
            try HostFiles.write([], to: file)
        }
        let variables = ["HOME": folder.string, "PATH": "/usr/bin"]
        let environment = HostEnvironment(variables: variables, currentDirectory: folder)
        let found = ExamineHost(environment, host: host, root: root).run()
        return Dictionary(found.map { ($0.subject, $0) }) { first, _ in first }
    }

    @Test func aBareHostLacksEverything() throws {
        try withTemporaryDirectory { folder in
            let found = try findings(["usr/bin/apt-get"], in: folder)
            #expect(found["bubblewrap"]?.status == .missing)
            #expect(found["bubblewrap"]?.remedy == "apt-get install bubblewrap")
            #expect(found["QEMU"]?.remedy == "apt-get install qemu-system-x86")
            #expect(found["kernel for virtual machines"]?.remedy == "apt-get install linux-image-cloud-amd64")
            #expect(found["hardware virtualization"]?.status == .lacking)
            #expect(found["zstd"]?.status == .lacking && found["zstd"]?.remedy == "apt-get install libzstd1")
            #expect(found["home"]?.status == .fine)
            let library = "usr/lib/x86_64-linux-gnu/libzstd.so.1.5.4"
            #expect(try findings([library], in: folder)["zstd"]?.status == .fine)
        }
    }

    @Test(arguments: [
        ("dnf", "dnf install bubblewrap"), ("apk", "apk add bubblewrap"), ("pacman", "pacman -S bubblewrap"),
    ])
    func otherSystemsHaveOtherCommands(_ manager: String, _ command: String) throws {
        try withTemporaryDirectory { folder in
            let remedy = try findings(["usr/bin/\(manager)"], in: folder)["bubblewrap"]?.remedy
            #expect(remedy == command)
        }
    }

    @Test func oneWayToKeepWorkersApartIsEnough() throws {
        try withTemporaryDirectory { folder in
            let found = try findings(["usr/bin/bwrap"], in: folder)
            #expect(found.values.allSatisfy { $0.status != .missing })
            #expect(found["QEMU"]?.status == .lacking)
        }
        try withTemporaryDirectory { folder in
            let machine = ["usr/bin/qemu-system-x86_64", "boot/vmlinuz-6.1.0-cloud-amd64", "usr/sbin/mksquashfs"]
            let found = try findings(machine, in: folder)
            #expect(found.values.allSatisfy { $0.status != .missing } && found["bubblewrap"]?.status == .lacking)
        }
    }

    @Test func aKernelThatSomebodyPutInPlaceCounts() throws {
        try withTemporaryDirectory { folder in
            // One of a desktop has not what a machine needs.
            let usual = try findings(["boot/vmlinuz-6.12.0-1-amd64"], in: folder)
            #expect(usual["kernel for virtual machines"]?.status != .fine)
            let boot = folder.appending(".iii/machine-kernel/boot")
            try HostFiles.makeDirectory(boot)
            try HostFiles.write([], to: boot.appending("vmlinux-6.1.2-machine"))
            #expect(try findings([], in: folder)["kernel for virtual machines"]?.status == .fine)
        }
    }

    @Test func onArmThereAreNoMachines() throws {
        try withTemporaryDirectory { folder in
            let found = try findings(["usr/bin/bwrap"], in: folder, host: TargetTriple(.arm64, .linux(.gnu)))
            #expect(found["QEMU"] == nil)
            #expect(found["virtual machines"]?.status == .lacking)
            #expect(found["bubblewrap"]?.status == .fine)
        }
    }

    @Test func keysThatOthersCanReadAreFound() throws {
        try withTemporaryDirectory { folder in
            try HostFiles.makeDirectory(folder.appending(".iii"))
            try HostFiles.write(Array("{}".utf8), to: folder.appending(".iii/credentials"), mode: 0o644)
            let found = try findings(["usr/bin/bwrap"], in: folder)["keys"]
            #expect(found?.status == .missing && found?.remedy?.contains("chmod 600") == true)
        }
    }
}
