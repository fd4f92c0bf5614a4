// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing

/// Which numbers of users, or of groups, stand for which on the host.
struct IDMap: Hashable, Sendable {
    private(set) var extents: [(inside: UInt32, outside: UInt32, count: UInt32)] = []

    /// Of how many numbers each image has a plain range: what containers usually have.
    static let range: UInt32 = 65_536
    /// The kernel takes 340 lines.
    private static let most = 300

    /// As the kernel reads it: lines of the first inside, the first outside, and how many.
    var text: String { extents.map { "\($0.inside) \($0.outside) \($0.count)\n" }.joined() }

    private mutating func add(_ inside: UInt32, _ outside: UInt32, _ count: UInt32) {
        if count > 0, extents.count < Self.most { extents.append((inside, outside, count)) }
    }

    /// Everybody keeps his number; `own` is `host` outside, and so are `others` somewhere, who may have numbers of any size.
    init(own: UInt32, as host: UInt32, others: [UInt32]) {
        let base = own < Self.range ? host - own : host - Self.range
        add(0, base, Self.range)
        var (seen, next): (Set<UInt32>, UInt32) = ([], base + Self.range)
        for id in [own] + others where id >= Self.range && seen.insert(id).inserted {
            add(id, next, 1)
            next += 1
        }
    }

    /// `own` is outside what root of the files is, and the other way round.
    init(own: UInt32, asRootOf host: UInt32) {
        guard own < Self.range else {
            add(0, host + 1, Self.range)
            add(own, host, 1)
            return
        }
        add(0, host + own, own > 0 ? 1 : 0)
        if own > 0 { add(1, host + 1, own - 1) }
        add(own, host, 1)
        add(own + 1, host + own + 1, Self.range - 1 - own)
    }

    static func == (left: IDMap, right: IDMap) -> Bool { left.text == right.text }
    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// Whose the files of an image are on the host and inside, where root starts the sandbox.
struct OwnerMaps: Hashable, Sendable {
    /// From the image's files to the host.
    let fileUsers: IDMap
    let fileGroups: IDMap
    /// From the sandbox to the host.
    let users: IDMap
    let groups: IDMap
    /// The user of the host to whom all files are to belong; nil where they stay with their owners.
    let everything: UInt32?

    /// `host` is the worker's user and group on the host.
    init(_ owners: SandboxSpecification.Owners, _ worker: WorkerUser, host: UInt32, listed: RootOwners?) {
        let entries = listed?.entries ?? []
        switch owners {
        case .asInImage:
            fileUsers = IDMap(own: worker.user, as: host, others: entries.map(\.user))
            fileGroups = IDMap(own: worker.group, as: host, others: worker.groups + entries.map(\.group))
            (users, groups, everything) = (fileUsers, fileGroups, nil)
        case .worker:
            fileUsers = IDMap(own: 0, as: host, others: entries.map(\.user))
            fileGroups = IDMap(own: 0, as: host, others: entries.map(\.group))
            users = IDMap(own: worker.user, asRootOf: host)
            groups = IDMap(own: worker.group, asRootOf: host)
            everything = host
        }
    }
}
