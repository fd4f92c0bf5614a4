// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import YAMLText

@testable import Manifests

/// Patterns of functions, and the grants that are made of them.
@Suite struct CallGrantsTests {
    @Test(arguments: [
        ("shell::run", "shell::run", true), ("shell::run", "shell::runs", false), ("shell::*", "shell::", true),
        ("shell::*", "shell::a::b", true), ("shell::*", "shells::a", false), ("*", "anything", true),
        ("a*b*c", "abc", true), ("a*b*c", "axxbyyc", true), ("a*b*c", "acb", false), ("a*a", "a", false),
        ("*::read", "db::read", true), ("*::read", "db::reader", false), ("a**b", "ab", true),
        // Compared as bytes: what looks the same is not the same.
        ("caf\u{E9}::x", "cafe\u{301}::x", false), ("a?", "ab", false), ("a[b]", "ab", false), ("", "", true),
    ])
    func aStarStandsForAnyCharacters(pattern: String, text: String, matches: Bool) {
        #expect(CallPattern(trusting: pattern).matches(text) == matches)
    }

    @Test(arguments: ["", " ", "a b", "a\n", "a\u{202E}b", "a\u{0}", String(repeating: "x", count: 257)])
    func whatCannotBeSeenIsNoPattern(text: String) {
        #expect(throws: CallPatternError.self) { try CallPattern(parsing: text) }
    }

    @Test(arguments: [
        ("shell::*", "shell::run", true), ("shell::*", "shell::*", true), ("shell::run", "shell::*", false),
        ("*", "a::*", true), ("a::*", "*", false), ("a*c", "ab*c", true), ("a*bc", "a*c", false),
    ])
    func aPatternCoversNarrowerOnes(wide: String, narrow: String, covers: Bool) {
        #expect(CallPattern(trusting: wide).covers(CallPattern(trusting: narrow)) == covers)
    }

    private func grants(_ text: String) throws -> CallGrants {
        let document = try YAMLDocument(parsing: Array(text.utf8), rules: .lenient(upTo: 4096))
        return try CallGrants(parsing: YAMLCursor(try #require(document.root)))
    }

    @Test func aListHoldsPatternsAndWhatIsSaidOfThem() throws {
        let grants = try grants("[\"shell::run\", {\"worker::add\": {isolation: none}}, {\"m::*\": {register: true}}]")
        #expect(grants.grants.map(\.pattern.description) == ["shell::run", "worker::add", "m::*"])
        #expect(grants.grant(for: "worker::add")?.isolation == "none")
        #expect(grants.grant(for: "m::x")?.mayRegister == true)
        #expect(grants.grant(for: "worker::remove") == nil)
        let asked = ["shell::run", "shell::*", "m::y"].map { CallPattern(trusting: $0) }
        #expect(grants.missing(of: asked).map(\.description) == ["shell::*"])
    }

    @Test(arguments: [
        "shell::run", "[1]", "[\"a b\"]", "[{a: {isolation: none}, b: {}}]", "[{a: {colour: red}}]", "[{a: none}]",
        "[{}]",
    ])
    func whatIsNoGrantIsRefused(text: String) {
        #expect(throws: YAMLShapeError.self) { try self.grants(text) }
    }
}
