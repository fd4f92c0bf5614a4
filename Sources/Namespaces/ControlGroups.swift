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
    /// Whether they bound processors too: systemd gives users memory and processes, but not always these.
    var holdProcessors = true

    private static let mount: FilePath = "/sys/fs/cgroup"
    fileprivate static let controllers = ["memory", "pids", "cpu"]

    /// What this process may use, found by making and removing a group; nil where there is none.
    ///
    /// Groups are made below the root where root may, else below the group that this process is in, or the one above it: a
    /// user is given such groups by `systemd-run --user --scope --property Delegate=yes`, a service by `Delegate=yes`.
    static func find(at root: FilePath = mount, own text: String = ownText) -> ControlGroups? {
        let isUnified = (try? HostFiles.kind(of: root.appending("cgroup.controllers"))) != nil
        let own = OwnControlGroups(text)
        let owned =
            isUnified
            ? [own.unified.map { root.appending(relative: $0) }]
            : controllers.map { name in own.separate[name].map { root.appending(name).appending(relative: $0) } }
        let above = owned.map { $0?.removingLastComponent() }
        for folders in [isUnified ? [root] : controllers.map { root.appending($0) }, owned, above] {
            let folders = folders.compactMap { $0 }
            guard folders.count == owned.count, folders.allSatisfy({ $0.starts(with: root) }) else { continue }
            var groups = ControlGroups(
                version: isUnified ? .unified : .separate,
                parents: folders.map { $0.appending("iii") }
            )
            if groups.prepare(folders, movingOut: folders == owned.compactMap { $0 }) {
                groups.sweep()
                if let group = try? groups.make(SandboxLimits()) {
                    group.remove()
                    return groups
                }
            }
            // Those in which something is are in use, and stay.
            for parent in groups.parents { HostFiles.removeEmptyDirectory(parent) }
        }
        return nil
    }

    /// In which groups this process is, as the kernel says it; empty where it does not.
    private static var ownText: String {
        let bytes = (try? HostFiles.read("/proc/self/cgroup", upTo: .kibibytes(64))).flatMap { $0 } ?? []
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func prepare(_ roots: [FilePath], movingOut: Bool) -> Bool {
        for (root, parent) in zip(roots, parents) {
            guard (try? HostFiles.makeDirectory(parent)) != nil else { return false }
            guard version == .unified else { continue }
            // Below a root that already passes them on, writing them again fails without harm.
            if Self.passOn(in: root) < 3, movingOut {
                Self.moveOut(of: root)
                _ = Self.passOn(in: root)
            }
            let passed = Self.passOn(in: parent)
            guard passed >= 2 else { return false }
            holdProcessors = passed == 3
        }
        return true
    }

    /// Has a group pass memory, processes and processors on to those below it: how many of them, in this order.
    private static func passOn(in group: FilePath) -> Int {
        // Written together, one that is not there would keep the others back.
        ["+memory", "+pids", "+cpu"].prefix { write($0, group.appending("cgroup.subtree_control")) }.count
    }

    /// A group that passes controllers on holds no process itself: ours go to one below it, where nobody else is in it.
    private static func moveOut(of group: FilePath) {
        let (processes, place) = (ControlGroup.processes(in: group), group.appending("iii-engine"))
        guard processes.allSatisfy({ HostProcess.isOurs($0) }), (try? HostFiles.makeDirectory(place)) != nil else {
            return
        }
        for process in processes { write(String(process), place.appending("cgroup.procs")) }
    }

    /// A new group with these limits.
    ///
    /// - Throws: `HostError`; then no part of it is left.
    func make(_ limits: SandboxLimits) throws -> ControlGroup {
        // The process's number lets the next command see that nobody owns a group any more.
        let name = "\(HostProcess.identifier)-\(UInt32.random(in: 0...UInt32.max))"
        let folders = parents.map { $0.appending(name) }
        let group = ControlGroup(version: version, folders: folders, holdsProcessors: holdProcessors)
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
    let holdsProcessors: Bool

    /// Where a process with one thread writes itself to join.
    ///
    /// To join with all its threads waits until every processor has been through its scheduler: up to 10 ms, and for one
    /// thread needless. Groups of version 2 take whole processes only.
    var entrances: [FilePath] { folders.map { $0.appending(version == .unified ? "cgroup.procs" : "tasks") } }

    /// Its folders, by the names that containers have for them below `/sys/fs/cgroup`; empty for that folder itself.
    var views: [(folder: FilePath, name: String)] {
        let names = version == .unified ? [""] : ControlGroups.controllers
        return zip(folders, names).map { (folder: $0, name: $1) }
    }

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
            guard holdsProcessors else { return }
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
            for process in Self.processes(in: folder) { HostProcess.kill(process) }
        }
    }

    /// The processes of a group, none where it is gone.
    fileprivate static func processes(in folder: FilePath) -> [Int32] {
        let bytes = (try? HostFiles.read(folder.appending("cgroup.procs"), upTo: .mebibytes(1))).flatMap { $0 } ?? []
        // Zero stands for one that is not to be seen from here.
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { Int32($0) }.filter { $0 > 0 }
    }
}

/// In which groups a process is: what `/proc/PID/cgroup` says, lines of `NUMBER:CONTROLLER,…:/PATH`.
struct OwnControlGroups: Hashable, Sendable {
    /// The path in the one hierarchy.
    private(set) var unified: String?
    /// The path in each controller's hierarchy.
    private(set) var separate: [String: String] = [:]

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            // `..` begins the path of a group outside of what is to be seen here.
            guard parts.count == 3, parts[2].hasPrefix("/"), !parts[2].contains("/..") else { continue }
            if parts[0] == "0", parts[1].isEmpty { unified = String(parts[2]) }
            for controller in parts[1].split(separator: ",") { separate[String(controller)] = String(parts[2]) }
        }
    }
}

extension FilePath {
    /// A path that begins with `/` as one below this folder.
    fileprivate func appending(relative path: String) -> FilePath {
        var whole = self
        whole.append(FilePath(path).components)
        return whole
    }
}
