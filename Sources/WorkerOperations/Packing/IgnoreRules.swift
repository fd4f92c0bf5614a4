// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The rules of one `.iiiignore` or `.gitignore`, with git's meaning, for the folder that holds it and those below.
struct IgnoreRules: Hashable, Sendable {
    private struct Rule: Hashable, Sendable {
        var segments: [[UInt8]]
        var isNegated: Bool
        var matchesFoldersOnly: Bool
    }

    private var rules: [Rule] = []

    /// Reads the rules; a line that means nothing is left out, as git does.
    init(parsing text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            if let rule = Self.rule(of: line) { rules.append(rule) }
        }
    }

    /// What the rules say of a path below their folder: true to leave it out, false to keep it after all, nil for
    /// nothing.
    ///
    /// The last rule that matches decides.
    func verdict(on path: [String], isFolder: Bool) -> Bool? {
        let segments = path.map { Array($0.utf8) }
        for rule in rules.reversed() where isFolder || !rule.matchesFoldersOnly {
            if Self.matches(rule.segments[...], segments[...]) { return !rule.isNegated }
        }
        return nil
    }

    private static func rule(of line: Substring) -> Rule? {
        var text = line
        while text.hasSuffix(" "), !text.hasSuffix("\\ ") { text.removeLast() }
        if text.isEmpty || text.hasPrefix("#") { return nil }
        let isNegated = text.hasPrefix("!")
        if isNegated { text.removeFirst() }
        let matchesFoldersOnly = text.hasSuffix("/")
        while text.hasSuffix("/") { text.removeLast() }
        // A slash at the start or in the middle ties the pattern to this folder; others match at any depth.
        let isAnchored = text.contains("/")
        if text.hasPrefix("/") { text.removeFirst() }
        if text.isEmpty { return nil }
        var segments = text.split(separator: "/", omittingEmptySubsequences: true).map { Array($0.utf8) }
        if !isAnchored { segments.insert(Array("**".utf8), at: 0) }
        return Rule(segments: segments, isNegated: isNegated, matchesFoldersOnly: matchesFoldersOnly)
    }

    private static func matches(_ pattern: ArraySlice<[UInt8]>, _ path: ArraySlice<[UInt8]>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == Array("**".utf8) {
            // A `**` at the end stands for what is inside, not for the folder itself.
            if pattern.count == 1 { return !path.isEmpty }
            return path.indices.contains { matches(pattern.dropFirst(), path[$0...]) }
        }
        guard let name = path.first, Glob.matches(first, name) else { return false }
        return matches(pattern.dropFirst(), path.dropFirst())
    }
}

/// Matching of one path component against `*`, `?`, `[a-z]`, `[!x]` and escapes.
enum Glob {
    static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        var patternIndex = 0
        var textIndex = 0
        // Where to go on when a match fails: behind the last star, one character further in the text.
        var retry: (pattern: Int, text: Int)?
        while textIndex < text.count {
            if patternIndex < pattern.count, pattern[patternIndex] == UInt8(ascii: "*") {
                patternIndex += 1
                retry = (patternIndex, textIndex)
            } else if let next = step(pattern, patternIndex, text[textIndex]) {
                patternIndex = next
                textIndex += 1
            } else if let place = retry {
                patternIndex = place.pattern
                textIndex = place.text + 1
                retry = (place.pattern, textIndex)
            } else {
                return false
            }
        }
        return pattern[patternIndex...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// The index behind the pattern's element at `index`, nil where it does not match the byte.
    private static func step(_ pattern: [UInt8], _ index: Int, _ byte: UInt8) -> Int? {
        guard index < pattern.count else { return nil }
        switch pattern[index] {
        case UInt8(ascii: "?"): return index + 1
        case UInt8(ascii: "["): return set(pattern, index, byte)
        case UInt8(ascii: "\\") where index + 1 < pattern.count: return pattern[index + 1] == byte ? index + 2 : nil
        default: return pattern[index] == byte ? index + 1 : nil
        }
    }

    private static func set(_ pattern: [UInt8], _ start: Int, _ byte: UInt8) -> Int? {
        var index = start + 1
        let isNegated =
            index < pattern.count && (pattern[index] == UInt8(ascii: "!") || pattern[index] == UInt8(ascii: "^"))
        if isNegated { index += 1 }
        let first = index
        var isInside = false
        while index < pattern.count, pattern[index] != UInt8(ascii: "]") || index == first {
            if index + 2 < pattern.count, pattern[index + 1] == UInt8(ascii: "-"),
                pattern[index + 2] != UInt8(ascii: "]")
            {
                isInside = isInside || (pattern[index] <= byte && byte <= pattern[index + 2])
                index += 3
            } else {
                isInside = isInside || pattern[index] == byte
                index += 1
            }
        }
        // Without its end a set matches nothing.
        guard index < pattern.count else { return nil }
        return isInside != isNegated ? index + 1 : nil
    }
}
