// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import SystemPackage

/// What is not source of a folder: the rules of `.gitignore` files, with git's meaning.
///
/// Of the rules about a path those of the innermost folder count first, of one file the last. Nothing below an ignored
/// folder can be taken back in, so who walks a tree asks about each folder before what is in it.
///
/// Letters are told apart by case. `**`, classes such as `[[:digit:]]`, escapes, CRLF and a byte order mark are understood.
package struct IgnoreRules: Sendable, Hashable {
    /// The rule that decided about a path.
    package struct Decision: Sendable, Hashable {
        /// The file that holds it.
        package let file: FilePath
        /// Counts from 1.
        package let line: Int
        /// As it was written.
        package let rule: String
        package let isIgnored: Bool
    }

    private struct RulesOfFile: Sendable, Hashable {
        let file: FilePath
        /// How many bytes of a path lead to the folder of the file.
        let depth: Int
        let rules: [IgnoreRule]
    }

    /// Those of inner folders behind those of outer ones.
    private var files: [RulesOfFile] = []
    /// From the folder of the outermost rules to the root that paths are relative to, with a `/` at its end.
    private let lead: [UInt8]

    /// No rules.
    package init() { self.init(lead: []) }

    init(lead: [UInt8]) { self.lead = lead }

    /// Adds the rules of a file that stands in `folder`, a path relative to the root, empty for the root itself.
    ///
    /// `bytes` is what the file holds.
    package mutating func add(_ bytes: [UInt8], of file: FilePath, in folder: String) {
        add(bytes, of: file, depth: depth(of: folder))
    }

    func depth(of folder: String) -> Int { lead.count + (folder.isEmpty ? 0 : folder.utf8.count + 1) }

    mutating func add(_ bytes: [UInt8], of file: FilePath, depth: Int) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var rules: [IgnoreRule] = []
        let lines = bytes.dropFirst(bytes.starts(with: mark) ? mark.count : 0)
            .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if let rule = IgnoreRule(text, number: index + 1) { rules.append(rule) }
        }
        if !rules.isEmpty { files.append(RulesOfFile(file: file, depth: depth, rules: rules)) }
    }

    /// Whether an entry is ignored by itself; its folder has been asked about before.
    ///
    /// `path` is relative to the root, with `/` between its parts.
    package func ignores(_ path: String, isFolder: Bool) -> Bool {
        decision(about: path, isFolder: isFolder)?.isIgnored ?? false
    }

    /// The rule that decides about an entry, nil where none is about it.
    package func decision(about path: String, isFolder: Bool) -> Decision? {
        decision(about: (lead + path.utf8)[...], isFolder: isFolder)
    }

    func decision(about path: ArraySlice<UInt8>, isFolder: Bool) -> Decision? {
        let name = path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex)...]
        for file in files.reversed() {
            let below = path.dropFirst(file.depth)
            for rule in file.rules.reversed() where isFolder || !rule.isForFolders {
                guard rule.matches(below, name: name) else { continue }
                return Decision(file: file.file, line: rule.line, rule: rule.text, isIgnored: !rule.isNegated)
            }
        }
        return nil
    }
}
