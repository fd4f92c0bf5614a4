// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import WorkerOperations

/// Patterns mean what they mean to git; every row was tried with `git check-ignore`.
@Suite struct IgnoreRulesTests {
    @Test(arguments: [
        ("*.log", "a.log", true), ("*.log", "deep/down/a.log", true), ("*.log", "a.log.txt", false),
        ("/a.log", "a.log", true), ("/a.log", "deep/a.log", false), ("deep/*.log", "deep/a.log", true),
        ("deep/*.log", "x/deep/a.log", false), ("deep/**/a", "deep/a", true), ("deep/**/a", "deep/x/y/a", true),
        ("**/a", "x/y/a", true), ("a/**", "a/b", true), ("a/**", "b/a", false), ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false), ("[!a-c]x", "dx", true), ("a[", "a[", false),
        ("\\#a", "#a", true), ("#a", "#a", false), ("\\!a", "!a", true), ("a ", "a", true), ("a*b*c", "aXbYbZc", true),
        ("a*b*c", "aXbYb", false), ("", "a", false), ("**", "a", true),
    ])
    func matchAsGitDoes(pattern: String, path: String, isIgnored: Bool) {
        let rules = IgnoreRules(parsing: pattern)
        #expect((rules.verdict(on: path.split(separator: "/").map(String.init), isFolder: false) == true) == isIgnored)
    }

    @Test func aTrailingSlashMeansFoldersOnly() {
        let rules = IgnoreRules(parsing: "build/")
        #expect(rules.verdict(on: ["build"], isFolder: true) == true)
        #expect(rules.verdict(on: ["build"], isFolder: false) == nil)
        #expect(rules.verdict(on: ["deep", "build"], isFolder: true) == true)
    }

    @Test func theLastRuleThatMatchesDecides() {
        let rules = IgnoreRules(parsing: "*.txt\n!keep.txt\r\nkeep.txt.bak")
        #expect(rules.verdict(on: ["a.txt"], isFolder: false) == true)
        #expect(rules.verdict(on: ["keep.txt"], isFolder: false) == false)
        #expect(rules.verdict(on: ["other"], isFolder: false) == nil)
    }

    @Test func manyStarsTakeNoTime() {
        let rules = IgnoreRules(parsing: String(repeating: "*a", count: 60) + "b")
        #expect(rules.verdict(on: [String(repeating: "a", count: 4000)], isFolder: false) == nil)
    }
}
