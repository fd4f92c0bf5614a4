// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import TestSupport
import Testing

@testable import SourceFolders

/// Patterns mean what they mean to git.
@Suite struct IgnoreRulesTests {
    private func rules(_ text: String, in folder: String = "") -> IgnoreRules {
        var rules = IgnoreRules()
        rules.add(Array(text.utf8), of: ".gitignore", in: folder)
        return rules
    }

    @Test(arguments: [
        ("*.log", "a.log", true), ("*.log", "deep/down/a.log", true), ("*.log", "a.log.txt", false),
        ("/a.log", "a.log", true), ("/a.log", "deep/a.log", false), ("deep/*.log", "deep/a.log", true),
        ("deep/*.log", "x/deep/a.log", false), ("deep/**/a", "deep/a", true), ("deep/**/a", "deep/x/y/a", true),
        ("**/a", "x/y/a", true), ("a/**", "a/b", true), ("a/**", "b/a", false), ("a?c", "abc", true),
        ("a?c", "ac", false), ("a?c", "a/c", false), ("a/*/c", "a/b/b/c", false), ("**", "a", true),
        ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false), ("[!a-c]x", "dx", true), ("a[", "a[", false),
        ("[^a]x", "bx", true), ("[]a]x", "]x", true), ("[\\]]x", "]x", true), ("[a-]x", "-x", true),
        ("a[/]b", "a/b", false), ("a[!x]b", "a/b", false),
        ("\\#a", "#a", true), ("#a", "#a", false), ("\\!a", "!a", true), ("a ", "a", true), ("a\\ ", "a ", true),
        ("a\t", "a", false), ("a*b*c", "aXbYbZc", true), ("a*b*c", "aXbYb", false), ("", "a", false),
        ("\\*.txt", "*.txt", true), ("\\*.txt", "a.txt", false), ("a\\", "a\\", false), ("a//b", "a/b", false),
        ("*.txt\r\nx", "a.txt", true), ("\u{FEFF}*.txt", "a.txt", true), ("\u{FEFF}*.txt\n", "\u{FEFF}b", false),
        ("A.txt", "a.txt", false), ("é*", "école", true), ("é*", "ete", false), ("a\0b", "a", true),
        ("/", "a", false), ("!", "a", false), ("*.a\n!keep.a", "keep.a", false), ("!keep.a\n*.a", "keep.a", true),
    ])
    func matchAsGitDoes(text: String, path: String, isIgnored: Bool) {
        #expect(rules(text).ignores(path, isFolder: false) == isIgnored)
    }

    @Test(arguments: [
        ("[[:digit:]]", "0123456789"), ("[[:alpha:]]", "azAZ"), ("[[:upper:]]", "AZ"), ("[[:lower:]]", "az"),
        ("[[:alnum:]]", "azAZ09"), ("[[:punct:]]", "!~_-"), ("[[:space:]]", " "), ("[[:blank:]]", "\t "),
        ("[[:xdigit:]]", "09afAF"), ("[x[:digit:]_]", "x5_"), ("[[:graph:]]", "a!"), ("[[:print:]]", "a !"),
        ("[[:cntrl:]]", "\u{1}\u{7F}"),
    ])
    func knowClassesOfBytes(pattern: String, members: String) {
        for member in members {
            #expect(rules("x\(pattern)y").ignores("x\(member)y", isFolder: false), "\(member.debugDescription)")
        }
        #expect(!rules("x\(pattern)y").ignores("xéy", isFolder: false))
        #expect(!rules("x[[:nothing:]]y").ignores("x\(members.first ?? "a")y", isFolder: false))
    }

    @Test func aTrailingSlashMeansFoldersOnly() {
        #expect(rules("build/").ignores("build", isFolder: true))
        #expect(!rules("build/").ignores("build", isFolder: false))
        #expect(rules("build/").ignores("deep/build", isFolder: true))
    }

    @Test func theDecisionNamesItsRule() {
        var rules = rules("\n# made\n*.tmp  \n!keep.tmp\n")
        rules.add(Array("/made\n".utf8), of: "sub/.gitignore", in: "sub")
        let taken = rules.decision(about: "sub/x.tmp", isFolder: false)
        #expect(taken?.file == ".gitignore" && taken?.line == 3 && taken?.rule == "*.tmp" && taken?.isIgnored == true)
        #expect(rules.decision(about: "keep.tmp", isFolder: false)?.isIgnored == false)
        #expect(rules.decision(about: "sub/made", isFolder: true)?.file == "sub/.gitignore")
        #expect(rules.decision(about: "made", isFolder: true) == nil)
    }

    @Test(arguments: ["*a", "**/a", "*/", "[a-z]*", "?*"])
    func noPatternTakesLong(piece: String) {
        let pattern = String(repeating: piece, count: 300) + "b"
        let path = String(repeating: "a/", count: 1000) + String(repeating: "a", count: 200)
        let time = ContinuousClock().measure {
            #expect(!rules("x\n/" + pattern).ignores(path, isFolder: false))
        }
        // Of an engine that goes back and tries again the universe would not see the end.
        #expect(time < .seconds(20))
    }
}
