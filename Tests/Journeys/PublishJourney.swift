// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing

/// Publishing holds when many do it at once, and when it is killed.
@Suite struct PublishJourney {
    @Test func ofSixPublishersOneWinsAndFiveAreTold() async throws {
        try await Road.open { road in
            let results = try await withThrowingTaskGroup(of: Programs.Result.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        // Six authors with a folder each, and other contents.
                        let source = road.folder.appending("author-\(number)")
                        try road.write(
                            [
                                "iii.worker.yaml": "name: a\nversion: 1.0.0\nscripts:\n  start: python main.py\n",
                                "main.py": "print(\(number))\n",
                            ],
                            in: source
                        )
                        return try await Programs.run(
                            "iii",
                            ["worker", "publish", source.string],
                            in: road.folder,
                            variables: road.variables.merging(["III_API_KEY": road.key]) { $1 }
                        )
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.count { $0.status == 0 } == 1)
            let told = results.filter { $0.status != 0 }
            #expect(told.allSatisfy { $0.talk.contains("[W146]") && $0.talk.contains("`main.py` differs") })
            try await road.does("worker", "add", "a")
            #expect(try await check(road).status == 0)
        }
    }

    @Test func ofSixWhoPublishTheSameAllSucceed() async throws {
        try await Road.open { road in
            let folders = (0..<6).map { "same-\($0)" }
            for folder in folders {
                let manifest = "name: a\nversion: 1.0.0\nscripts:\n  start: python main.py\n"
                try road.write(["iii.worker.yaml": manifest, "main.py": ""], in: road.folder.appending(folder))
            }
            let statuses = try await withThrowingTaskGroup(of: Int32.self) { group in
                for folder in folders {
                    group.addTask {
                        try await Programs.run(
                            "iii",
                            ["worker", "publish", folder],
                            in: road.folder,
                            variables: road.variables.merging(["III_API_KEY": road.key]) { $1 }
                        ).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == [Int32](repeating: 0, count: 6))
        }
    }

    /// `PUBLISH_KILLS` sets how often: 100 for a thorough run.
    @Test func killedAtAnyMomentARepeatEndsInOneWholeVersion() async throws {
        let kills = ProcessInfo.processInfo.environment["PUBLISH_KILLS"].flatMap { Int($0) } ?? 12
        try await Road.open { road in
            let source = road.folder.appending("source")
            let noise = (0..<40_000).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
            try road.write(["data.txt": noise, "main.py": ""], in: source)
            let variables = road.variables.merging(["III_API_KEY": road.key, "PATH": "/usr/bin:/bin"]) { $1 }
            let program = Programs.folder.appending("iii").string
            func describe(_ version: String) throws {
                let manifest = "name: a\nversion: \(version)\nscripts:\n  start: python main.py\n"
                try road.write(["iii.worker.yaml": manifest], in: source)
            }
            // Moments of all that publishing takes on this machine.
            try describe("0.1.0")
            let whole = try await ContinuousClock().measure {
                _ = try await road.author("publish", source.string).succeeded(["publish"])
            }
            for round in 0..<kills {
                try describe("1.\(round).0")
                let patience = whole / .seconds(1) * Double.random(in: 0.01...1.1)
                let script = """
                    HOME='\(road.folder)' III_HOME='\(road.home)' III_API_URL='\(road.url)' III_API_KEY='\(road.key)' \
                    timeout -s KILL \(patience) '\(program)' worker publish '\(source)' >/dev/null 2>&1 || true
                    """
                try Shell.run(script, in: road.folder)
                let arguments = ["worker", "publish", source.string]
                let repeated = try await Programs.run("iii", arguments, in: road.folder, variables: variables)
                #expect(repeated.status == 0, "after \(patience) s: \(repeated.talk)")
            }
            let list = try await road.iii("worker", "info", "a", "--versions", "--json")
            guard case .array(let rows)? = try JSONValue(parsing: list.output)["versions"] else {
                Issue.record("no list of versions in \(list.output)")
                return
            }
            #expect(rows.count == kills + 1)
            try await road.does("worker", "add", "a")
            #expect(try await check(road).status == 0)
            // What killed commands packed is gone with the next one.
            #expect(road.tree(road.home.appending("cache/packing")).isEmpty)
        }
    }

    @Test func aNativeWorkerServesItsEightTargets() async throws {
        try await Road.open { road in
            let targets = [
                "aarch64-apple-darwin", "aarch64-pc-windows-msvc", "aarch64-unknown-linux-gnu",
                "armv7-unknown-linux-gnueabihf", "i686-pc-windows-msvc", "x86_64-apple-darwin",
                "x86_64-pc-windows-msvc",
                "x86_64-unknown-linux-gnu",
            ]
            let source = road.folder.appending("native")
            var manifest = "name: native\nversion: 1.0.0\ndeploy: binary\nartifacts:\n"
            for target in targets {
                manifest += "  \(target): build/\(target)\n"
                try road.write("build/\(target)", TestProgram.for(target, holding: "for \(target)"), in: source)
            }
            try road.write(["iii.worker.yaml": manifest], in: source)
            let variables = road.variables.merging(["III_API_KEY": road.key]) { $1 }
            let arguments = ["worker", "publish", source.string, "--json"]
            let published = try await Programs.run("iii", arguments, in: road.folder, variables: variables)
            #expect(published.status == 0, "\(published.talk)")
            guard case .array(let artifacts)? = try JSONValue(parsing: published.output)["artifacts"] else {
                Issue.record("no artifacts in \(published.output)")
                return
            }
            #expect(artifacts.map { $0["target"] } == targets.map { .string($0) })
            for target in targets {
                let project = road.folder.appending("project-\(target)")
                try FileManager.default.createDirectory(atPath: project.string, withIntermediateDirectories: true)
                let added = try await road.iii("worker", "add", "native", "--target", target, in: project)
                #expect(added.status == 0, "\(target): \(added.talk)")
                let name = target.contains("windows") ? "native.exe" : "native"
                let link = road.home.appending("workers/\(name)").string
                let program = FileManager.default.contents(atPath: link).map(Array.init)
                #expect(program == TestProgram.for(target, holding: "for \(target)"))
            }
            let ninth = try await road.iii("worker", "add", "native", "--target", "riscv64gc-unknown-linux-gnu")
            #expect(ninth.status == 1 && ninth.talk.contains("[W117]"), "\(ninth.talk)")
            #expect(targets.allSatisfy { ninth.talk.contains($0) })
        }
    }

    @Test func whatTheRegistryHasIsNotUploadedAgain() async throws {
        try await Road.open { road in
            let source = road.folder.appending("native")
            for version in ["1.0.0", "1.1.0"] {
                let manifest = "name: native\nversion: \(version)\ndeploy: binary\n"
                try road.write(["iii.worker.yaml": manifest], in: source)
                try road.write("build", TestProgram.for("x86_64-unknown-linux-gnu"), in: source)
                let build = "x86_64-unknown-linux-gnu=\(source.appending("build"))"
                let published = try await road.author("publish", source.string, "--artifact", build)
                #expect(published.status == 0, "\(published.talk)")
                let isFirst = version == "1.0.0"
                let has = "the registry has x86_64-unknown-linux-gnu already\n"
                #expect(published.talk.contains("uploading x86_64-unknown-linux-gnu") == isFirst, "\(published.talk)")
                #expect(published.talk.contains(has) == !isFirst, "\(published.talk)")
            }
        }
    }

    /// A fix for an old line moves nobody to it but those who ask for that line.
    @Test func aVersionOfAnOlderLineLeavesTheChannelAndSaysSo() async throws {
        try await Road.open { road in
            for version in ["1.0.0", "2.0.0"] { try await road.publish("a", version) }
            let stays = "warning: `latest` stays at 2.0.0, which is above "
            let planned = try await road.publish("a", "1.1.0", arguments: ["--dry-run"])
            #expect(planned.talk.contains(stays + "1.1.0"), "\(planned.talk)")
            for arguments in [["--no-tag"], ["--tag", "one"]] {
                let meant = try await road.publish("a", "1.1.0", arguments: ["--dry-run"] + arguments)
                #expect(!meant.talk.contains("warning: `latest`"), "\(meant.talk)")
            }
            let older = try await road.publish("a", "1.0.0-rc.1", arguments: ["--dry-run"], mayFail: true)
            #expect(older.status == 1 && older.talk.contains("[W106]"), "\(older.talk)")
            #expect(older.talk.contains("below 1.0.0, which is published already"), "\(older.talk)")
            #expect(older.talk.contains("`--allow-older`"), "\(older.talk)")
            for (version, arguments) in [("1.2.0", []), ("1.1.5", ["--allow-older"])] {
                let fix = try await road.publish("a", version, arguments: arguments)
                #expect(fix.talk.contains(stays + version), "\(fix.talk)")
            }
            let versions = try await road.author("info", "a", "--versions").output
            let latest = versions.split(separator: "\n").filter { $0.contains("latest") }
            #expect(latest.count == 1 && latest.allSatisfy { $0.contains("2.0.0") }, "\(versions)")
        }
    }

    /// Each refusal comes before the network is asked for more than it has to be, and says what to do.
    @Test(arguments: [
        ("deploy: image\n", [], "no image was named", "pass `--image HOST/PATH:TAG`"),
        (
            "scripts:\n  start: python main.py\n", ["--image", "ghcr.io/a/b:1"], "`--image` is for image workers",
            "deploy: image"
        ),
        ("deploy: image\nmanifest: package.json\n", ["--image", "ghcr.io/a/b:1"], "does not exist", "--version 1.0.0"),
        ("deploy: binary\n", [], "no build of it was named", "--artifact TARGET=FILE"),
        ("scripts:\n  start: python main.py\n", ["--artifact", "main.py"], "this is a bundle", "deploy: binary"),
        (
            "scripts:\n  start: python main.py\n", ["--version", "1.0.0+build"], "build metadata",
            "leave out what follows `+`"
        ),
        ("scripts:\n  start: python main.py\n", ["--version", "2.0.0"], "not 2.0.0", "change `version:`"),
    ])
    func refusalsSayWhatToDo(_ manifest: String, _ arguments: [String], _ reason: String, _ remedy: String) async throws
    {
        try await withTemporaryDirectory { folder in
            let source = folder.appending("a")
            try FileManager.default.createDirectory(atPath: source.string, withIntermediateDirectories: true)
            let version = manifest.contains("manifest:") ? "" : "version: 1.0.0\n"
            try Data("name: a\n\(version)language: python\n\(manifest)".utf8)
                .write(to: URL(fileURLWithPath: source.appending("iii.worker.yaml").string))
            try Data().write(to: URL(fileURLWithPath: source.appending("main.py").string))
            // Nobody listens there: whoever asks first is told of that instead.
            let variables = ["HOME": folder.string, "III_API_URL": "http://127.0.0.1:1", "III_API_KEY": "iii_none"]
            let command = ["worker", "publish", "a", "--dry-run"] + arguments
            let refused = try await Programs.run("iii", command, in: folder, variables: variables)
            #expect(refused.status == 1 && refused.talk.contains(reason), "\(refused.talk)")
            #expect(refused.talk.contains("hint: ") && refused.talk.contains(remedy), "\(refused.talk)")
        }
    }

    private func check(_ road: Road) async throws -> Programs.Result {
        try await Programs.run("iii-registry", ["check", "--data", road.data.string], in: road.folder, variables: [:])
    }
}
