// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import SystemPackage
import WorkerModel

/// How the machine's processor is had.
package enum MachineAccelerator: Hashable, Sendable {
    case kvm
    /// Emulated; the rate of the host's time stamp counter in kHz, which a busy emulator cannot measure by itself.
    case emulated(counterKilohertz: UInt64)
}

/// All that one machine is made of, as words for the launcher, bubblewrap and QEMU.
struct MachineCommand: Sendable, Hashable {
    let qemu: FilePath
    let bubblewrap: FilePath
    /// What QEMU sees of the host.
    let shown: [FilePath]
    var accelerator: MachineAccelerator
    let cpus: Int
    let memory: ByteCount
    let user: UInt32?
    let parent: Int32
    /// Whether there is a disk besides the base.
    let hasBase: Bool
    let hasBundle: Bool
    var start = Start.boot

    /// How the machine comes to life.
    enum Start: Hashable, Sendable {
        case boot
        /// It boots with its memory in a file, to be saved.
        case bootToBeSaved
        /// It goes on where a saved one was.
        case restore
    }

    // Where QEMU finds what it is given.
    static let channel = 3
    static let kernel = 4
    static let initramfs = 5
    static let base = 6
    static let bundle = 7
    static let monitor = 8
    static let memoryFile = 9
    static let state = 10

    /// What the machine needs beyond the worker's own memory: kernel, agent, page cache.
    static let overhead = ByteCount.mebibytes(96)

    var words: [String] {
        var words = ["launch", "--parent", String(parent), "--network"]
        if let user { words += ["--user", String(user)] }
        for path in shown { words += ["--stage", path.string, "root\(path)"] }
        words += ["--link", "usr/lib", "root/lib", "--link", "usr/lib64", "root/lib64"]
        words += ["--folder", "root/proc", "--folder", "root/tmp"]
        if accelerator == .kvm { words += ["--file", "root/dev/kvm", ""] }
        return words + ["--", bubblewrap.string] + jail + ["--", qemu.string] + machine
    }

    /// Nothing of the host but QEMU and its libraries, to read; no device but the one that runs machines.
    private var jail: [String] {
        var words = [
            "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
            "--disable-userns", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL",
        ]
        words += ["--ro-bind", "/tmp/root", "/", "--proc", "/proc"]
        if accelerator == .kvm { words += ["--dev-bind", "/dev/kvm", "/dev/kvm"] }
        return words + ["--size", "1048576", "--tmpfs", "/tmp", "--chdir", "/tmp"]
    }

    /// What a saved machine depends on; the counter's rate is compared when it is restored.
    var identity: [String] {
        var command = self
        if case .emulated = accelerator { command.accelerator = .emulated(counterKilohertz: 0) }
        command.start = .bootToBeSaved
        return command.machine
    }

    /// All the memory of the machine.
    static func size(for memory: ByteCount) -> ByteCount { .mebibytes((memory.bytes + overhead.bytes) >> 20) }

    private var machine: [String] {
        var words = ["-M", "microvm"]
        switch accelerator {
        case .kvm: words += ["-accel", "kvm", "-cpu", "host"]
        // Of the models that it emulates this one starts fastest, and newer programs find what they need.
        case .emulated: words += ["-accel", "tcg,tb-size=128", "-cpu", "EPYC"]
        }
        words += ["-m", String(Self.size(for: memory).bytes >> 20), "-smp", String(cpus)]
        words += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        words += ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"]
        if start != .restore {
            words += ["-kernel", "/proc/self/fd/\(Self.kernel)", "-initrd", "/proc/self/fd/\(Self.initramfs)"]
            words += ["-append", kernelWords.joined(separator: " ")]
        }
        words += ["-chardev", "socket,id=control,fd=\(Self.channel)", "-device", "virtio-serial-device,max_ports=4"]
        words += ["-device", "virtserialport,chardev=control,name=iii.control"]
        if hasBase { words += disk("base", Self.base) }
        if hasBundle { words += disk("bundle", Self.bundle) }
        return words + savedParts
    }

    /// Of a memory that is restored each machine changes its own copy.
    private var savedParts: [String] {
        if start == .boot { return [] }
        let backend = "memory-backend-file,id=ram,size=\(Self.size(for: memory).bytes >> 20)M"
        let file = "mem-path=/proc/self/fd/\(Self.memoryFile),share=\(start == .restore ? "off" : "on")"
        var words = ["-chardev", "socket,id=monitor,fd=\(Self.monitor)", "-mon", "chardev=monitor,mode=control"]
        words += ["-object", "\(backend),\(file)", "-machine", "memory-backend=ram"]
        if start == .restore { words += ["-incoming", "defer"] }
        return words
    }

    private func disk(_ name: String, _ descriptor: Int) -> [String] {
        [
            "-add-fd", "fd=\(descriptor),set=\(descriptor)",
            "-drive",
            "if=none,id=\(name),file=/dev/fdset/\(descriptor),format=raw,read-only=on,cache=unsafe,file.locking=off",
            "-device", "virtio-blk-device,drive=\(name),serial=\(name)",
        ]
    }

    private var kernelWords: [String] {
        var words = [
            "console=hvc9", "panic=-1", "quiet", "loglevel=1", "cryptomgr.notests=1", "no_timer_check", "apparmor=0",
            "audit=0", "selinux=0", "random.trust_cpu=on", "noreplace-smp", "8250.nr_uarts=0",
            "rcupdate.rcu_expedited=1", "numa=off", "reboot=t",
        ]
        // Without the rate, an emulated machine on a busy host hangs while it measures it.
        if case .emulated(let rate) = accelerator {
            words += ["tsc=reliable", "tsc_early_khz=\(rate)", "mitigations=off"]
        }
        return words
    }
}
