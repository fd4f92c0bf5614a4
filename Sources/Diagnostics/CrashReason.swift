// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The line by which a runtime says why a program ended: of Python, Node, Deno, Bun, Ruby, the JVM, .NET, PHP, Go, Rust,
/// Swift and C++.
///
/// It stands above a stack trace or below it, among lines that help only whoever wrote the program.
package enum CrashReason {
    /// The words that a line begins with, before the name of an error.
    private static let introductions = [
        "Uncaught ", "Unhandled exception. ", "Unhandled exception: ", "PHP Fatal error:  Uncaught ",
        "Fatal error: Uncaught ", "error: Uncaught (in promise) ", "error: Uncaught ", "Caused by: ",
    ]

    /// Looks from the last line up; nil where no line is one that is known.
    package static func find(in lines: [String]) -> String? {
        for index in lines.indices.reversed() {
            if let reason = reason(at: index, in: lines) { return reason }
        }
        return nil
    }

    /// The end of a sentence that says that a program ended: what went wrong in its own words, else the last of them.
    package static func said(_ reason: String?, in lines: [String]) -> String {
        if let reason = reason ?? find(in: lines) { return ": \(reason)" }
        return lines.last { !trimmed($0).isEmpty }.map { "; it printed last: \($0)" } ?? " and printed nothing"
    }

    private static func reason(at index: Int, in lines: [String]) -> String? {
        let line = trimmed(lines[index])
        if line == "Traceback (most recent call last):" {
            // Below the calls, which are indented.
            return lines.dropFirst(index + 1).first { $0.first.map { !$0.isWhitespace } ?? false }.map(trimmed)
        }
        if line.hasPrefix("thread '"), let place = line.place(after: " panicked at ") {
            // What is said stands in the next line; older compilers put it into the same one.
            let next = lines.dropFirst(index + 1).first.map(trimmed) ?? ""
            return line.hasSuffix(":") && !next.isEmpty ? next : String(line[place...])
        }
        if line.hasPrefix("terminate called ") {
            let next = lines.dropFirst(index + 1).first.map(trimmed) ?? ""
            return next.hasPrefix("what():") ? trimmed(String(next.dropFirst("what():".count))) : line
        }
        // What is indented is a part of a stack trace, or of a program.
        if lines[index].first.map(\.isWhitespace) ?? true { return nil }
        for word in ["panic: ", "fatal error: ", "runtime error: "] where line.hasPrefix(word) { return line }
        if line.hasPrefix("Exception in thread \""), let place = line.place(after: "\" ") {
            return String(line[place...])
        }
        return introduced(line) ?? fatal(line) ?? rubyError(line)
    }

    /// `main/main.swift:1: Fatal error: Index out of range`.
    private static func fatal(_ line: String) -> String? {
        line.place(after: ": Fatal error: ").map { "Fatal error: \(line[$0...])" }
            ?? (line.hasPrefix("Fatal error: ") ? line : nil)
    }

    /// A line that is the name of an error and what it says: `ModuleNotFoundError: No module named 'x'`,
    /// `TypeError [ERR_X]: …`, `java.io.IOException: …`; without what stands before the name.
    private static func introduced(_ line: String) -> String? {
        var line = line
        while let word = introductions.first(where: { line.hasPrefix($0) }) {
            line = String(line.dropFirst(word.count))
        }
        let name = line.prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" || $0 == "$" || $0 == "\\" }
        guard isError(name) else { return nil }
        let rest = line.dropFirst(name.count)
        return rest.isEmpty || rest.hasPrefix(":") || rest.hasPrefix(" [") ? line : nil
    }

    private static func isError(_ name: Substring) -> Bool {
        guard let first = name.first, first.isLetter else { return false }
        return ["Error", "Exception", "KeyboardInterrupt", "SystemExit", "ExceptionGroup"].contains {
            name.hasSuffix($0)
        }
    }

    /// `main.rb:1:in 'foo': it broke (RuntimeError)`.
    private static func rubyError(_ line: String) -> String? {
        guard line.hasSuffix(")"), let open = line.lastIndex(of: "("), line.contains(":in ") else { return nil }
        let name = line[line.index(after: open)...].dropLast()
        return isError(name) ? line : nil
    }

    private static func trimmed(_ line: String) -> String {
        let rest = line.drop { $0.isWhitespace }
        guard let last = rest.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(rest[...last])
    }
}

extension String {
    /// Where goes on what stands behind the first occurrence of some words.
    fileprivate func place(after words: String) -> Index? {
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(words) { return rest.index(rest.startIndex, offsetBy: words.count) }
            rest = rest.dropFirst()
        }
        return nil
    }
}
