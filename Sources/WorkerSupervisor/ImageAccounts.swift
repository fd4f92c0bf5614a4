// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import ImageStore
import Sandboxing
import WorkerModel

/// The users and groups of an image, as its `/etc/passwd` and `/etc/group` name them.
struct ImageAccounts {
    /// Who a worker is, and where it is at home.
    struct Account: Hashable {
        let user: WorkerUser
        let home: String
        /// Whether it is root in a container.
        var isRoot = false
    }

    private let users: [[Substring]]
    private let groups: [[Substring]]

    private static let limit = ByteCount.mebibytes(1)

    init(_ image: InstalledImage) throws {
        self.init(
            users: try image.read("/etc/passwd", upTo: Self.limit) ?? [],
            groups: try image.read("/etc/group", upTo: Self.limit) ?? []
        )
    }

    init(users: [UInt8], groups: [UInt8]) {
        self.users = Self.rows(users)
        self.groups = Self.rows(groups)
    }

    private static func rows(_ bytes: [UInt8]) -> [[Substring]] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: ":", omittingEmptySubsequences: false) }
    }

    /// The account that `User` of an image names: `NAME`, `UID`, either with `:GROUP` or `:GID`.
    ///
    /// Nobody is root in a sandbox: root, and nil, is the sandbox's usual user, at home where root is. As in containers, a
    /// number that the image does not know is in group 0, and a user without a word of a group is in all groups that have it.
    ///
    /// - Throws: `WorkerCannotRun` for a name that the image does not have.
    func account(_ text: String?) throws -> Account {
        let parts = (text ?? "0").split(separator: ":", maxSplits: 1)
        let name = parts.first ?? "0"
        let row = users.first { $0.count > 5 && ($0[0] == name || UInt32(name) != nil && $0[2] == name) }
        guard let user = UInt32(name) ?? row.flatMap({ UInt32($0[2]) }) else {
            throw WorkerCannotRun(reason: "its image has no user `\(String(name).printable)`")
        }
        let home = row.map { String($0[5]) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        guard user != 0 else { return Account(user: .standard, home: home ?? "/root", isRoot: true) }
        if parts.count > 1 {
            return Account(user: WorkerUser(user: user, group: try group(parts[1])), home: home ?? "/")
        }
        let group = row.flatMap { UInt32($0[3]) } ?? 0
        let further = row.map { groups(having: $0[0]).filter { $0 != group } } ?? []
        return Account(user: WorkerUser(user: user, group: group, groups: further), home: home ?? "/")
    }

    /// The groups of the image that list a user, at most so many.
    private func groups(having name: Substring) -> [UInt32] {
        let all = groups.filter { $0.count > 3 && $0[3].split(separator: ",").contains(name) }
        return all.compactMap { UInt32($0[2]) }.prefix(256).reduce(into: []) { found, group in
            if !found.contains(group) { found.append(group) }
        }
    }

    private func group(_ name: Substring) throws -> UInt32 {
        if let number = UInt32(name) { return number }
        guard let number = groups.first(where: { $0.count > 2 && $0[0] == name }).flatMap({ UInt32($0[2]) }) else {
            throw WorkerCannotRun(reason: "its image has no group `\(String(name).printable)`")
        }
        return number
    }
}
