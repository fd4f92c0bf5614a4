// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A file in which a merge has left two versions of it, told apart by lines of marks.
struct MergeConflict {
    /// The line of the first mark, from 1.
    let line: Int
    /// The whole file as either side has it.
    let ours: [UInt8]
    let theirs: [UInt8]

    private enum Part { case both, ours, base, theirs }

    /// Nil for a text without such marks.
    init?(_ bytes: [UInt8]) {
        var (ours, theirs): ([UInt8], [UInt8]) = ([], [])
        var part = Part.both
        var first: Int?
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            if Self.isMark(line, of: "<") {
                first = first ?? index + 1
                part = .ours
            } else if part != .both, Self.isMark(line, of: "|") {
                part = .base
            } else if part != .both, Self.isMark(line, of: "=") {
                part = .theirs
            } else if part != .both, Self.isMark(line, of: ">") {
                part = .both
            } else {
                if part == .both || part == .ours { ours += line + [0x0A] }
                if part == .both || part == .theirs { theirs += line + [0x0A] }
            }
        }
        guard let first else { return nil }
        self.line = first
        self.ours = ours
        self.theirs = theirs
    }

    /// Seven of one sign, alone or before a blank.
    private static func isMark(_ line: ArraySlice<UInt8>, of sign: Character) -> Bool {
        guard let sign = sign.asciiValue, line.count >= 7, line.prefix(7).allSatisfy({ $0 == sign }) else {
            return false
        }
        return line.dropFirst(7).first.map { $0 == 0x20 || $0 == 0x0D } ?? true
    }
}
