// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What version control ignores below a folder: the rules of `.gitignore` files.
///
/// Patterns as Git has them: `*`, `?`, `[…]`, `**`, a leading `/`, a trailing `/`, `!`, `#`. Later rules win; nothing below an
/// ignored folder can be taken back in.
package struct IgnoreRules: Sendable, Hashable {
    private struct Rule: Hashable, Sendable {
        let base: [Substring]
        let pattern: [[UInt8]]
        let isNegated: Bool
        let isForFolders: Bool
        let isAnchored: Bool
    }

    private var rules: [Rule] = []

    /// Folders that are never source: of version control itself.
    private static let always: Set<String> = [".git", ".hg", ".svn", ".jj"]

    package init() {}

    /// Adds the rules of a `.gitignore` that stands in `folder`, a path relative to the root, empty for the root itself.
    package mutating func add(_ text: String, in folder: String) {
        let base = folder.split(separator: "/")
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            var pattern = line.hasSuffix("\r") ? line.dropLast() : line
            while pattern.hasSuffix(" "), !pattern.hasSuffix("\\ ") { pattern = pattern.dropLast() }
            if pattern.isEmpty || pattern.hasPrefix("#") { continue }
            let isNegated = pattern.hasPrefix("!")
            if isNegated { pattern = pattern.dropFirst() }
            if pattern.hasPrefix("\\") { pattern = pattern.dropFirst() }
            let isForFolders = pattern.hasSuffix("/")
            if isForFolders { pattern = pattern.dropLast() }
            // A slash anywhere but at the end ties the pattern to the folder of its file.
            let isAnchored = pattern.contains("/")
            let parts = pattern.split(separator: "/").map { Array($0.utf8) }
            guard !parts.isEmpty else { continue }
            rules.append(
                Rule(
                    base: base,
                    pattern: parts,
                    isNegated: isNegated,
                    isForFolders: isForFolders,
                    isAnchored: isAnchored
                )
            )
        }
    }

    /// Whether an entry is ignored by itself; its folder has been asked about before.
    ///
    /// `path` is relative to the root, with `/` between its parts.
    package func ignores(_ path: String, isFolder: Bool) -> Bool {
        let parts = path.split(separator: "/")
        guard let name = parts.last else { return false }
        if Self.always.contains(String(name)) { return true }
        for rule in rules.reversed() where !rule.isForFolders || isFolder {
            guard parts.count > rule.base.count, parts.starts(with: rule.base) else { continue }
            let below = parts.dropFirst(rule.base.count).map { Array($0.utf8) }
            let matches =
                rule.isAnchored
                ? Self.match(rule.pattern[...], below[...]) : Self.match(rule.pattern[0][...], Array(name.utf8)[...])
            if matches { return !rule.isNegated }
        }
        return false
    }

    private static func match(_ pattern: ArraySlice<[UInt8]>, _ parts: ArraySlice<[UInt8]>) -> Bool {
        guard let first = pattern.first else { return parts.isEmpty }
        if first == Array("**".utf8) {
            let rest = pattern.dropFirst()
            // Behind `a/**` is everything below `a`, but not `a`.
            if rest.isEmpty { return !parts.isEmpty }
            return (parts.startIndex...parts.endIndex).contains { match(rest, parts[$0...]) }
        }
        guard let part = parts.first, match(first[...], part[...]) else { return false }
        return match(pattern.dropFirst(), parts.dropFirst())
    }

    /// One component against one pattern.
    ///
    /// It goes back to the last `*` only, so the time is bounded by the product of the lengths.
    private static func match(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        var (p, t) = (pattern.startIndex, text.startIndex)
        var star: (pattern: Int, text: Int)?
        while t < text.endIndex {
            if p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") {
                star = (p, t)
                p += 1
            } else if p < pattern.endIndex, let next = step(pattern, p, text[t]) {
                p = next
                t += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                (p, t) = (last.pattern + 1, last.text + 1)
            } else {
                return false
            }
        }
        while p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") { p += 1 }
        return p == pattern.endIndex
    }

    /// The place behind what matches one byte, nil where it does not match.
    private static func step(_ pattern: ArraySlice<UInt8>, _ place: Int, _ byte: UInt8) -> Int? {
        switch pattern[place] {
        case UInt8(ascii: "?"): return place + 1
        case UInt8(ascii: "\\") where place + 1 < pattern.endIndex: return pattern[place + 1] == byte ? place + 2 : nil
        case UInt8(ascii: "["):
            guard let end = pattern[(place + 1)...].dropFirst().firstIndex(of: UInt8(ascii: "]")) else {
                return byte == UInt8(ascii: "[") ? place + 1 : nil
            }
            return isInClass(pattern[(place + 1)..<end], byte) ? end + 1 : nil
        default: return pattern[place] == byte ? place + 1 : nil
        }
    }

    private static func isInClass(_ members: ArraySlice<UInt8>, _ byte: UInt8) -> Bool {
        var members = members
        let isNegated = members.first == UInt8(ascii: "!") || members.first == UInt8(ascii: "^")
        if isNegated { members = members.dropFirst() }
        var found = false
        var index = members.startIndex
        while index < members.endIndex {
            if index + 2 < members.endIndex, members[index + 1] == UInt8(ascii: "-") {
                found = found || (members[index] <= byte && byte <= members[index + 2])
                index += 3
            } else {
                found = found || members[index] == byte
                index += 1
            }
        }
        return found != isNegated
    }
}
