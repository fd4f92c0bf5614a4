// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing

/// What somebody hears who mistypes something: what it should have been.
@Suite struct MistakeJourney {
    @Test func aMistypedNameIsPutRight() async throws {
        try await Road.open { road in
            for name in ["text-stats", "app"] {
                try #require(try await road.publish(name, "1.0.0").status == 0)
            }
            for (verb, word, meant) in [
                ("add", "tex-stats", "text-stats"), ("add", "Text_Stats@^1.0", "text-stats"),
                ("info", "text-stast", "text-stats"),
            ] {
                let result = try await road.iii("worker", verb, word)
                #expect(result.status == 1 && result.talk.contains("[W110]"), "\(result.talk)")
                #expect(result.talk.contains("hint: did you mean `\(meant)`?"), "\(verb) \(word): \(result.talk)")
            }
            // The name stands alone: no chain of needs led to it.
            let alone = try await road.iii("worker", "add", "tex-stats")
            #expect(!alone.talk.contains("through"), "\(alone.talk)")

            let added = try await road.iii("worker", "add", "app")
            try #require(added.status == 0, "\(added.talk)")
            for verb in ["remove", "update", "why", "logs", "status", "start", "restart", "stop"] {
                let result = try await road.iii("worker", verb, "ap")
                #expect(result.status == 1 && result.talk.contains("[W112]"), "\(verb): \(result.talk)")
                #expect(result.talk.contains("hint: did you mean `app`?"), "\(verb): \(result.talk)")
            }
        }
    }

    /// A project that seems to be without workers says why.
    @Test func aMistypedKeyOfConfigIsToldByEveryVerb() async throws {
        try await Road.open { road in
            try #require(try await road.publish("app", "1.0.0").status == 0)
            try road.write(["config.yaml": "wokers:\n  - name: app\n"], in: road.project)
            for verb in ["list", "verify", "outdated", "update", "sync", "add app"] {
                let result = try await road.run(["worker"] + verb.split(separator: " ").map(String.init))
                let told = "warning: config.yaml: line 1: `wokers` means nothing here; did you mean `workers`?\n"
                #expect(result.talk.components(separatedBy: told).count == 2, "\(verb): \(result.talk)")
            }
        }
    }

    @Test func aNeedThatTheRegistryLacksIsNamedWithItsChain() async throws {
        try await Road.open { road in
            try #require(try await road.publish("app", "1.0.0", needs: ["bsae": "^1.0"]).status == 0)
            let refused = try await road.iii("worker", "add", "app")
            #expect(refused.status == 1 && refused.talk.contains("[W110]"), "\(refused.talk)")
            #expect(refused.talk.contains("(through app -> bsae)"), "\(refused.talk)")
            #expect(!refused.talk.contains("did you mean"), "\(refused.talk)")
        }
    }

    @Test(arguments: [
        (["worker", "rmove", "a"], "`iii worker` has no command `rmove`", "did you mean `remove`?"),
        (["wroker", "add"], "`iii` has no command `wroker`", "did you mean `worker`?"),
        (["worker", "install", "a"], "`iii worker` has no command `install`", "it is called `iii worker add` here"),
        (["registry", "lgoin"], "`iii registry` has no command `lgoin`", "did you mean `login`?"),
        (["worker", "zzzzzzz"], "`iii worker` has no command `zzzzzzz`", "`iii worker --help` lists them"),
    ])
    func anUnknownVerbIsPutRight(arguments: [String], message: String, hint: String) async throws {
        try await withTemporaryDirectory { folder in
            let talk = try await Programs.run("iii", arguments, in: folder, variables: [:])
            #expect(talk.status == 2)
            #expect(talk.talk.contains("error: [W107] \(message)\n"), "\(talk.talk)")
            #expect(talk.talk.contains("hint: \(hint)\n"), "\(talk.talk)")
            let machine = try await Programs.run("iii", arguments + ["--json"], in: folder, variables: [:])
            let error = try JSONValue(parsing: machine.output)
            #expect(machine.status == 2 && error["code"] == "W107" && error["message"] == .string(message))
        }
    }

    @Test func aFolderThatLacksItsDotIsPointedOut() async throws {
        try await Road.open { road in
            let manifest = "name: mine\nscripts:\n  start: python main.py\n"
            try road.write(
                ["mine/iii.worker.yaml": manifest, "workers/mine/iii.worker.yaml": manifest],
                in: road.project
            )
            let bare = try await road.iii("worker", "add", "mine")
            #expect(bare.status == 1, "\(bare.talk)")
            #expect(bare.talk.contains("`iii worker add ./mine` adds that"), "\(bare.talk)")
            // A path without its dot is an image: nobody gets one unwarned in the place of a folder.
            let path = try await road.iii("worker", "add", "workers/mine", "--dry-run")
            #expect(path.talk.contains("the folder here is added as `./workers/mine`"), "\(path.talk)")
            let file = try await road.iii("worker", "add", "./mine/iii.worker.yaml")
            #expect(file.talk.contains("a local worker is named by its folder: `\(road.project)/mine`"), "\(file.talk)")
            let url = try await road.iii("worker", "add", "https://example.com/a/b")
            #expect(url.talk.contains("[W101]") && url.talk.contains("a source is no URL"), "\(url.talk)")
        }
    }

    @Test func everySpellingOfAFolderIsOne() async throws {
        try await Road.open { road in
            func worker(_ folder: FilePath, _ name: String) throws {
                try road.write(["iii.worker.yaml": "name: \(name)\nscripts:\n  start: python main.py\n"], in: folder)
            }
            try worker(road.project.appending("here"), "here")
            try worker(road.folder.appending("beside"), "beside")
            // `HOME` is the folder of the road.
            try worker(road.folder.appending("at-home"), "at-home")
            try worker(road.project.appending("with blanks and ünïcode"), "blank")
            try worker(road.project.appending("inner"), "inner")
            for (spelling, folder) in [
                ("./here", road.project), ("../beside", road.project), ("~/at-home", road.project),
                ("\(road.project)/with blanks and ünïcode", road.project), (".", road.project.appending("inner")),
                ("./here/", road.project), ("..", road.project.appending("here/deep")),
            ] {
                try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
                let added = try await road.iii("worker", "add", spelling, in: folder)
                #expect(added.status == 0, "\(spelling): \(added.talk)")
            }
            let config = try #require(road.read("config.yaml"))
            let paths = config.split(separator: "\n").filter { $0.contains("worker_path") }
            #expect(paths.count == 5, "\(config)")
            // Inside the project relative, so that a clone finds them.
            let written = [
                "./here", "\(road.folder)/beside", "\(road.folder)/at-home", "./with blanks and ünïcode", "./inner",
            ]
            for folder in written {
                #expect(config.contains("worker_path: \(folder)\n"), "\(folder): \(config)")
            }
        }
    }

    @Test func placeholdersInFlowMapsAreLeftAsTheyAre() async throws {
        try await Road.open { road in
            try #require(try await road.publish("a", "1.0.0").status == 0)
            let config = "workers:\n  - name: web\n    config: {port: ${PORT:3000}, hosts: [${HOSTS:a, b}]}\n"
            try road.write(["config.yaml": config], in: road.project)
            let added = try await road.iii("worker", "add", "a")
            #expect(added.status == 0, "\(added.talk)")
            #expect(road.read("config.yaml") == config + "  - name: a\n")
            let removed = try await road.iii("worker", "remove", "a")
            #expect(removed.status == 0 && road.read("config.yaml") == config, "\(removed.talk)")
        }
    }
}
