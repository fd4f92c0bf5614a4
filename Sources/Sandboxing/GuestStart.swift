// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What `start` and `execute` tell the guest.
///
/// Shape: entries of one key byte, the value in UTF-8, and a zero byte; in the order of `a` arguments, `e` `NAME=VALUE`,
/// `c` folder, `l` address to listen on, `n` open files, `P` processes, `M` bytes of memory, `k` bytes of the private layer,
/// `t` nanoseconds since 1970, `y` `ROWSxCOLUMNS` of a terminal, `w` how `/workspace` is made,
/// `H` the contents of `/etc/hosts`, `u` user, `g` group, `G` a further group, `o` where the root folder is to be theirs, `h`
/// their home in the lists of accounts, `O` a folder that is to be theirs, `r` rules for files.
package struct GuestStart: Hashable, Sendable {
    /// How the guest makes `/workspace` before it starts the worker.
    package enum WorkspacePreparation: String, Hashable, Sendable {
        /// It is there already, or in a machine an empty folder.
        case none = ""
        /// There is none but what the base has.
        case absent
        /// Copied from `/run/sandbox/bundle`, which is mounted read-only.
        case copy
        /// The disk that carries the bundle, read-only.
        case mount
        /// An overlay over the disk that carries the bundle.
        case overlay
    }

    /// What the kernel itself lets the worker do with files, besides what mounts and modes say.
    package enum FileRules: String, Hashable, Sendable {
        /// Read the base, and write where a sandbox has places for that.
        case base
        /// All of its root is its own.
        case own
    }

    package var command: [String]
    package var environment: [(name: String, value: String)]
    package var directory: String
    package var listeners: [String]
    package var openFiles: Int?
    package var processes: Int?
    package var memoryBytes: Int64?
    package var scratchBytes: Int64?
    package var unixNanoseconds: Int64?
    package var terminal: TerminalSize?
    /// What a machine's `/etc/hosts` says; nil where it is there already.
    package var hosts: String?
    package var workspace: WorkspacePreparation
    /// Where the guest has to change it; nil where it is who it is to be.
    package var user: WorkerUser?
    /// Folders that are given to the user.
    package var given: [String] = []
    /// In a machine: the root folder itself belongs to the user, as what is in it does.
    package var ownsRoot = false
    /// In a machine: what the lists of accounts are to call the user's home, where they do not know the user.
    package var home: String?
    /// In namespaces, where the kernel has Landlock; nil for none.
    package var fileRules: FileRules?

    package init(
        command: [String],
        environment: [(name: String, value: String)] = [],
        directory: String = SandboxSpecification.workspacePath,
        terminal: TerminalSize? = nil
    ) {
        self.command = command
        self.environment = environment
        self.directory = directory
        self.terminal = terminal
        listeners = []
        workspace = .none
    }

    package var payload: [UInt8] {
        var entries = command.map { ("a", $0) } + environment.map { ("e", "\($0.name)=\($0.value)") }
        entries.append(("c", directory))
        entries += listeners.map { ("l", $0) }
        if let openFiles { entries.append(("n", String(openFiles))) }
        if let processes { entries.append(("P", String(processes))) }
        if let memoryBytes { entries.append(("M", String(memoryBytes))) }
        if let scratchBytes { entries.append(("k", String(scratchBytes))) }
        if let unixNanoseconds { entries.append(("t", String(unixNanoseconds))) }
        if let terminal { entries.append(("y", "\(terminal.rows)x\(terminal.columns)")) }
        if let user {
            entries += [("u", String(user.user)), ("g", String(user.group))] + user.groups.map { ("G", String($0)) }
        }
        entries += given.map { ("O", $0) }
        if let hosts { entries.append(("H", hosts)) }
        if ownsRoot { entries.append(("o", "")) }
        if let home { entries.append(("h", home)) }
        if let fileRules { entries.append(("r", fileRules.rawValue)) }
        if workspace != .none { entries.append(("w", workspace.rawValue)) }
        return entries.flatMap { key, value in Array(key.utf8) + value.utf8.filter { $0 != 0 } + [0] }
    }

    package static func == (left: GuestStart, right: GuestStart) -> Bool { left.payload == right.payload }
    package func hash(into hasher: inout Hasher) { hasher.combine(payload) }
}
