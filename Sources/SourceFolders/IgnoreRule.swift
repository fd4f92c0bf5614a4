// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// One line of a `.gitignore`: what it names, and whether it takes that out or back in.
struct IgnoreRule: Hashable, Sendable {
    /// Counts from 1.
    let line: Int
    /// The line as it was written, without blanks at its end.
    let text: String
    let isNegated: Bool
    let isForFolders: Bool
    /// Without a `/` it is about the last part of a path, whatever folder that is in.
    private let isForNames: Bool
    /// The beginning of the pattern up to its first wildcard.
    private let literal: [UInt8]
    /// What follows it; nil where nothing does.
    private let rest: Wildcard?

    /// Nil for a line that is no rule, or that matches nothing.
    init?(_ line: ArraySlice<UInt8>, number: Int) {
        // Git's lines are texts of C: what follows a NUL is not there.
        let visible = line.prefix { $0 != 0 }
        if visible.first == UInt8(ascii: "#") { return nil }
        var pattern = Self.withoutBlanksAtTheEnd(visible)
        self.line = number
        text = String(decoding: pattern, as: UTF8.self)
        isNegated = pattern.first == UInt8(ascii: "!")
        if isNegated { pattern.removeFirst() }
        isForFolders = pattern.last == UInt8(ascii: "/")
        if isForFolders { pattern.removeLast() }
        isForNames = !pattern.contains(UInt8(ascii: "/"))
        if pattern.first == UInt8(ascii: "/") { pattern.removeFirst() }
        literal = Array(pattern.prefix { !"*?[\\".utf8.contains($0) })
        pattern.removeFirst(literal.count)
        if pattern.isEmpty {
            if literal.isEmpty { return nil }
            rest = nil
        } else {
            guard let wildcard = Wildcard(pattern) else { return nil }
            rest = wildcard
        }
    }

    /// Whether the rule is about a path, relative to the folder of the rule; `name` is its last part.
    func matches(_ path: ArraySlice<UInt8>, name: ArraySlice<UInt8>) -> Bool {
        let subject = isForNames ? name : path
        guard subject.starts(with: literal) else { return false }
        let remaining = subject.dropFirst(literal.count)
        return rest?.matches(remaining) ?? remaining.isEmpty
    }

    /// A blank that is escaped stays.
    private static func withoutBlanksAtTheEnd(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var end: Int?
        var index = line.startIndex
        while index < line.endIndex {
            switch line[index] {
            case UInt8(ascii: " "): end = end ?? index
            case UInt8(ascii: "\\"):
                index += 1
                if index == line.endIndex { return line }
                end = nil
            default: end = nil
            }
            index += 1
        }
        return line[..<(end ?? line.endIndex)]
    }
}
