// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel
import Sandboxing
import SystemPackage

/// All that one sandbox is made of, as words for the launcher and for bubblewrap.
struct BubblewrapCommand: Sendable, Hashable {
    /// A small file that is made for the sandbox.
    struct Data: Hashable, Sendable {
        let path: String
        let contents: String
    }

    /// The program and its version that the words are for.
    let bubblewrap: FilePath
    let guest: FilePath
    /// The user that runs bubblewrap, nil for ours.
    ///
    /// Folders are staged for another user, who may not reach them.
    let user: UInt32?
    /// Where to join its control groups.
    let controlGroups: [FilePath]
    /// The worker is kept on some of the processors, since no control group bounds how many it uses.
    let choosesProcessors: Bool
    let parent: Int32
    /// What root owns of an image is shown as the worker's by the file system, where that can; else it is always changed.
    var mapsOwners = true

    /// Where the guest finds its end of the channel.
    static let channel = 3
    /// `contents` are found from here on, in the order of `data`.
    private static let firstData = 4

    /// The words behind the name of the launcher.
    func words(_ specification: SandboxSpecification, _ base: HostBase) -> [String] {
        // A root file system is staged over the host's own /tmp.
        var staging = Staging(isNeeded: user != nil || specification.base != .host)
        let inside = bubblewrapWords(specification, base, &staging)
        var words = ["launch", "--parent", String(parent)]
        words += controlGroups.flatMap { ["--cgroup", $0.string] }
        if choosesProcessors { words += ["--processors", String(specification.limits.cpus)] }
        words += staging.folders.flatMap { ["--stage", $0.path.string, $0.name] }
        words += rootWords(specification)
        words.append("--network")
        for address in Set(specification.network.routes.map(\.inside)).sorted(by: { $0.lexicographicallyPrecedes($1) })
        where address.first != 127 {
            words += ["--address", address.map(String.init).joined(separator: ".")]
        }
        if let user { words += ["--user", String(user)] }
        return words + ["--", bubblewrap.string] + inside
    }

    /// The files that are passed as descriptors, in their order.
    static func data(_ specification: SandboxSpecification) -> [Data] {
        let hosts = Data(path: "/etc/hosts", contents: specification.network.hostsFile)
        guard specification.base == .host else { return [hosts] }
        let identifier = specification.user.user
        return [
            hosts,
            Data(
                path: "/etc/passwd",
                contents: "worker:x:\(identifier):\(identifier)::\(specification.homeInside):/bin/sh\n"
            ),
            Data(path: "/etc/group", contents: "worker:x:\(identifier):\n"),
            Data(path: "/etc/nsswitch.conf", contents: "passwd: files\ngroup: files\nhosts: files\n"),
        ]
    }

    private func bubblewrapWords(
        _ specification: SandboxSpecification,
        _ base: HostBase,
        _ staging: inout Staging
    ) -> [String] {
        let isRootOurs = specification.rootLayer != .readOnly
        var words = [
            "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
            "--disable-userns", "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv",
            "--hostname", "sandbox", "--uid", String(specification.user.user),
            "--gid", String(specification.user.group), "--cap-drop", "ALL",
        ]
        words += baseWords(specification.base, base)
        for (index, data) in Self.data(specification).enumerated() {
            words += ["--ro-bind-data", String(Self.firstData + index), data.path]
        }
        let size = String(specification.limits.scratch.bytes)
        // Every file system in memory has a size: without a control group nothing else bounds it.
        words += ["--proc", "/proc", "--dev", "/dev", "--size", size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
        words += ["--size", size, "--tmpfs", "/tmp"]
        // What an image has there, its worker may need.
        if !isRootOurs { words += ["--size", "16777216", "--tmpfs", "/run", "--size", size, "--tmpfs", "/var/tmp"] }
        if specification.base == .host {
            for (name, program) in base.names.sorted(by: { $0.key < $1.key }) {
                words += ["--symlink", program.string, "\(SandboxSpecification.extraPrograms)/\(name)"]
            }
        }
        words += workspaceWords(specification.workspace, size, &staging)
        if let home = specification.home {
            words += ["--bind", staging.path(home, "home"), "/home/worker"]
        } else if !isRootOurs {
            words += ["--size", size, "--tmpfs", "/home/worker"]
        }
        words += ["--ro-bind", staging.path(guest, "guest"), "/run/sandbox/guest"]
        if !isRootOurs { words += ["--remount-ro", "/"] }
        return words + ["--chdir", "/", "--", "/run/sandbox/guest", "serve", String(Self.channel)]
    }

    /// What the launcher makes of a root file system: the places that are mounted on need not be in it.
    private func rootWords(_ specification: SandboxSpecification) -> [String] {
        guard case .rootFileSystem(let folder, _) = specification.base else { return [] }
        var words = ["--root", folder.string]
        var places = ["proc", "dev", "tmp", "run", "run/sandbox", "etc"]
        switch specification.rootLayer {
        case .readOnly: places += ["var", "var/tmp", "home", "home/worker"]
        case .privateLayer: words += ["--own", "--layer-size", String(specification.limits.scratch.bytes)]
        case .persistent(let layer): words += ["--own", "--layer", layer.string]
        }
        if !mapsOwners { words.append("--change-owners") }
        let user = specification.user
        words += ["--account", String(user.user), String(user.group), specification.homeInside]
        if specification.workspace != .none { places.append("workspace") }
        return words + places.flatMap { ["--place", $0] } + ["--place-file", "etc/hosts"]
    }

    private func baseWords(_ base: SandboxSpecification.Base, _ host: HostBase) -> [String] {
        if case .rootFileSystem = base { return ["--bind", "/tmp/root", "/"] }
        var words: [String] = []
        for entry in host.entries {
            switch entry {
            case .folder(let path): words += ["--ro-bind", path.string, path.string]
            case .link(let path, let target): words += ["--symlink", target, path.string]
            }
        }
        return words + host.etc.flatMap { ["--ro-bind", $0.string, $0.string] }
    }

    private func workspaceWords(
        _ workspace: SandboxSpecification.Workspace,
        _ size: String,
        _ staging: inout Staging
    ) -> [String] {
        let place = SandboxSpecification.workspacePath
        switch workspace {
        case .none: return []
        case .empty: return ["--size", size, "--tmpfs", place]
        case .readOnly(let folder): return ["--ro-bind", staging.path(folder, "workspace"), place]
        case .persistent(let folder): return ["--bind", staging.path(folder, "workspace"), place]
        case .privateLayer(let folder):
            let source = staging.path(folder, "workspace")
            return ["--size", size, "--tmpfs", place, "--ro-bind", source, "/run/sandbox/bundle"]
        }
    }
}

/// Where bubblewrap finds what it binds.
private struct Staging {
    let isNeeded: Bool
    private(set) var folders: [(path: FilePath, name: String)] = []

    init(isNeeded: Bool) { self.isNeeded = isNeeded }

    mutating func path(_ path: FilePath, _ name: String) -> String {
        guard isNeeded else { return path.string }
        folders.append((path, name))
        return "/tmp/\(name)"
    }
}
