// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import Archives

/// Every bad path has its row among the hostile archives; here are those that must pass, and what they become.
struct EntryPathTests {
    @Test(arguments: [
        ("a", "a"), ("./a", "a"), ("a/b/c.txt", "a/b/c.txt"), (".hidden", ".hidden"), ("a..b", "a..b"), ("..a", "..a"),
        ("café", "café"), ("日本/語", "日本/語"), ("a b", "a b"), (" a", " a"), ("console", "console"), ("com", "com"),
        ("com10", "com10"), ("lpt", "lpt"), ("%2e%2e/x", "%2e%2e/x"), ("ab:c", "ab:c"), ("👩‍🚀.png", "👩‍🚀.png"),
        ("~/x", "~/x"), ("-rf", "-rf"), ("node_modules/@scope/x", "node_modules/@scope/x"),
    ])
    func acceptsPath(_ text: String, becomes path: String) throws {
        #expect(try EntryPath(parsing: text.utf8, isDirectory: false).description == path)
    }

    @Test(arguments: [("a/", "a"), ("a", "a"), ("./a/b/", "a/b"), ("./", ""), (".", "")])
    func acceptsFolder(_ text: String, becomes path: String) throws {
        let parsed = try EntryPath(parsing: text.utf8, isDirectory: true)
        #expect(parsed.description == path)
        #expect(parsed.isRoot == path.isEmpty)
    }

    @Test func acceptsTheLongestPartAndPath() throws {
        let part = String(repeating: "n", count: 255)
        let path = Array(repeating: part, count: 16).joined(separator: "/")
        #expect(try EntryPath(parsing: path.utf8, isDirectory: false).components.count == 16)
        #expect(throws: PathFault.tooLong) { try EntryPath(parsing: (path + "/n").utf8, isDirectory: false) }
        #expect(throws: PathFault.componentTooLong) { try EntryPath(parsing: (part + "n").utf8, isDirectory: false) }
    }

    @Test func filesAreNotTheRoot() {
        for path in [".", "./"] {
            #expect(throws: PathFault.self) { try EntryPath(parsing: path.utf8, isDirectory: false) }
        }
    }
}

struct EntryTreeTests {
    @Test func acceptsFoldersAfterWhatIsInThem() throws {
        var tree = EntryTree()
        try tree.insert(EntryPath(parsing: "a/b/c".utf8, isDirectory: false), isDirectory: false)
        try tree.insert(EntryPath(parsing: "a/".utf8, isDirectory: true), isDirectory: true)
        try tree.insert(EntryPath(parsing: "a/b".utf8, isDirectory: true), isDirectory: true)
        try tree.insert(EntryPath(parsing: "a/b/d".utf8, isDirectory: false), isDirectory: false)
    }

    @Test(arguments: [("Straße", "STRASSE"), ("ﬀ", "FF"), ("Å", "\u{212B}"), ("I", "ı"), ("a\u{200B}b", "ab")])
    func foldsTogether(_ left: String, _ right: String) {
        #expect(EntryTree.fold(left) == EntryTree.fold(right))
    }

    @Test(arguments: [("a", "b"), ("é", "e"), ("日", "月"), ("a-b", "a_b")])
    func keepsApart(_ left: String, _ right: String) {
        #expect(EntryTree.fold(left) != EntryTree.fold(right))
    }
}
