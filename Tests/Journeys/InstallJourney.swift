// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import SystemPackage
import TestSupport
import Testing

/// What installers of this kind get wrong easily, and what users rely on.
@Suite struct InstallJourney {
    @Test func theProjectIsWhereItsConfigurationIs() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            let elsewhere = road.folder.appending("elsewhere")
            try road.write(["my.yaml": "workers: []\n"], in: elsewhere)
            let configured = ["III_CONFIG_PATH": elsewhere.appending("my.yaml").string]
            let added = try await road.iii("worker", "add", "a", variables: configured)
            #expect(added.talk.contains("edited \(elsewhere)/my.yaml"), "\(added.talk)")
            #expect(road.tree(elsewhere).filter { !$0.hasPrefix(".") } == ["iii.lock", "my.yaml"])
            #expect(road.tree(road.project).isEmpty)

            // Else it is the nearest folder upward.
            try road.write(["config.yaml": "workers: []\n", "deep/er/file": ""], in: road.project)
            try await road.does("worker", "add", "a", in: road.project.appending("deep/er"))
            #expect(road.read("config.yaml")?.contains("- name: a\n") == true)
            #expect(road.read("iii.lock") != nil)
        }
    }

    @Test func anErrorIsToldOnceUnderAPipe() async throws {
        try await Road.open { road in
            let result = try await road.iii("worker", "add", "nothing")
            #expect(result.talk.split(separator: "\n").count { $0.hasPrefix("error:") } == 1)
            #expect(result.output.isEmpty)
        }
    }

    @Test func aFailureAmongSeveralNamesTheWorkerAndChangesNothing() async throws {
        try await Road.open { road in
            for name in ["a", "b"] { try await road.publish(name, "1.0.0") }
            try await road.does("worker", "add", "b")
            let lock = try #require(road.read("iii.lock"))
            let digest = try #require(lock.components(separatedBy: "sha256: ").last?.prefix(64))
            try await road.does("worker", "remove", "b")
            try FileManager.default.removeItem(atPath: road.store.appending(String(digest)).string)
            for path in road.tree(road.data) where path.hasSuffix(digest) {
                try FileManager.default.removeItem(atPath: road.data.appending(path).string)
            }
            let config = road.read("config.yaml")
            let refused = try await road.iii("worker", "add", "a", "b")
            #expect(refused.status == 1)
            #expect(refused.talk.contains("cannot install `b` 1.0.0"), "\(refused.talk)")
            #expect(road.read("config.yaml") == config && road.read("iii.lock") == nil)
        }
    }

    @Test func twoProjectsKeepDifferentVersions() async throws {
        try await Road.open { road in
            for version in ["1.0.0", "2.0.0"] { try await road.publish("a", version) }
            let other = road.folder.appending("other")
            try road.write(["config.yaml": "workers: []\n"], in: other)
            try await road.does("worker", "add", "a@1.0.0")
            try await road.does("worker", "add", "a@2.0.0", in: other)
            for folder in [road.project, other] {
                try await road.does("worker", "verify", in: folder)
                try await road.does("worker", "sync", "--frozen", in: folder)
            }
        }
    }

    @Test func aRangeThatOnlyPreReleasesMeetNamesThem() async throws {
        try await Road.open { road in
            let published = try await road.publish("a", "1.0.0-rc.1", arguments: ["--tag", "next"])
            #expect(published.status == 0, "\(published.talk)")
            let refused = try await road.iii("worker", "add", "a@^1.0")
            #expect(refused.status == 1)
            #expect(refused.talk.contains("[W115]") && refused.talk.contains("1.0.0-rc.1"), "\(refused.talk)")
            try await road.does("worker", "add", "a@next")
        }
    }

    @Test func addingAgainChangesNothingAndSaysSo() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0", extra: "config:\n  top: 3\n")
            try await road.does("worker", "add", "a")
            let files = (road.read("config.yaml"), road.read("iii.lock"))
            let again = try await road.iii("worker", "add", "a")
            #expect(again.output == "kept a 1.0.0  bundle\n", "\(again.talk)")
            #expect(!again.talk.contains("edited"))
            #expect((road.read("config.yaml"), road.read("iii.lock")) == files)
            try road.write(
                ["config.yaml": try #require(files.0).replacing("top: 3", with: "top: 9 # mine")],
                in: road.project
            )
            let forced = try await road.iii("worker", "add", "a", "--force")
            #expect(forced.output == "reinstalled a 1.0.0  bundle\n", "\(forced.talk)")
            #expect(road.read("config.yaml")?.contains("top: 9 # mine") == true)
            try await road.does("worker", "add", "a", "--force", "--reset-config")
            #expect(road.read("config.yaml") == files.0)
        }
    }

    @Test func aNewProjectSaysHowItIsRun() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            try await road.does("worker", "add", "a")
            #expect(road.read("config.yaml")?.contains("`iii start`") == false)
        }
    }
}
