// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Diagnostics
import WorkerModel

/// Holds what is to be packed against the limits of its archive.
struct PackingLimits {
    private let items: [PackingList.Item]
    private let limits: ArchiveLimits

    /// The most files and folders that are named.
    private static let named = 3

    init(_ items: [PackingList.Item], _ limits: ArchiveLimits) {
        self.items = items
        self.limits = limits
    }

    /// Everything that is too large or too many, with what takes the most.
    var exceeded: [PackingError.Excess] {
        var found: [PackingError.Excess] = []
        let total = items.reduce(ByteCount.zero) { $0 + $1.size }
        if items.count > limits.entries {
            found.append(
                .files(items.count, limit: limits.entries, most: parts { _ in 1 }.map { "\($0.name): \($0.sum)" })
            )
        }
        if total > limits.unpacked {
            found.append(.size(total, limit: limits.unpacked, most: largest))
        }
        let large = items.filter { $0.size > limits.file }.sorted { $0.size > $1.size }
        if !large.isEmpty {
            found.append(.file(large.prefix(10).map { "`\($0.path.printable)`: \($0.size)" }, limit: limits.file))
        }
        let deep = items.filter { $0.path.utf8.count { $0 == UInt8(ascii: "/") } >= limits.depth }
        if !deep.isEmpty { found.append(.depth(deep.prefix(3).map(\.path), limit: limits.depth)) }
        return found
    }

    /// The folders and the files that take the most bytes, in words.
    var largest: [String] {
        let folders = parts { $0.size.bytes }.map { "\($0.name): \(ByteCount($0.sum))" }
        let files = items.sorted { $0.size > $1.size }.prefix(Self.named).map { "`\($0.path.printable)`: \($0.size)" }
        return folders + files.filter { !folders.contains($0) }
    }

    /// What stands at the top and takes the most; of a folder that takes more than half also what is in it.
    private func parts(_ weight: (PackingList.Item) -> Int64) -> [(name: String, sum: Int64)] {
        var found: [(name: String, sum: Int64)] = []
        var (lead, rest) = ("", items[...])
        while found.count < 3 * Self.named {
            var sums: [String: Int64] = [:]
            for item in rest {
                let below = item.path.utf8.dropFirst(lead.utf8.count)
                let isFolder = below.contains(UInt8(ascii: "/"))
                let name = String(Substring(below.prefix { $0 != UInt8(ascii: "/") }))
                sums[lead + name + (isFolder ? "/" : ""), default: 0] += weight(item)
            }
            let most = sums.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(Self.named)
            found += most.map { ("`\($0.key.printable)`", $0.value) }
            let total = sums.values.reduce(0, +)
            guard let first = most.first, first.key.hasSuffix("/"), 2 * first.value > total else { break }
            lead = first.key
            rest = rest.filter { $0.path.utf8.starts(with: lead.utf8) }[...]
        }
        return found
    }
}
