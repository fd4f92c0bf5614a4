// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import HostSystem
import SystemPackage
import TestSupport
import Testing

@testable import SourceFolders

/// What is source to us is what git lists, on trees and rules that a generator makes up.
@Suite struct IgnoreOracleTests {
    /// `IGNORE_TREES` sets how many: 5000 for a thorough run.
    static let trees = ProcessInfo.processInfo.environment["IGNORE_TREES"].flatMap { UInt64($0) } ?? 100

    private static let settings = "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1; "

    private func source(of root: FilePath) throws -> [String] {
        var found: [String] = []
        var open = [("", try IgnoreRules(above: root))]
        while let (folder, inherited) = open.popLast() {
            var rules = inherited
            let place = folder.isEmpty ? root : root.appending(folder)
            try rules.read(in: folder, at: place)
            for name in try HostFiles.entries(of: place) where name != ".git" {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                let isFolder = try HostFiles.kind(of: place.appending(name)) == .directory
                if rules.ignores(path, isFolder: isFolder) { continue }
                if isFolder { open.append((path, rules)) } else { found.append(path) }
            }
        }
        return found.sorted()
    }

    private func gitsSource(of root: FilePath) throws -> [String] {
        try Shell.run(Self.settings + "git ls-files --others --exclude-standard -z", in: root)
            .split(separator: "\0").map(String.init).sorted()
    }

    @Test func treesOfAGeneratorAreSeenAsGitSeesThem() throws {
        var compared = (ignored: 0, shown: 0)
        for seed in 0..<Self.trees {
            try withTemporaryDirectory { folder in
                var maker = TreeMaker(random: SeededGenerator(seed: seed))
                let tree = maker.tree()
                let top = folder.appending("top")
                for (path, bytes) in tree {
                    let file = top.appending(path)
                    try HostFiles.makeDirectory(file.removingLastComponent())
                    try HostFiles.writeNew(bytes, to: file, mode: 0o644, isSynced: false)
                }
                try Shell.run(Self.settings + "git init -q . && cp exclude .git/info/exclude", in: top)
                let (ours, gits) = (try source(of: top), try gitsSource(of: top))
                #expect(ours == gits, "tree \(seed): \(maker.rulesForPeople)")
                compared.shown += gits.count
                compared.ignored += tree.count - gits.count
                // Seen from a folder below, which the repository has or has not.
                let inner = TreeMaker.folders[Int(seed) % TreeMaker.folders.count]
                let isThere = try HostFiles.kind(of: top.appending(inner)) == .directory
                if isThere, gits.contains(where: { $0.hasPrefix(inner + "/") }) {
                    let below = gits.filter { $0.hasPrefix(inner + "/") }.map { String($0.dropFirst(inner.count + 1)) }
                    #expect(try source(of: top.appending(inner)) == below, "tree \(seed) from \(inner)")
                }
            }
        }
        #expect(compared.shown > 1000 && compared.ignored > 500, "\(compared): the generator makes telling trees")
    }

    @Test func aWorkTreeAndItsRepositoryShareTheirPrivateRules() throws {
        try withTemporaryDirectory { folder in
            try Shell.run(
                Self.settings + """
                    git init -q main; cd main; git -c user.name=a -c user.email=a@b commit -q --allow-empty -m a
                    git worktree add -q ../other >/dev/null 2>&1; echo '*.private' > .git/info/exclude
                    mkdir ../other/sub; touch ../other/sub/x.private ../other/sub/y
                    """,
                in: folder
            )
            let other = folder.appending("other")
            #expect(try source(of: other) == ["sub/y"] && gitsSource(of: other) == ["sub/y"])
            #expect(try source(of: other.appending("sub")) == ["y"])
        }
    }

    @Test func linksAndPipesAreNoRules() async throws {
        try withTemporaryDirectory { folder in
            try Shell.run(
                Self.settings
                    + "git init -q .; echo '*' > all; ln -s all .gitignore; mkdir d; mkfifo d/.gitignore; touch d/a",
                in: folder
            )
            #expect(try source(of: folder).contains("all"))
            #expect(try source(of: folder).contains("d/a"))
        }
    }

    /// A folder that the repository does not keep has no rules of its own there: `*` would leave nothing.
    @Test func aFolderThatIsIgnoredItselfIsNotTheRepositorys() throws {
        try withTemporaryDirectory { folder in
            try Shell.run(
                Self.settings
                    + "git init -q .; echo '*' > .gitignore; mkdir -p a/b; touch a/b/x a/b/y; echo y > a/b/.gitignore",
                in: folder
            )
            #expect(try source(of: folder.appending("a/b")) == [".gitignore", "x"])
            #expect(try source(of: folder).isEmpty)
        }
    }
}

/// Makes up files, and rules that are about them.
private struct TreeMaker {
    static let folders = ["a", "b", "a/b", "a/a", "b/c d", "A"]
    private static let names = [
        "a", "b", "ab", "A", "a.txt", "b.txt", "keep.txt", "*.txt", "x y", "end ", "#hash", "!bang", "[a]", "b\\c",
        "é.txt", "-", "1", "12", ".hidden", "ä", "]",
    ]
    private static let pieces = [
        "a", "b", "ab", "A", ".txt", "*", "*", "*", "?", "**", "/", "/", "/", "/**/", "**/", "/**", "[ab]", "[!a]",
        "[^a-b]", "[[:alpha:]]", "[[:digit:]]", "[![:upper:]]", "[[:bogus:]]", "[]a]", "[a", "[a-]", "[\\]]", "[]-a]",
        "[--a]", "[a-\\b]", "\\a", "\\*", "\\", "\\ ", " ", "#", "!", "é", "x y", "end", "keep", "\t", "1", "[[:]]",
        "***", "c d", "-", ".",
    ]

    var random: SeededGenerator
    private(set) var rulesForPeople = ""

    init(random: SeededGenerator) { self.random = random }

    mutating func tree() -> [String: [UInt8]] {
        var files: [String: [UInt8]] = ["exclude": rules(upTo: 2)]
        var places = Self.folders.shuffled(using: &random).prefix(Int.random(in: 2...6, using: &random))
        places.append("")
        for folder in places {
            let lead = folder.isEmpty ? "" : folder + "/"
            for name in Self.names.shuffled(using: &random).prefix(Int.random(in: 2...9, using: &random)) {
                // A name that is a folder elsewhere is none here.
                let path = lead + name
                if !Self.folders.contains(path) { files[path] = [] }
            }
            if Int.random(in: 0..<2, using: &random) == 0 || folder.isEmpty {
                let text = rules(upTo: 6)
                files[lead + ".gitignore"] = text
                rulesForPeople += "\n\(lead).gitignore: \(String(decoding: text, as: UTF8.self).debugDescription)"
            }
        }
        return files
    }

    private mutating func rules(upTo most: Int) -> [UInt8] {
        var text = Int.random(in: 0..<8, using: &random) == 0 ? "\u{FEFF}" : ""
        for _ in 0..<Int.random(in: 1...most, using: &random) {
            if Int.random(in: 0..<4, using: &random) == 0 { text += "!" }
            switch Int.random(in: 0..<4, using: &random) {
            case 0: text += Self.names.randomElement(using: &random) ?? ""
            case 1:
                text += Self.folders.randomElement(using: &random) ?? ""
                text += ["/", "/*", "/**", ""].randomElement(using: &random) ?? ""
            default:
                for _ in 0..<Int.random(in: 1...5, using: &random) {
                    text += Self.pieces.randomElement(using: &random) ?? ""
                }
            }
            text += ["", "", "/", " ", "  ", "\r"].randomElement(using: &random) ?? ""
            text += ["\n", "\n", "\r\n", "\n\n"].randomElement(using: &random) ?? ""
        }
        // The last line may have no end.
        return Array((Int.random(in: 0..<3, using: &random) == 0 ? String(text.dropLast()) : text).utf8)
    }
}
