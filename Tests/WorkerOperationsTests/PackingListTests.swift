// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

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

    /// What a repository keeps for itself is not published, wherever in it the worker is.
    @Test func theRulesOfTheRepositoryAboveHold() throws {
        try withTemporaryDirectory { top in
            try tree(
                [
                    ".git/HEAD": "", ".git/info/exclude": "private.txt\n", ".gitignore": "*.sqlite\n/packages/*/made\n",
                    "packages/.gitignore": "notes[[:digit:]].md\n", "packages/w/main": "", "packages/w/data.sqlite": "",
                    "packages/w/private.txt": "", "packages/w/made/x": "", "packages/w/notes1.md": "",
                    "packages/w/notes.md": "", "packages/w/sub/.gitignore": "\u{FEFF}*.tmp\n!data.sqlite\n",
                    "packages/w/sub/a.tmp": "", "packages/w/sub/data.sqlite": "",
                ],
                in: top
            )
            let list = try PackingList(of: top.appending("packages/w"))
            #expect(list.items.map(\.path) == ["main", "notes.md", "sub/data.sqlite"])
        }
    }

    /// The names that everybody's lists have.
    @Test(arguments: [
        ".netrc", ".pypirc", "home/.aws/credentials", ".docker/config.json", ".kube/config", "prod.env",
        "infra/terraform.tfstate",
        "key.p12", "release.keystore", ".git-credentials", "KUBECONFIG",
    ])
    func aFileThatKeepsSecretsStopsThePacking(path: String) throws {
        try withTemporaryDirectory { folder in
            try tree(["main": "", path: "something"], in: folder)
            let error = #expect(throws: PackingError.self) { try PackingList(of: folder) }
            #expect(error?.message.hasPrefix("`\(path)` seems to hold ") == true, "\(error?.message ?? "nothing")")
            #expect(error?.hints.first?.contains("`--allow-secret \(path)`") == true)
            #expect(try PackingList(of: folder, allowedSecrets: ["./" + path]).items.count == 2)
            try tree([path: ""], in: folder)
            #expect(try PackingList(of: folder).items.count == 2, "what is empty holds nothing")
        }
    }

    @Test(arguments: ["example.env", "config/app.env.sample", "environment.ts", "kube/config", "netrc.md", "a.envoy"])
    func aNameThatOnlyLooksAlikeDoesNot(path: String) throws {
        try withTemporaryDirectory { folder in
            try tree(["main": "", path: "something"], in: folder)
            #expect(try PackingList(of: folder).items.count == 2)
        }
    }

    /// Tokens as services give them out, made up here.
    @Test(arguments: [
        "sk-proj-" + String(repeating: "aB3_", count: 12), "sk-ant-api03-" + String(repeating: "x-9Z", count: 22),
        "ASIA" + String(repeating: "Q7", count: 8), "ghs_" + String(repeating: "a1", count: 18),
        "xoxp-" + String(repeating: "12-", count: 9), "AIza" + String(repeating: "Sy_3-", count: 7),
        "hf_" + String(repeating: "aB", count: 17),
        "SG." + String(repeating: "a", count: 22) + "." + String(repeating: "b", count: 43),
        "hvs." + String(repeating: "CAES", count: 10), "dop_v1_" + String(repeating: "0f", count: 32),
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
    ])
    func aTokenOfAServiceIsFound(token: String) throws {
        try withTemporaryDirectory { folder in
            try tree(["main": "one\ntwo\n  key: \"\(token)\"\n"], in: folder)
            let error = #expect(throws: PackingError.self) { try PackingList(of: folder) }
            let message = error?.message ?? ""
            #expect(message.contains("(line 3)"), "\(message)")
            let start = String(token.prefix(12))
            #expect(!message.contains(start), "the secret itself is not shown")
        }
    }

    @Test(arguments: [
        "npm_config_user_agent_of_somebody_else_x", "hf_hub_download_and_load_the_whole_model",
        "sk-" + String(repeating: "a-", count: 40),
        "AKIAIOSFODNN7EXAMPLE", "MSG." + String(repeating: "a", count: 30), "AKIAabcdefghijklmnop",
    ])
    func wordsOfPeopleAreNoTokens(text: String) throws {
        try withTemporaryDirectory { folder in
            try tree(["main": text], in: folder)
            #expect(try PackingList(of: folder).items.count == 1)
        }
    }

    @Test func allThatIsWrongIsToldAtOnce() throws {
        try withTemporaryDirectory { folder in
            try tree(
                [".netrc": "x", "a.txt": "ghp_" + String(repeating: "a1", count: 18), "b.txt": "", "prod.env": "X=1"],
                in: folder
            )
            let error = #expect(throws: PackingError.self) { try PackingList(of: folder) }
            let message = error?.message ?? ""
            for path in [".netrc", "a.txt", "prod.env"] { #expect(message.contains("`\(path)`")) }
            for name in ["one", "two"] { try HostFiles.replaceLink(folder.appending(name), to: "/etc/passwd") }
            let refused = #expect(throws: PackingError.self) { try PackingList(of: folder) }
            let links = refused?.message ?? ""
            #expect(links.contains("`one` is a symbolic link") && links.contains("`two`"))
        }
    }

    @Test func aPathThatIsAllowedAndNotThereIsAMistake() throws {
        try withTemporaryDirectory { folder in
            try tree(["main": ""], in: folder)
            let error = #expect(throws: PackingError.self) { try PackingList(of: folder, allowedSecrets: ["mian"]) }
            #expect(error?.message == "`--allow-secret mian` names no file that would be packed")
        }
    }

    @Test func whatToolsAndEditorsLeaveIsTold() throws {
        try withTemporaryDirectory { folder in
            try tree(
                [
                    "main": "", "node_modules/a/i.js": "12345", "node_modules/b/i.js": "678", ".idea/x.xml": "1",
                    ".main.swp": "22",
                    "x~": "",
                ],
                in: folder
            )
            let surprises = try PackingList(of: folder).surprises
            let expected: [String] = [
                "`node_modules/` goes in: 2 files, 8 B; a line in `.iiiignore` leaves it out",
                "`.idea/` goes in: 1 file, 1 B; a line in `.iiiignore` leaves it out",
                "what editors and tools left goes in: `.main.swp`, `x~` (2 files, 2 B)",
            ]
            #expect(surprises == expected)
        }
    }

    /// A limit names what is beyond it, and what takes the most.
    @Test func limitsSayWhatIsTooMuch() throws {
        try withTemporaryDirectory { folder in
            var files = ["main": "12", "dist/big.js": String(repeating: "x", count: 60)]
            for number in 0..<12 { files["node_modules/a/f\(number)"] = "1" }
            for number in 0..<5 { files["node_modules/b/f\(number)"] = "1" }
            try tree(files, in: folder)
            func refusal(_ change: (inout ArchiveLimits) -> Void) -> String? {
                var limits = ArchiveLimits.bundle
                change(&limits)
                do { _ = try PackingList(of: folder, limits: limits) } catch let error as PackingError {
                    return error.message
                } catch { Issue.record(error) }
                return nil
            }
            let many = refusal { $0.entries = 10 } ?? ""
            #expect(
                many.hasPrefix("there are 19 files to pack, and an archive holds 10 at most (`node_modules/`: 17, ")
            )
            #expect(many.contains("`node_modules/a/`: 12, `node_modules/b/`: 5, "), "\(many)")
            let large = refusal { $0.unpacked = ByteCount(50) } ?? ""
            #expect(large.contains("are 79 B, and an archive holds 50 B at most (`dist/`: 60 B"), "\(large)")
            let file = refusal { $0.file = ByteCount(50) } ?? ""
            #expect(file == "no file may be larger than 50 B (`dist/big.js`: 60 B)")
            let deep = refusal { $0.depth = 2 } ?? ""
            #expect(deep.hasPrefix("no path may have more than 2 levels (`node_modules/a/f0`, "), "\(deep)")
            #expect(throws: Never.self) { try PackingList(of: folder) }
        }
    }
}
