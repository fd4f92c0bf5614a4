// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import SystemPackage
import WorkerModel

/// All that one sandbox is made of, as words for the launcher and for bubblewrap.
struct BubblewrapCommand: Sendable, Hashable {
    /// The program and its version that the words are for.
    let bubblewrap: FilePath
    let guest: FilePath
    /// The user that runs bubblewrap, nil for ours.
    let user: UInt32?
    /// Where there are many users inside; then root of them runs bubblewrap, and the agent becomes the worker.
    let maps: OwnerMaps?
    /// The sandbox's own, nil where none can be made.
    let group: ControlGroup?
    let parent: Int32
    /// Whose the files of an image are is shown by the file system, where that can; else it is always changed.
    var mapsOwners = true

    /// Where the guest finds its end of the channel.
    static let channel = 3
    /// Where the launcher stages what bubblewrap shows.
    private static let stage = "/tmp"

    /// The words behind the name of the launcher.
    ///
    /// The launcher stages the root and all that is shown in it: for each thing that bubblewrap itself binds, it reads the list
    /// of all mounts again. And the user that it runs as need not be able to reach the folders.
    func words(_ specification: SandboxSpecification, _ base: HostBase) -> [String] {
        var words = ["launch", "--parent", String(parent)]
        words += group?.entrances.flatMap { ["--cgroup", $0.string] } ?? []
        // Nothing else bounds how many it uses.
        if group?.holdsProcessors != true { words += ["--processors", String(specification.limits.cpus)] }
        words += ["--stage", guest.string, "guest"]
        if let folder = specification.workspace.folder { words += ["--stage", folder.string, "workspace"] }
        if let home = specification.home { words += ["--stage", home.string, "home"] }
        words += limitWords(specification.limits)
        words += specification.base == .host ? hostWords(specification, base) : rootWords(specification)
        words.append("--network")
        for address in Set(specification.network.routes.map(\.inside)).sorted(by: { $0.lexicographicallyPrecedes($1) })
        where address.first != 127 {
            words += ["--address", address.map(String.init).joined(separator: ".")]
        }
        if let maps {
            words += ["--users", maps.users.text, "--groups", maps.groups.text]
        } else if let user {
            words += ["--user", String(user)]
        }
        return words + ["--", bubblewrap.string] + bubblewrapWords(specification, base)
    }

    private func bubblewrapWords(_ specification: SandboxSpecification, _ base: HostBase) -> [String] {
        let isRootOurs = specification.rootLayer != .readOnly
        var words = [
            "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent",
            "--new-session", "--as-pid-1", "--clearenv", "--hostname", SandboxSpecification.hostName,
            "--cap-drop", "ALL",
        ]
        words += maps == nil ? Self.ownUser(specification.user) : Self.agentRights.flatMap { ["--cap-add", $0] }
        words += [isRootOurs ? "--bind" : "--ro-bind", "\(Self.stage)/root", "/"]
        if specification.base != .host {
            for file in ["hosts", "hostname"] { words += ["--ro-bind", "\(Self.stage)/\(file)", "/etc/\(file)"] }
        }
        let size = String(specification.limits.scratch.bytes)
        // Every file system in memory has a size: without a control group nothing else bounds it.
        words += ["--proc", "/proc", "--dev", "/dev"] + Self.memory("/dev/shm", size, mode: "1777")
        words += ["--remount-ro", "/dev"] + Self.memory("/tmp", size, mode: "1777")
        // What containers have there of their limits, which runtimes make their heaps by.
        words += Self.memory("/sys", "65536", mode: "0755")
        words +=
            Self.folder("/sys/fs") + ["--ro-bind", "\(Self.stage)/cgroup", "/sys/fs/cgroup", "--remount-ro", "/sys"]
        // What an image has there, its worker may need.
        if !isRootOurs { words += Self.memory("/run", "16777216", mode: "0755") + Self.folder("/run/sandbox") }
        if !isRootOurs { words += Self.memory("/var/tmp", size, mode: "1777") }
        if specification.base == .host {
            for (name, program) in base.names.sorted(by: { $0.key < $1.key }) {
                words += ["--symlink", program.string, "\(SandboxSpecification.extraPrograms)/\(name)"]
            }
        }
        words += workspaceWords(specification.workspace, size)
        if specification.home != nil {
            words += ["--bind", "\(Self.stage)/home", "/home/worker"]
        } else if !isRootOurs {
            words += Self.memory("/home/worker", size, mode: "0755")
        }
        words += ["--ro-bind", "\(Self.stage)/guest", "/run/sandbox/guest"]
        return words + ["--chdir", "/", "--", "/run/sandbox/guest", "serve", String(Self.channel)]
    }

    /// A user namespace with nobody in it but the worker.
    private static func ownUser(_ user: WorkerUser) -> [String] {
        ["--unshare-user", "--disable-userns", "--uid", String(user.user), "--gid", String(user.group)]
    }

    /// What it takes to give folders to the worker and then to become it.
    private static let agentRights = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"]

    /// The folders in memory that are to be the worker's own, where it is somebody else who makes them.
    static func ownFolders(_ specification: SandboxSpecification) -> [String] {
        var folders: [String] = []
        switch specification.workspace {
        case .empty, .privateLayer: folders.append(SandboxSpecification.workspacePath)
        case .none, .readOnly, .persistent: break
        }
        guard specification.rootLayer == .readOnly else { return folders }
        return folders + (specification.home == nil ? ["/run", "/home/worker"] : ["/run"])
    }

    /// A folder in memory.
    private static func memory(_ place: String, _ size: String, mode: String) -> [String] {
        ["--perms", mode, "--size", size, "--tmpfs", place]
    }

    /// A folder in one in memory: bubblewrap closes those that it makes on its way to everybody but their owner.
    private static func folder(_ place: String) -> [String] { ["--perms", "0755", "--dir", place] }

    /// What the sandbox sees of its control group; where there is none, the limit of the memory in the files that tell it.
    private func limitWords(_ limits: SandboxLimits) -> [String] {
        guard let group else {
            let memory = String(limits.memory.bytes) + "\n"
            return ["memory.max", "memory/memory.limit_in_bytes"].flatMap { ["--file", "cgroup/\($0)", memory] }
        }
        return group.views.flatMap { ["--stage", $0.folder.string, $0.name.isEmpty ? "cgroup" : "cgroup/\($0.name)"] }
    }

    /// What the launcher makes a root of: parts of the host's own.
    private func hostWords(_ specification: SandboxSpecification, _ host: HostBase) -> [String] {
        var words: [String] = []
        for entry in host.entries {
            switch entry {
            case .shown(let path): words += ["--stage", path.string, "root\(path)"]
            case .link(let path, let target): words += ["--link", target, "root\(path)"]
            }
        }
        let (identifier, home) = (specification.user.user, specification.homeInside)
        let files = [
            ("hosts", specification.network.hostsFile),
            ("hostname", "\(SandboxSpecification.hostName)\n"),
            ("passwd", "worker:x:\(identifier):\(identifier)::\(home):/bin/sh\n"),
            ("group", "worker:x:\(identifier):\n"),
            ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
        ]
        words += files.flatMap { ["--file", "root/etc/\($0)", $1] }
        var places = ["proc", "sys", "dev", "tmp", "run", "var/tmp", "home/worker"]
        if specification.workspace != .none { places.append("workspace") }
        return words + places.flatMap { ["--folder", "root/\($0)"] }
    }

    /// What the launcher makes of a root file system: the places that are mounted on need not be in it.
    private func rootWords(_ specification: SandboxSpecification) -> [String] {
        guard case .rootFileSystem(let folder, _) = specification.base else { return [] }
        var words = ["--root", folder.string]
        var places = ["proc", "sys", "dev", "tmp", "run", "run/sandbox", "etc"]
        switch specification.rootLayer {
        case .readOnly: places += ["var", "var/tmp", "home", "home/worker"]
        case .privateLayer: words += ["--layer-size", String(specification.limits.scratch.bytes)]
        case .persistent(let layer): words += ["--layer", layer.string]
        }
        if let maps { words += ownerWords(maps, specification) }
        let user = specification.user
        words += ["--account", String(user.user), String(user.group), specification.homeInside]
        if specification.workspace != .none { places.append("workspace") }
        words += places.flatMap { ["--place", $0] }
        // Shown above the root: what the worker writes there must not stay.
        let files = [("hosts", specification.network.hostsFile), ("hostname", "\(SandboxSpecification.hostName)\n")]
        return words + files.flatMap { ["--place-file", "etc/\($0)", "--file", $0, $1] }
    }

    private func ownerWords(_ maps: OwnerMaps, _ specification: SandboxSpecification) -> [String] {
        var words = ["--file-users", maps.fileUsers.text, "--file-groups", maps.fileGroups.text]
        if let owner = maps.everything { words += ["--everything", String(owner)] }
        if let list = specification.ownersList { words += ["--owners", list.string] }
        if !mapsOwners { words.append("--change-owners") }
        // Nobody writes to it, and its layer is small: where the file system cannot show owners, root's stay as they are.
        if specification.rootLayer == .readOnly { words.append("--keep-owners") }
        return words
    }

    private func workspaceWords(_ workspace: SandboxSpecification.Workspace, _ size: String) -> [String] {
        let (source, place) = ("\(Self.stage)/workspace", SandboxSpecification.workspacePath)
        switch workspace {
        case .none: return []
        case .empty: return Self.memory(place, size, mode: "0755")
        case .readOnly: return ["--ro-bind", source, place]
        case .persistent: return ["--bind", source, place]
        case .privateLayer:
            return Self.memory(place, size, mode: "0755") + ["--ro-bind", source, "/run/sandbox/bundle"]
        }
    }
}

extension SandboxSpecification.Workspace {
    /// The folder of the host that is shown, nil for none.
    fileprivate var folder: FilePath? {
        switch self {
        case .none, .empty: nil
        case .readOnly(let folder), .persistent(let folder), .privateLayer(let folder): folder
        }
    }
}
