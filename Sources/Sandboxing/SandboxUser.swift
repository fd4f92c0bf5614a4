// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import SystemPackage

/// The user of the host that a sandbox runs as where it is started by root: nobody else's, in no list of users.
package enum SandboxUser {
    /// Above what distributions, containers and directories hand out.
    private static let first: UInt32 = 2_000_000_000
    private static let count: UInt32 = 100_000_000

    /// For a sandbox that leaves nothing behind: another one each time.
    package static func anonymous() -> UInt32 { first + UInt32.random(in: 0..<count) }

    /// For a sandbox with folders that stay: always the same one for the same folder.
    package static func owner(of folder: FilePath) -> UInt32 {
        let hash = folder.string.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return first + UInt32(hash % UInt64(count))
    }
}

/// A user and a group inside of a sandbox.
package struct WorkerUser: Hashable, Sendable {
    package let user: UInt32
    package let group: UInt32
    /// The further groups that it is in.
    package let groups: [UInt32]

    package init(user: UInt32, group: UInt32, groups: [UInt32] = []) {
        self.user = user
        self.group = group
        self.groups = groups
    }

    package static let standard = WorkerUser(user: 1000, group: 1000)
}

extension SandboxSpecification {
    /// The folders that stay and that the sandbox's user owns; the first names that user.
    package var persistentFolders: [FilePath] {
        var folders: [FilePath] = []
        if case .persistent(let folder) = workspace { folders.append(folder) }
        if case .persistent(let folder) = rootLayer { folders.append(folder) }
        if let home { folders.append(home) }
        return folders
    }
}
