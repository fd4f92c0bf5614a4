// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// Folders that cannot be written, and disks that are full, as an ordinary user meets them.
@Suite struct FolderJourney {
    @Test func aProjectThatCannotBeWrittenIsNamedAndLeftAsItWas() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            try OrdinaryUser.own(road.folder)
            let home = road.folder.appending("user")
            try FileManager.default.createDirectory(atPath: home.string, withIntermediateDirectories: true)
            try OrdinaryUser.own(home)
            try road.write(["config.yaml": "# mine\nworkers: []\n"], in: road.project)
            try OrdinaryUser.own(road.project, mode: 0o555)
            let refused = try await road.asUser(["worker", "add", "a"], home: home)
            #expect(refused.status == 1)
            #expect(refused.talk.contains("[W130]"), "\(refused.talk)")
            #expect(refused.talk.contains("make the folder `\(road.project)` writable for you"), "\(refused.talk)")
            #expect(road.tree(road.project) == ["config.yaml"])
            // Found out before anything was fetched.
            #expect(road.tree(home.appending("store")).isEmpty)
            try OrdinaryUser.own(road.project, mode: 0o755)
            #expect(try await road.asUser(["worker", "add", "a"], home: home).status == 0)
        }
    }

    @Test func aHomeThatCannotBeWrittenIsNamed() async throws {
        try await Road.open { road in
            try await road.publish("a", "1.0.0")
            try OrdinaryUser.own(road.folder)
            try OrdinaryUser.own(road.project)
            let home = road.folder.appending("user")
            try FileManager.default.createDirectory(atPath: home.string, withIntermediateDirectories: true)
            try OrdinaryUser.own(home, mode: 0o555)
            let refused = try await road.asUser(["worker", "add", "a"], home: home.appending("iii"))
            #expect(refused.status == 1)
            #expect(refused.talk.contains("[W122]") && refused.talk.contains("\(home)/iii"), "\(refused.talk)")
            #expect(road.read("config.yaml") == nil)
            try OrdinaryUser.own(home)
        }
    }

    @Test func aFullDiskChangesNothing() async throws {
        try #require(geteuid() == 0 || ProcessInfo.processInfo.environment["CI"] == nil, "a small disk needs root")
        if geteuid() != 0 { return }
        try await Road.open { road in
            let noise = (0..<40).reduce(into: [String: String]()) { files, index in
                files["noise\(index).bin"] = String((0..<40000).map { _ in "0123456789abcdef".randomElement() ?? "0" })
            }
            try await road.publish("big", "1.0.0", files: noise)
            try await road.publish("small", "1.0.0")
            let disk = road.folder.appending("disk")
            try FileManager.default.createDirectory(atPath: disk.string, withIntermediateDirectories: true)
            let mounted = try await shell("mount -t tmpfs -o size=600k tmpfs \(disk)")
            try #require(mounted == 0)
            do {
                let home = ["III_HOME": disk.appending("home").string]
                try await road.does("worker", "add", "small", variables: home)
                let (config, lock) = (road.read("config.yaml"), road.read("iii.lock"))
                let refused = try await road.iii("worker", "add", "big", variables: home)
                #expect(refused.status == 1 && refused.talk.contains("[W123]"), "\(refused.talk)")
                #expect((road.read("config.yaml"), road.read("iii.lock")) == (config, lock))
                try await road.does("worker", "verify", variables: home)
                // What could not be kept is gone: there is room again.
                #expect(road.tree(disk.appending("home/store/staging")).isEmpty)

                // The project's own disk: neither file is touched where the second does not fit.
                let project = disk.appending("project")
                try road.write(["config.yaml": "workers: []\n"], in: project)
                _ = try await shell("head -c 10m /dev/zero > \(disk)/filler 2>/dev/null")
                let full = try await road.iii("worker", "add", "small", in: project)
                #expect(full.status == 1 && full.talk.contains("[W123]"), "\(full.talk)")
                let left = try String(contentsOfFile: project.appending("config.yaml").string, encoding: .utf8)
                #expect(left == "workers: []\n")
            } catch {
                _ = try await shell("umount \(disk)")
                throw error
            }
            #expect(try await shell("umount \(disk)") == 0)
        }
    }

    private func shell(_ command: String) async throws -> Int32 {
        try await Subprocess.run(
            .path("/bin/sh"),
            arguments: ["-c", command],
            environment: Programs.environment([:]),
            output: .discarded,
            error: .discarded
        )
        .terminationStatus.code
    }
}
