// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing

@testable import WorkerOperations

@Suite struct PackingListTests {
    private func tree(_ files: [String: String], in folder: FilePath) throws {
        for (path, text) in files {
            let file = folder.appending(path)
            try HostFiles.makeDirectory(file.removingLastComponent())
            try HostFiles.write(Array(text.utf8), to: file)
        }
    }

    @Test func listsFilesSortedByTheirBytes() throws {
        try withTemporaryDirectory { folder in
            try tree(["b/c": "1", "b": "", "a": "2", "Z": "3", "b-d": "4"].filter { $0.key != "b" }, in: folder)
            try HostFiles.setMode(0o755, of: folder.appending("a"))
            let list = try PackingList(of: folder)
            #expect(list.items.map(\.path) == ["Z", "a", "b-d", "b/c"])
            #expect(list.items.map(\.isExecutable) == [false, true, false, false])
        }
    }

    @Test func rulesOfInnerFoldersComeFirst() throws {
        try withTemporaryDirectory { folder in
            try tree(
                [
                    ".gitignore": "*.tmp\n/out/\n", "x.tmp": "", "out/y": "", "in/.gitignore": "!kept.tmp",
                    "in/kept.tmp": "",
                    "in/z.tmp": "", "main": "",
                ],
                in: folder
            )
            #expect(try PackingList(of: folder).items.map(\.path) == ["in/kept.tmp", "main"])
        }
    }

    @Test func ownRulesWinOverGits() throws {
        try withTemporaryDirectory { folder in
            try tree([".gitignore": "dist/", ".iiiignore": "src/", "dist/a": "", "src/b": ""], in: folder)
            #expect(try PackingList(of: folder).items.map(\.path) == ["dist/a"])
        }
    }

    @Test func someThingsAreNeverPacked() throws {
        try withTemporaryDirectory { folder in
            try tree(
                [
                    ".git/config": "", ".env": "KEY=1", ".env.local": "", "id_ed25519": "", "node_modules/.cache/x": "",
                    "node_modules/kept/x": "", "main": "",
                ],
                in: folder
            )
            let list = try PackingList(of: folder)
            #expect(list.items.map(\.path) == ["main", "node_modules/kept/x"])
            #expect(list.leftOut == [".env", ".env.local", "id_ed25519", "node_modules/.cache"])
        }
    }

    @Test(arguments: [
        "x\n-----BEGIN RSA PRIVATE KEY-----\nMII", "-----BEGIN PRIVATE KEY-----", "key = AKIAABCDEFGHIJKLMNOP",
        "ghp_" + String(repeating: "a", count: 36), "\"iii_" + String(repeating: "Q", count: 43) + "\"",
    ])
    func aSecretStopsThePacking(text: String) throws {
        try withTemporaryDirectory { folder in
            try tree(["main": "", "notes.txt": text], in: folder)
            #expect {
                try PackingList(of: folder)
            } throws: { error in (error as? any CodedError)?.code == .packingRefused }
            #expect(try PackingList(of: folder, allowedSecrets: ["notes.txt"]).items.count == 2)
        }
    }

    /// Most of a file is passed over: no place and no neighbour hides a secret.
    @Test(arguments: [
        "-----BEGIN EC PRIVATE KEY-----", "AKIAABCDEFGHIJKLMNOP", "npm_" + String(repeating: "0", count: 36),
    ])
    func aSecretIsFoundWhereverItStands(secret: String) throws {
        try withTemporaryDirectory { folder in
            for before in ["", "a", "a_word", "longer_than_a_sample", "\u{1}\u{2}\u{3}"] {
                for place in 0..<24 {
                    let text = String(repeating: "\u{0}", count: place) + before + " " + secret
                    try tree(["main": text], in: folder)
                    #expect(throws: PackingError.self, "behind \(place) bytes and `\(before)`") {
                        try PackingList(of: folder)
                    }
                    try tree(["main": text.dropLast(1) + "!"], in: folder)
                    #expect(throws: Never.self) { try PackingList(of: folder) }
                }
            }
        }
    }

    @Test(arguments: [
        "ghp_short", "BEGIN PRIVATE KEY", "xAKIAABCDEFGHIJKLMNOP", "a_ghp_" + String(repeating: "a", count: 36),
    ])
    func whatOnlyLooksAlikeDoesNot(text: String) throws {
        try withTemporaryDirectory { folder in
            try tree(["notes.txt": text], in: folder)
            #expect(try PackingList(of: folder).items.count == 1)
        }
    }

    @Test func linksAreRefused() throws {
        try withTemporaryDirectory { folder in
            try tree(["main": ""], in: folder)
            try HostFiles.replaceLink(folder.appending("link"), to: "/etc/passwd")
            #expect(throws: PackingError.self) { try PackingList(of: folder) }
        }
    }

    @Test func anEmptyFolderIsRefused() throws {
        try withTemporaryDirectory { folder in
            _ = #expect(throws: PackingError.self) { try PackingList(of: folder) }
        }
    }
}
