// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import HostSystem
import Sandboxing
package import SystemPackage
package import WorkerModel

/// Looks at what a host has of the things that workers need, and names what is missing with what installs it.
package struct ExamineHost: Sendable {
    package enum Status: String, Sendable {
        case fine
        /// Workers run, but slower, or with less between them and the host.
        case lacking
        /// Something does not work without it.
        case missing
    }

    package struct Finding: Sendable {
        package let subject: String
        package let status: Status
        package let text: String
        /// A command, or what else to do.
        package let remedy: String?

        package init(subject: String, status: Status, text: String, remedy: String?) {
            self.subject = subject
            self.status = status
            self.text = text
            self.remedy = remedy
        }
    }

    private let environment: HostEnvironment
    private let programs: ProgramSearch
    private let isARM: Bool
    private let home: IIIHome?

    /// `root` is what stands for `/`, for tests.
    package init(_ environment: HostEnvironment, host: TargetTriple?, root: FilePath = "/") {
        self.environment = environment
        programs = ProgramSearch(root: root, path: environment.variables["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
        isARM = host?.description.hasPrefix("aarch64") ?? false
        home = try? IIIHome(environment)
    }

    /// In the order in which they matter.
    package func run() -> [Finding] {
        let machine = isARM ? [noMachines] : [qemu, kernel, diskTool, virtualization]
        let hasMachine = !isARM && machine.allSatisfy { $0.status != .missing }
        var findings = [homeFinding, credentials].compactMap { $0 }
        findings.append(bubblewrap(isOnlyWay: !hasMachine))
        findings += machine.map { hasBubblewrap ? $0.softened : $0 }
        findings += [isal, zstd]
        return findings
    }

    private var packages: HostPackages { HostPackages.detect(programs) }
    private var hasBubblewrap: Bool { programs.path(of: "bwrap") != nil }

    private func piece(
        _ subject: String,
        _ isThere: Bool,
        _ piece: HostPackages.Piece,
        _ status: Status,
        _ reason: String
    ) -> Finding {
        if isThere { return Finding(subject: subject, status: .fine, text: "is there", remedy: nil) }
        let remedy = packages.command(for: piece)
        return Finding(subject: subject, status: status, text: "is not there: \(reason)", remedy: remedy)
    }

    private func bubblewrap(isOnlyWay: Bool) -> Finding {
        let reason = isOnlyWay ? "no bundle and no image can run" : "only virtual machines keep workers apart"
        return piece("bubblewrap", hasBubblewrap, .bubblewrap, isOnlyWay ? .missing : .lacking, reason)
    }

    private var noMachines: Finding {
        let text = "are made on processors of x86-64 only"
        return Finding(subject: "virtual machines", status: .lacking, text: text, remedy: nil)
    }

    private var qemu: Finding {
        let isThere = programs.path(of: "qemu-system-x86_64") != nil
        return piece("QEMU", isThere, .qemu, .missing, "workers cannot run in virtual machines")
    }

    private var kernel: Finding {
        let own = home.map { (try? HostFiles.entries(of: $0.machineKernel.appending("boot"))) ?? [] } ?? []
        let isThere = !MachineKernelName.best(of: own + programs.entries(of: "/boot")).isEmpty
        return piece("kernel for virtual machines", isThere, .kernel, .missing, "virtual machines cannot start")
    }

    private var diskTool: Finding {
        let isThere = programs.path(of: "mksquashfs") != nil
        return piece("squashfs-tools", isThere, .squashfs, .missing, "disks of virtual machines cannot be made")
    }

    private var virtualization: Finding {
        if programs.exists("/dev/kvm") {
            return Finding(subject: "hardware virtualization", status: .fine, text: "is there", remedy: nil)
        }
        let text = "`/dev/kvm` is not there: virtual machines are emulated, which is slow"
        let remedy = "switch virtualization on in the firmware, or nested virtualization on in the host of this machine"
        return Finding(subject: "hardware virtualization", status: .lacking, text: text, remedy: remedy)
    }

    private var isal: Finding {
        piece("ISA-L", hasLibrary("libisal.so"), .isal, .lacking, "archives unpack about half as fast")
    }

    private var zstd: Finding {
        piece("zstd", hasLibrary("libzstd.so.1"), .zstd, .lacking, "images that are packed with it cannot be pulled")
    }

    private func hasLibrary(_ name: String) -> Bool {
        let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
        return folders.contains { programs.entries(of: FilePath($0)).contains { $0.hasPrefix(name) } }
    }

    private var homeFinding: Finding {
        guard let home else {
            let remedy = "set `III_HOME` to the folder that is to hold installed workers"
            return Finding(subject: "home", status: .missing, text: "`HOME` is not set", remedy: remedy)
        }
        let path = home.root.string
        do {
            try HostFiles.makeDirectory(home.root, mode: 0o700)
            let probe = HostFiles.temporarySibling(of: home.root.appending("probe"))
            try HostFiles.writeNew([], to: probe, mode: 0o600)
            try HostFiles.removeFile(probe)
        } catch {
            return Finding(subject: "home", status: .missing, text: error.message, remedy: "chown -R $USER \(path)")
        }
        return Finding(subject: "home", status: .fine, text: "`\(path)` can be written", remedy: nil)
    }

    private var credentials: Finding? {
        guard let path = home?.credentials, (try? HostFiles.kind(of: path)) == .file else { return nil }
        do {
            _ = try Credentials(reading: path)
            return Finding(subject: "keys", status: .fine, text: "only you can read them", remedy: nil)
        } catch let error as CredentialsError {
            return Finding(subject: "keys", status: .missing, text: error.message, remedy: error.hints.first)
        } catch { return Finding(subject: "keys", status: .missing, text: error.words, remedy: nil) }
    }
}

extension ExamineHost.Finding {
    /// The same finding where there is another way.
    fileprivate var softened: ExamineHost.Finding {
        let status: ExamineHost.Status = status == .missing ? .lacking : status
        return ExamineHost.Finding(subject: subject, status: status, text: text, remedy: remedy)
    }
}
