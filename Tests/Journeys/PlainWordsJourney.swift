// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// What people read is written for people.
///
/// `Programs.run` holds the talk of every journey to it; here are those who provoke the words of libraries, and what is
/// written down.
@Suite struct PlainWordsJourney {
    @Test func aWordOfALibraryIsFound() {
        for text in ["registry(fat1, Optional(latest))", "I/O on closed channel", "at /src/.build/checkouts/x.cc:12"] {
            #expect(PlainWords.internalWord(in: text) != nil)
        }
        #expect(PlainWords.internalWord(in: "cannot reach `https://a.example`: no address for `a.example`") == nil)
    }

    /// Golden files and the documents that are made from the programs.
    @Test func whatIsWrittenDownHoldsNone() throws {
        let root = Programs.repository
        let golden = (FileManager.default.subpaths(atPath: root.appending("Tests").string) ?? [])
            .filter { $0.hasSuffix(".golden") }.map { root.appending("Tests/\($0)") }
        try #require(golden.count > 10)
        for file in golden + ["docs/cli.md", "docs/errors.md", "docs/environment.md"].map({ root.appending($0) }) {
            let text = String(decoding: try #require(FileManager.default.contents(atPath: file.string)), as: UTF8.self)
            // How the registry is run is for those who know its routes.
            let ours = text.components(separatedBy: "\n## `iii-registry`")[0]
            PlainWords.expect(in: ours, of: file.string)
        }
    }

    @Test(arguments: [
        "https://no-such-host.invalid", "http://127.0.0.1:1", "https://127.0.0.1:1", "http://[::1]:1", "ftp://x",
        "http://a b", "https://256.256.256.256", "http://127.0.0.1:99999",
    ])
    func aRegistryThatCannotBeReached(url: String) async throws {
        try await withTemporaryDirectory { folder in
            for verb in [["search", "a"], ["info", "a"], ["add", "a"], ["add", "a", "--json-progress"]] {
                let result = try await Programs.run(
                    "iii",
                    ["worker"] + verb,
                    in: folder,
                    variables: ["III_API_URL": url, "III_HOME": folder.appending("home").string, "HOME": folder.string]
                )
                #expect(result.status == 1 && result.talk.contains("[W14"), "\(url) \(verb): \(result.talk)")
            }
        }
    }

    @Test func engineAddressesThatCannotBe() async throws {
        try await withTemporaryDirectory { folder in
            for address in ["127.0.0.1:1", "no-such-host.invalid:1", "256.1.1.1:4", "[::1]:1"] {
                let variables = ["III_URL": "ws://\(address)", "III_HOME": folder.string, "HOME": folder.string]
                let result = try await Programs.run("iii", ["trigger", "a::b"], in: folder, variables: variables)
                #expect(result.status == 1, "\(address): \(result)")
            }
        }
    }

    @Test func askingForProgressTellsSourcesAsTheyAreWritten() async throws {
        try await Road.open { road in
            try await road.publish("fat1", "1.0.0")
            let result = try await road.does("worker", "add", "fat1@^1.0", "--json-progress")
            #expect(result.talk.contains(#""source":"fat1@^1.0""#), "\(result.talk)")
        }
    }

    @Test func refusalsOfTheRegistryAreSaidInWordsOfTheCommandLine() async throws {
        try await Road.open { road in
            try await road.publish("stats", "1.0.0")
            for (verb, hint) in [
                (["yank", "statz@1.0.0", "--reason", "x"], "`iii worker search statz`"),
                (["yank", "stats@9.9.9", "--reason", "x"], "available: 1.0.0"),
                (["tag", "stats@9.9.9", "next"], "available: 1.0.0"),
                (["tag", "stats", "--remove", "beta"], "`iii worker info stats --versions`"),
                (["owner", "add", "stats", "nobody"], "the name of the account"),
                (["info", "stats@nope"], "available: 1.0.0"),
            ] {
                let result = try await road.author(verb)
                #expect(result.status == 1 && result.talk.contains(hint), "\(verb): \(result.talk)")
            }
        }
    }
}
