// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Whose the files of an unpacked image are, where that matters to those who may not have it on their disk: of every entry
/// that is not root's, or that not everybody may read, or that others than its owner may write.
///
/// Shape: for each entry `USER GROUP MODE PATH` and a zero byte, in the order of the paths; numbers are decimal, the mode is
/// octal with the bits that tell the kind, the path begins below the root and is empty for the root itself.
package struct RootOwners: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let path: [UInt8]
        package let user: UInt32
        package let group: UInt32
        /// As `st_mode` has it.
        package let mode: UInt32

        package init(path: [UInt8], user: UInt32, group: UInt32, mode: UInt32) {
            self.path = path
            self.user = user
            self.group = group
            self.mode = mode
        }

        package var isFolder: Bool { mode & 0o170_000 == 0o040_000 }
        package var isLink: Bool { mode & 0o170_000 == 0o120_000 }

        /// Whether it belongs into the list.
        package var matters: Bool {
            if user != 0 || group != 0 { return true }
            if isLink { return false }
            let needed: UInt32 = isFolder ? 0o005 : 0o004
            return mode & needed != needed || mode & 0o022 != 0
        }

        /// What somebody may do with it, as bits of `rwx`.
        package func rights(of worker: WorkerUser) -> UInt32 {
            if user == worker.user { return mode >> 6 & 7 }
            if group == worker.group || worker.groups.contains(group) { return mode >> 3 & 7 }
            return mode & 7
        }
    }

    /// In the order of their paths.
    package let entries: [Entry]

    package init(_ entries: some Sequence<Entry>) {
        self.entries = entries.filter(\.matters).sorted { $0.path.lexicographicallyPrecedes($1.path) }
    }

    /// Reads what `bytes` wrote; nil for anything else.
    package init?(parsing bytes: [UInt8]) {
        var entries: [Entry] = []
        for line in bytes.split(separator: 0) {
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 4, let user = UInt32(String(decoding: parts[0], as: UTF8.self)),
                let group = UInt32(String(decoding: parts[1], as: UTF8.self)),
                let mode = UInt32(String(decoding: parts[2], as: UTF8.self), radix: 8)
            else { return nil }
            entries.append(Entry(path: Array(parts[3]), user: user, group: group, mode: mode))
        }
        self.entries = entries
    }

    package var bytes: [UInt8] {
        entries.flatMap { Array("\($0.user) \($0.group) \(String($0.mode, radix: 8)) ".utf8) + $0.path + [0] }
    }
}
