// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Sandboxing
import SystemPackage
import WorkerModel

/// The control groups of this machine, as far as this process may make some.
struct ControlGroups: Sendable, Hashable {
    enum Version: Hashable, Sendable {
        /// One hierarchy: a group there with all controllers.
        case unified
        /// One hierarchy for each controller.
        case separate
    }

    let version: Version
    /// The folder of each hierarchy below which a group is made.
    let parents: [FilePath]

    private static let mount: FilePath = "/sys/fs/cgroup"
    private static let controllers = ["memory", "pids", "cpu"]

    /// What this process may use, found by making and removing a group; nil where there is none.
    static func find(at root: FilePath = mount) -> ControlGroups? {
        let isUnified = (try? HostFiles.kind(of: root.appending("cgroup.controllers"))) != nil
        let roots = isUnified ? [root] : controllers.map { root.appending($0) }
        let parents = roots.map { $0.appending("iii") }
        let groups = ControlGroups(version: isUnified ? .unified : .separate, parents: parents)
        guard groups.prepare(roots) else { return nil }
        groups.sweep()
        guard let group = try? groups.make(SandboxLimits()) else { return nil }
        group.remove()
        return groups
    }

    private func prepare(_ roots: [FilePath]) -> Bool {
        for (root, parent) in zip(roots, parents) {
            // Below a root that already passes them on, writing them again fails without harm.
            if version == .unified { Self.write("+memory +pids +cpu", root.appending("cgroup.subtree_control")) }
            guard (try? HostFiles.makeDirectory(parent)) != nil else { return false }
            if version == .unified, !Self.write("+memory +pids +cpu", parent.appending("cgroup.subtree_control")) {
                return false
            }
        }
        return true
    }

    /// A new group with these limits.
    ///
    /// - Throws: `HostError`; then no part of it is left.
    func make(_ limits: SandboxLimits) throws -> ControlGroup {
        // The process's number lets the next command see that nobody owns a group any more.
        let name = "\(HostProcess.identifier)-\(UInt32.random(in: 0...UInt32.max))"
        let group = ControlGroup(version: version, folders: parents.map { $0.appending(name) })
        do {
            for folder in group.folders { try HostFiles.makeDirectory(folder) }
            try group.limit(limits)
            return group
        } catch {
            group.remove()
            throw error
        }
    }

    /// Removes groups whose owner is gone; those in use cannot be removed.
    func sweep() {
        for parent in parents {
            for name in (try? HostFiles.entries(of: parent)) ?? [] {
                guard let owner = name.split(separator: "-").first.flatMap({ Int32($0) }) else { continue }
                if !HostProcess.exists(owner) { HostFiles.removeEmptyDirectory(parent.appending(name)) }
            }
        }
    }

    @discardableResult
    fileprivate static func write(_ text: String, _ file: FilePath) -> Bool {
        (try? HostFiles.writeExisting(text, to: file)) != nil
    }
}

/// One sandbox's control group, in each hierarchy.
struct ControlGroup: Sendable, Hashable {
    let version: ControlGroups.Version
    let folders: [FilePath]

    fileprivate func limit(_ limits: SandboxLimits) throws {
        func file(_ hierarchy: Int, _ name: String) -> FilePath {
            folders[version == .unified ? 0 : hierarchy].appending(name)
        }
        let memory = String(limits.memory.bytes)
        // The guest's own process, and room for a further command.
        let processes = String(limits.processes + 16)
        switch version {
        case .unified:
            try HostFiles.writeExisting(memory, to: file(0, "memory.max"))
            // Absent where the kernel has no swap accounting.
            ControlGroups.write("0", file(0, "memory.swap.max"))
            try HostFiles.writeExisting(processes, to: file(0, "pids.max"))
            try HostFiles.writeExisting("\(limits.cpus * 100_000) 100000", to: file(0, "cpu.max"))
        case .separate:
            try HostFiles.writeExisting(memory, to: file(0, "memory.limit_in_bytes"))
            ControlGroups.write(memory, file(0, "memory.memsw.limit_in_bytes"))
            // Without that accounting, what does not fit would be swapped out instead of refused.
            ControlGroups.write("0", file(0, "memory.swappiness"))
            try HostFiles.writeExisting(processes, to: file(1, "pids.max"))
            try HostFiles.writeExisting("100000", to: file(2, "cpu.cfs_period_us"))
            try HostFiles.writeExisting(String(limits.cpus * 100_000), to: file(2, "cpu.cfs_quota_us"))
        }
    }

    /// How many processes were killed because memory ran out.
    var outOfMemoryKills: Int {
        let file = folders[0].appending(version == .unified ? "memory.events" : "memory.oom_control")
        // A group that is gone has nothing to tell.
        guard let bytes = try? HostFiles.read(file, upTo: .kibibytes(4)) else { return 0 }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == "oom_kill" { return Int(words[1]) ?? 0 }
        }
        return 0
    }

    /// The memory in use now, nil where it cannot be read.
    var memoryInUse: ByteCount? {
        let file = folders[0].appending(version == .unified ? "memory.current" : "memory.usage_in_bytes")
        guard let bytes = try? HostFiles.read(file, upTo: .kibibytes(1)) else { return nil }
        return Int64(String(decoding: bytes, as: UTF8.self).split(separator: "\n").first ?? "").map { ByteCount($0) }
    }

    /// Removes the group; false where a process is still in it.
    @discardableResult
    func remove() -> Bool { folders.map { HostFiles.removeEmptyDirectory($0) }.allSatisfy { $0 } }

    func kill() {
        for folder in folders {
            guard let bytes = try? HostFiles.read(folder.appending("cgroup.procs"), upTo: .mebibytes(1)) else {
                continue
            }
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
                if let process = Int32(line), process > 0 { HostProcess.kill(process) }
            }
        }
    }
}
