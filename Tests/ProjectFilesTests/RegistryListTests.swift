// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing
import Transport
import WorkerModel

@testable import ProjectFiles

/// Which registry a name belongs to, as `config.yaml` and the machine's settings say it.
@Suite struct RegistryListTests {
    private static let config = """
        registries:
          - url: https://registry.corp.example
            name: corp
            patterns: ["acme-*", "*-internal"]
            log_key: corp+1234+abcd
          - name: second
            url: http://second.example/
            patterns: [one]
            insecure: true
          - name: public
            url: https://public.example
        workers: []

        """

    private func list(_ text: String) throws -> RegistryList { try ConfigFile(parsing: text).registries() }

    @Test(arguments: [
        ("acme-pdf", "corp"), ("acme-", "corp"), ("x-internal", "corp"), ("acme", "public"), ("one", "second"),
        ("ones", "public"), ("ACME-pdf", "public"),
    ])
    func theFirstPatternThatFitsDecides(_ name: String, _ registry: String) throws {
        let match = try #require(try list(Self.config).match(WorkerName(parsing: name)))
        #expect(match.entry.name.description == registry)
    }

    @Test func everyKeyIsRead() throws {
        let entries = try list(Self.config).entries
        #expect(
            entries.map(\.url.withoutLastSlash) == [
                "https://registry.corp.example", "http://second.example", "https://public.example",
            ]
        )
        #expect(entries.map(\.allowsPlainHTTP) == [false, true, false])
        #expect(entries.map(\.logKey) == ["corp+1234+abcd", nil, nil])
        #expect(try list("registry: https://one.example\n").entries.isEmpty)
        #expect(
            try ConfigFile(parsing: "registry: https://one.example/\n").registry()?.withoutLastSlash
                == "https://one.example"
        )
        #expect(try ConfigFile(parsing: "registry: https://one.example\n").oversights.isEmpty)
    }

    @Test(arguments: [
        ("*", "a", true), ("a*", "a", true), ("*a", "ba", true), ("a*b*c", "a-b-b-c", true), ("a*b*c", "a-c-b", false),
        ("**", "x", true), ("a", "ab", false), ("*b", "ab-b-a", false), ("a.b", "aXb", false),
    ])
    func aStarStandsForAnyLetters(_ pattern: String, _ name: String, _ fits: Bool) throws {
        #expect(try #require(NamePattern(parsing: pattern)).fits(try WorkerName(parsing: name)) == fits)
    }

    @Test(arguments: [
        "registries: 3", "registries: [{name: a}]", "registries: [{url: \"https://a.example\"}]",
        "registries: [{name: a, url: \"ftp://a.example\"}]",
        "registries: [{name: \"a b\", url: \"https://a.example\"}]",
        "registries: [{name: a, url: \"https://a.example?x=1\"}]",
        "registries: [{name: a, url: \"https://u:p@a.example\"}]",
        "registries: [{name: a, url: \"https://a.example\", patterns: [\"a/b\"]}]",
        "registries: [{name: a, url: \"https://a.example\", patterns: [\"\"]}]",
        "registries: [{name: a, url: \"https://a.example\", insecure: maybe}]",
        "registries: [{name: a, url: \"https://a.example\"}, {name: a, url: \"https://b.example\"}]",
    ])
    func whatIsNoListIsRefusedWithItsPlace(_ text: String) throws {
        let file = try ConfigFile(parsing: text + "\n")
        let error = #expect(throws: ConfigFileError.self) { try file.registries() }
        #expect(error?.code == .configParse && error?.message.contains("line 1") == true, "\(error?.message ?? "")")
    }

    @Test func settingsOfTheMachineHaveTheSameList() throws {
        try withTemporaryDirectory { folder in
            let home = IIIHome(root: folder)
            try HostFiles.write(Array(Self.config.utf8), to: home.settings, mode: 0o600)
            let entries = try MachineSettings(home).registries.entries
            #expect(entries.map(\.name.description) == ["corp", "second", "public"])
            #expect(entries.allSatisfy { $0.file == .machine })
        }
    }
}

/// `registries:` written by a command: nothing else in the file changes.
@Suite struct ListingTests {
    private func listed(_ text: String, _ name: String, _ url: String) throws -> String {
        try ConfigFile(parsing: text).listing(WorkerName(parsing: name), at: RemoteURL(parsing: url)).text
    }

    @Test func aListIsBegunAboveTheWorkers() throws {
        let text = "# mine\n\n# the workers\nworkers:\n  - name: a\n"
        #expect(
            try listed(text, "pdf", "https://corp.example")
                == """
                # mine

                # Which registry each worker comes from; the first that fits a name counts.
                registries:
                  - url: https://corp.example
                    name: corp.example
                    patterns:
                      - pdf
                # the workers
                workers:
                  - name: a

                """
        )
    }

    @Test(arguments: [
        "", "# only this\n", "---\nworkers: []\n", "workers: []\n", "{workers: []}\n", "registries:\nworkers: []\n",
        "registries: []\n", "registries: ~\n", ConfigFile.starter,
    ])
    func itIsBegunInFilesOfEveryShape(_ text: String) throws {
        let url = try RemoteURL(parsing: "http://127.0.0.1:5000")
        let name = try WorkerName(parsing: "pdf")
        let file = try ConfigFile(parsing: text).listing(name, at: url)
        let match = try #require(try file.registries().match(name))
        #expect(match.entry.url == url && match.entry.name.description == "127.0.0.1-5000")
        #expect(try file.registries().match(WorkerName(parsing: "other")) == nil)
        #expect(try file.listing(name, at: url).bytes == file.bytes)
    }

    @Test func aNameBecomesAPatternOfItsRegistry() throws {
        let text =
            "registries:\n  - url: https://corp.example\n    name: corp\n    patterns: [\"acme-*\"] # ours\nworkers: []\n"
        #expect(
            try listed(text, "pdf", "https://corp.example") == text.replacing("[\"acme-*\"]", with: "[\"acme-*\", pdf]")
        )
        let block = "registries:\n- url: https://corp.example\n  name: corp\n  patterns:\n  - acme-*\nworkers: []\n"
        #expect(
            try listed(block, "pdf", "https://corp.example") == block.replacing("acme-*\n", with: "acme-*\n  - pdf\n")
        )
        #expect(try listed(text, "acme-pdf", "https://corp.example") == text)
    }

    @Test func anotherRegistryGoesToTheEndOrBeforeTheOneThatWouldTakeTheName() throws {
        let text =
            "registries:\n  - url: https://corp.example\n    name: corp\n    patterns: [\"acme-*\"]\nworkers: []\n"
        let behind = try listed(text, "pdf", "https://b.example")
        #expect(
            behind
                == text.replacing(
                    "workers: []\n",
                    with: "  - url: https://b.example\n    name: b.example\n    patterns:\n      - pdf\nworkers: []\n"
                )
        )
        let before = try listed(text, "acme-x", "https://b.example")
        #expect(
            before
                == text.replacing(
                    "registries:\n",
                    with:
                        "registries:\n  - url: https://b.example\n    name: b.example\n    patterns:\n      - acme-x\n"
                )
        )
    }
}

/// What programs that know nothing of `registries:` make of a file that has it: they read its workers line by line, as the
/// existing command line does.
@Suite struct OlderReaderTests {
    /// The names of the lines that begin an entry, from `workers:` to the next line at the first column.
    private func names(in text: String) -> [String] {
        var isInside = false
        var names: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if isInside, let first = line.first, first != " ", first != "-" { isInside = false }
            if line.hasPrefix("workers:") { isInside = true }
            let trimmed = line.drop { $0 == " " }
            if isInside, trimmed.hasPrefix("- name:") { names.append(String(trimmed.dropFirst("- name: ".count))) }
        }
        return names
    }

    /// Whether some line names a worker, wherever it stands.
    private func exists(_ name: String, in text: String) -> Bool {
        text.split(separator: "\n").contains { $0.drop { $0 == " " } == "- name: \(name)" }
    }

    @Test(arguments: [
        ConfigFile.starter, "workers:\n  - name: a\n    config:\n      port: 1\n", "workers:\n- name: a\n",
    ])
    func workersAreReadAndAppendedAsBefore(_ text: String) throws {
        let url = try RemoteURL(parsing: "https://corp.example")
        let pdf = try WorkerName(parsing: "pdf")
        let before = names(in: text)
        let file = try ConfigFile(parsing: text).adding(ConfigAddition(name: pdf)).listing(pdf, at: url)
        #expect(names(in: file.text) == before + ["pdf"])
        // A registry is not taken for a worker.
        #expect(!exists("corp.example", in: file.text) && exists("pdf", in: file.text))
        // What they append at the end of the block is read here.
        let appended = file.text + (file.text.contains("\n- name") ? "- name: later\n" : "  - name: later\n")
        #expect(try ConfigFile(parsing: appended).entries.last?.name.description == "later")
    }

    @Test func aLockFileIsWhatItWas() throws {
        // `registry:` of a worker is a key that older readers pass over; nothing else is new in the file.
        let worker = LockedWorker(
            version: LockedVersion(SemanticVersion(1, 0, 0)),
            source: .image("ghcr.io/acme/a@sha256:\(String(repeating: "0", count: 64))"),
            registry: "https://corp.example"
        )
        let text = String(decoding: try Lockfile(workers: [WorkerName(parsing: "a"): worker]).bytes(), as: UTF8.self)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("    registry:") }
        let without = try Lockfile(parsing: Array((lines.joined(separator: "\n") + "\n").utf8))
        #expect(without.workers[try WorkerName(parsing: "a")]?.version == worker.version)
        #expect(text.hasPrefix("version: 1\nworkers:\n"))
    }
}
