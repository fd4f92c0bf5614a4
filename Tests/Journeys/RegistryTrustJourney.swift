// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing

/// Which registries a machine talks to, over what, and with whose key.
@Suite struct RegistryTrustJourney {
    /// An address of this machine that is not its loopback; nil where it has none.
    static let ownAddress: String? = {
        let found = try? Shell.run("hostname -I 2>/dev/null || true", in: "/")
        return found?.split(whereSeparator: \.isWhitespace).map(String.init).first { !$0.contains(":") }
    }()

    @Test func aFreshMachineSyncsFromARegistryOfItsOwnNetworkOnceItsUserNamesIt() async throws {
        try await Road.open { road in
            try await road.publish("base", "1.0.0")
            try await road.does("worker", "add", "base")
            for word in ["trust", "use"] {
                let fresh = ["III_HOME": road.folder.appending("fresh-\(word)").string, "III_API_URL": ""]
                let refused = try await road.iii("worker", "sync", variables: fresh)
                #expect(refused.status == 1 && refused.talk.contains("[W142]"), "\(refused.talk)")
                #expect(refused.talk.contains("`iii registry trust \(road.url)`"), "\(refused.talk)")
                try await road.does("registry", word, road.url, variables: fresh)
                let synced = try await road.does("worker", "sync", variables: fresh)
                #expect(synced.output.contains("installed base 1.0.0"), "\(synced.output)\(synced.talk)")
            }
            let fresh = ["III_HOME": road.folder.appending("fresh-list").string, "III_API_URL": ""]
            let settings = "registries:\n- {url: \"\(road.url)\", name: own, patterns: []}\n"
            try road.write(["fresh-list/settings.yaml": settings], in: road.folder)
            try await road.does("worker", "sync", variables: fresh)
            // Another registry that is trusted makes nobody else's addresses fine.
            let other = ["III_HOME": road.folder.appending("fresh-other").string, "III_API_URL": ""]
            try await road.does("registry", "trust", "http://127.0.0.2:1", variables: other)
            #expect(try await road.iii("worker", "sync", variables: other).status == 1)
        }
    }

    @Test(.enabled(if: RegistryTrustJourney.ownAddress != nil))
    func plainHTTPBeyondThisMachineIsForRegistriesWhoseUserSaysSo() async throws {
        let address = try #require(Self.ownAddress)
        try await Road.open { near in
            let folder = near.folder.appending("far")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            try await Road.serving(folder, on: "\(address):0") { far in
                let source = folder.appending("source/a")
                let manifest = "name: a\nversion: 1.0.0\nscripts:\n  start: python main.py\n"
                try far.write(["iii.worker.yaml": manifest, "main.py": ""], in: source)
                let variables = near.variables.merging(["III_API_URL": far.url, "III_API_KEY": far.key]) { $1 }
                let verbs = [
                    ["worker", "publish", source.string], ["registry", "whoami"], ["worker", "search"],
                    ["worker", "add", "a"],
                    ["worker", "yank", "a@1.0.0", "--reason", "x"], ["worker", "unyank", "a@1.0.0"],
                ]
                for verb in verbs {
                    let refused = try await Programs.run("iii", verb, in: near.project, variables: variables)
                    #expect(refused.status == 1 && refused.talk.contains("[W143]"), "\(verb): \(refused.talk)")
                    #expect(refused.talk.contains("`insecure: true`"), "\(verb): \(refused.talk)")
                }
                let login = try Shell.run(
                    "printf key | III_HOME='\(near.home)' '\(Programs.folder.appending("iii"))' registry login '\(far.url)' 2>&1 || true",
                    in: near.folder
                )
                #expect(login.contains("[W143]"), "\(login)")
                let settings = "registries:\n- {url: \"\(far.url)\", name: far, insecure: true}\n"
                try near.write(["home/settings.yaml": settings], in: near.folder)
                for verb in verbs {
                    let done = try await Programs.run("iii", verb, in: near.project, variables: variables)
                    #expect(done.status == 0, "\(verb): \(done.talk)")
                    #expect(done.talk.contains("warning: talking to \(far.url) without TLS"), "\(verb): \(done.talk)")
                }
            }
        }
    }

    @Test func theFirstLoginChoosesTheRegistryAndLaterOnesDoNot() async throws {
        try await Road.open { road in
            let program = Programs.folder.appending("iii").string
            func login(_ url: String) throws -> String {
                try Shell.run(
                    "printf '%s\\n' '\(road.key)' | III_HOME='\(road.home)' '\(program)' registry login '\(url)' --no-check 2>&1",
                    in: road.folder
                )
            }
            let unnamed = ["III_API_URL": ""]
            let first = try login(road.url)
            #expect(first.contains("commands talk to \(road.url) now"), "\(first)")
            #expect(try await road.does("registry", "use", variables: unnamed).output == "\(road.url)\n")
            let second = try login("https://registry.example")
            #expect(!second.contains("now"), "\(second)")
            #expect(try await road.does("registry", "use", variables: unnamed).output == "\(road.url)\n")
            let rows = try await road.does("registry", "list", "--offline", "--json", variables: unnamed)
            let registries = try JSONValue(parsing: rows.output)["registries"]?.text(.sorted) ?? ""
            #expect(registries.contains(#""chosen_by":"`iii registry use`""#), "\(registries)")
            #expect(registries.contains(#""url":"https://registry.example""#))
            let who = try await road.does("registry", "whoami", variables: unnamed)
            #expect(who.output.contains("tester") && who.output.contains(road.url))
        }
    }

    @Test func aKeyWithALineEndIsTrimmedAndWhatIsNoKeyIsSaidAtOnce() async throws {
        try await Road.open { road in
            let fine = try await road.iii("registry", "whoami", variables: ["III_API_KEY": road.key + "\n"])
            #expect(fine.status == 0 && fine.output.contains("tester"), "\(fine.talk)")
            // No registry answers there: nothing is sent.
            let broken = ["III_API_KEY": "two\nlines", "III_API_URL": "http://127.0.0.1:1"]
            let refused = try await road.iii("registry", "whoami", variables: broken)
            #expect(
                refused.status == 1 && refused.talk.contains("[W144] `III_API_KEY` cannot be a key"),
                "\(refused.talk)"
            )
            let none = try await road.iii("registry", "whoami")
            #expect(
                none.talk.contains("[W144] there is no key for `\(road.url)` (chosen by `III_API_URL`)"),
                "\(none.talk)"
            )
        }
    }

    @Test func aFolderOfTheProjectIsFoundInAClone() async throws {
        try await Road.open { road in
            let manifest = "name: tool\nscripts:\n  start: python -m tool\n"
            try road.write(["parts/tool/iii.worker.yaml": manifest], in: road.project)
            try await road.does("worker", "add", "./parts/tool")
            #expect(
                road.read("config.yaml")?.contains("worker_path: ./parts/tool\n") == true,
                "\(road.read("config.yaml") ?? "")"
            )
            let clone = road.folder.appending("clone")
            try FileManager.default.copyItem(atPath: road.project.string, toPath: clone.string)
            try await road.does("worker", "verify", in: clone)
            try await road.does("worker", "sync", "--frozen", in: clone)
            try FileManager.default.removeItem(atPath: clone.appending("parts").string)
            let missing = try await road.iii("worker", "verify", in: clone)
            #expect(
                missing.status == 3 && missing.output.contains("\(clone)/parts/tool"),
                "\(missing.output)\(missing.talk)"
            )
            #expect(try await road.iii("worker", "sync", "--frozen", in: clone).status == 3)
        }
    }
}
