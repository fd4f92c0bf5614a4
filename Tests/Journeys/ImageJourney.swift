// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing

/// An image that other tools made, and a registry of images that is not ours: from `add` to `clear`.
@Suite(.timeLimit(.minutes(20))) struct ImageJourney {
    private static let worker = """
        import os, signal
        from iii import register_worker, InitOptions
        worker = register_worker(os.environ['III_URL'], InitOptions(worker_name='speaker'))
        worker.register_function('speaker::say', lambda data: {'word': open('/etc/word').read().strip()})
        signal.pause()
        """

    /// Makes an image of two layers with umoci and pushes it with skopeo.
    private static func push(to host: String, _ road: Road) throws {
        let folder = road.folder.appending("images")
        let script = """
            umoci init --layout img; umoci new --image img:a; umoci unpack --image img:a b
            cp -a '\(try SmallRoot.make())'/. b/rootfs/; echo old > b/rootfs/etc/word
            (cd b/rootfs; \(try BaseImageJourney.script()))
            umoci repack --refresh-bundle --image img:a b
            cp worker.py b/rootfs/worker.py; echo hello > b/rootfs/etc/word; rm b/rootfs/etc/secret
            umoci repack --image img:a b
            umoci config --image img:a --architecture amd64 --config.env OTEL_ENABLED=false \\
              --config.cmd python3 --config.cmd -u --config.cmd /worker.py
            skopeo copy --quiet --dest-tls-verify=false oci:img:a 'docker://\(host)/t/speaker:1'
            """
        try road.write(["worker.py": worker, "make.sh": script], in: folder)
        try Shell.run("sh -eu make.sh > make.log 2>&1 || { cat make.log >&2; exit 1; }", in: folder)
    }

    /// Opens a road beside which a registry of images holds the worker.
    static func pushed(
        _ body: @escaping @Sendable (Road, _ reference: String) async throws -> Void
    ) async throws {
        try await Road.open { road in
            let folder = road.folder.appending("images")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            try await DockerRegistry.run(in: folder) { host in
                try push(to: host, road)
                try await body(road, "\(host)/t/speaker:1")
            }
        }
    }

    private static func opened(
        _ body: @escaping @Sendable (Road, _ reference: String) async throws -> Void
    ) async throws {
        try await pushed { road, reference in
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await road.does("worker", "add", reference, "--isolation", "namespaces", "--no-wait")
            try await body(road, reference)
        }
    }

    private static func isInstalled(_ road: Road) async throws -> JSONValue? {
        let listed = try await road.does("worker", "list", "--json")
        guard case .array(let rows)? = try JSONValue(parsing: listed.output)["workers"] else { return nil }
        return rows.first { $0["name"] == "speaker" && $0["kind"] == "image" }?["installed"]
    }

    @Test func isAddedCheckedRepairedCalledAndCleared() async throws {
        try await Self.opened { road, reference in
            #expect(road.read("config.yaml")?.contains(reference) == true)
            let lock = try #require(road.read("iii.lock"))
            #expect(lock.contains("/t/speaker@sha256:"))
            #expect(try await Self.isInstalled(road) == true)
            let verified = try await road.does("worker", "verify", "--strict")
            #expect(verified.output.contains("1 worker"), "\(verified.output)")

            // By its reference and by its name; the registry of workers knows neither.
            for name in [reference, "speaker"] {
                let told = try JSONValue(parsing: await road.does("worker", "info", name, "--json").output)
                #expect(told["installed"] == true && told["layers"] == 2, "\(told)")
                #expect(told["program"] == ["python3", "-u", "/worker.py"], "\(told)")
            }

            // What somebody took away is seen, and put back from what was fetched.
            let images = road.home.appending("store/images")
            try Shell.run("rm sha256/*/rootfs/etc/word", in: images)
            let damaged = try await road.iii("worker", "verify")
            #expect(damaged.status == 3 && damaged.talk.contains("[W152]"), "\(damaged.talk)")
            try await road.does("worker", "sync")
            try await road.does("worker", "verify")

            try await RunningProject.open(road) { engine in
                let ready = try await engine.wait(for: "speaker") { status in
                    status["status"] == "ready" || status["status"] == "failed" || status["status"] == "waiting"
                }
                try #require(ready["status"] == "ready", "\(ready) \(road.engineTalk)")
                #expect(ready["isolation"] == "namespaces")
                let said = try await road.iii("trigger", "speaker::say")
                #expect(said.status == 0, "\(said.talk)\(road.engineTalk)")
                #expect(try JSONValue(parsing: said.output)["word"] == "hello", "\(said.output)")
                let kept = try await road.does("worker", "clear", "--json")
                #expect(try JSONValue(parsing: kept.output)["freed_bytes"] == 0, "\(kept.output)")
            }

            try await road.does("worker", "remove", "speaker")
            let preview = try JSONValue(parsing: await road.does("worker", "clear", "--dry-run", "--json").output)
            let cleared = try JSONValue(parsing: await road.does("worker", "clear", "--json").output)
            #expect(cleared["freed_bytes"] == preview["freed_bytes"] && cleared["freed_bytes"] != 0, "\(cleared)")
            #expect(try Shell.run("find blobs sha256 -mindepth 1", in: images) == "")
        }
    }

    /// What is locked on one machine is what another one gets, although the tag names something else by then.
    @Test func isTheSameOnAnotherMachine() async throws {
        try await Self.opened { road, reference in
            try Shell.run(
                """
                umoci config --image img:a --config.cmd /bin/false
                skopeo copy --quiet --dest-tls-verify=false oci:img:a 'docker://\(reference)'
                """,
                in: road.folder.appending("images")
            )
            var other = road
            other.homeName = "other"
            #expect(try await Self.isInstalled(other) == false)
            let missing = try await other.iii("worker", "sync", "--frozen")
            #expect(missing.status == 3 && (missing.output + missing.talk).contains("speaker"), "\(missing.talk)")
            try await other.does("worker", "sync")
            try await other.does("worker", "sync", "--frozen")
            #expect(try await Self.isInstalled(other) == true)
            let contents = "cd store/images/sha256; find . -printf '%P %m %s\\n' | grep -v image.json | sort"
            #expect(try Shell.run(contents, in: other.home) == Shell.run(contents, in: road.home))

            // Nobody else has the layers: what was cut is fetched again.
            let images = other.home.appending("store/images")
            try Shell.run(
                "rm -r sha256; for blob in blobs/*; do truncate -s -1 $blob; echo >> $blob; done",
                in: images
            )
            try await other.does("worker", "sync")
            try await other.does("worker", "verify", "--strict")
            #expect(try Shell.run(contents, in: other.home) == Shell.run(contents, in: road.home))
        }
    }

    /// Whatever moment a pull is killed at, the next one ends with the same tree and leaves nothing over.
    @Test func aKilledPullIsFinishedByTheNext() async throws {
        try await Self.pushed { road, reference in
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            let add = ["add", reference, "--isolation", "namespaces", "--no-wait"]
            let store = road.home.appending("store").string
            let start = ContinuousClock.now
            try await road.does("worker", "add", reference, "--isolation", "namespaces", "--no-wait")
            var whole = ContinuousClock.now - start
            let contents = "find sha256 -printf '%P %y %m %s %l\\n' | grep -v image.json | sort; ls staging partial"
            let wanted = try Shell.run(contents, in: road.home.appending("store/images"))
            var (attempt, killed) = (0, 0)
            while attempt < KillJourney.kills || (killed == 0 && KillJourney.kills > 0) {
                attempt += 1
                try? FileManager.default.removeItem(atPath: store)
                try? FileManager.default.removeItem(atPath: road.project.appending("iii.lock").string)
                try road.write(["config.yaml": "workers: []\n"], in: road.project)
                let delay = whole * Double.random(in: 0..<1)
                if try await road.killed(add, after: delay) { killed += 1 } else { whole = delay }
                try await road.does("worker", "add", reference, "--isolation", "namespaces", "--no-wait")
                try await road.does("worker", "verify", "--strict")
                #expect(try Shell.run(contents, in: road.home.appending("store/images")) == wanted, "\(delay)")
            }
        }
    }

    @Test func anOrdinaryUserPullsTheSameTree() async throws {
        try await Self.opened { road, reference in
            let (home, project) = (road.folder.appending("theirs"), road.folder.appending("own"))
            for folder in [home, project] {
                try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
                try OrdinaryUser.own(folder)
            }
            try OrdinaryUser.own(road.folder)
            let added = try await road.asUser(
                ["worker", "add", reference, "--isolation", "namespaces", "--no-wait"],
                home: home,
                in: project
            )
            try #require(added.status == 0, "\(added.talk)")
            let contents = "cd store/images/sha256; find . -printf '%P %y %m %s %l\\n' | grep -v image.json | sort"
            #expect(try Shell.run(contents, in: home) == Shell.run(contents, in: road.home))
        }
    }

    /// The settings name it by its tag: it comes with the first bundle that needs it, and moves with `update` only.
    @Test func isTheBaseOfBundlesByItsTag() async throws {
        try await Self.pushed { road, reference in
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try road.write(["settings.yaml": "base_images:\n  python: \(reference)\n"], in: road.home)
            for name in ["word-splitter", "text-stats"] {
                let folder = Programs.repository.appending("Examples/\(name)").string
                let published = try await road.author("publish", folder)
                try #require(published.status == 0, "\(published.talk)")
            }
            try await RunningProject.open(road) { engine in
                try await road.does("worker", "add", "text-stats", "--isolation", "namespaces", "--no-wait")
                for name in ["word-splitter", "text-stats"] {
                    let status = try await engine.wait(for: name) { status in
                        status["status"] == "ready" || status["status"] == "failed" || status["status"] == "waiting"
                    }
                    try #require(status["status"] == "ready", "\(status) \(road.engineTalk)")
                }
                let counted = try await road.iii("trigger", "text-stats::count", "text=one two one")
                #expect(counted.status == 0, "\(counted.talk)\(road.engineTalk)")
                #expect(try JSONValue(parsing: counted.output)["words"] == 3, "\(counted.output)")
            }
            // Nothing but the settings holds it.
            try await road.does("worker", "clear")
            try await road.does("worker", "sync", "--frozen")

            let images = road.home.appending("store/images")
            let digest = "head -n 1 names/*"
            let first = try Shell.run(digest, in: images)
            try Shell.run(
                """
                umoci config --image img:a --config.env NEW=yes
                skopeo copy --quiet --dest-tls-verify=false oci:img:a 'docker://\(reference)'
                """,
                in: road.folder.appending("images")
            )
            try await road.does("worker", "sync")
            #expect(try Shell.run(digest, in: images) == first)
            try await road.does("worker", "update")
            #expect(try Shell.run(digest, in: images) != first)

            try Shell.run("rm -r sha256 blobs names", in: images)
            let missing = try await road.iii("worker", "sync", "--frozen")
            #expect(missing.status == 3 && (missing.output + missing.talk).contains(reference), "\(missing.talk)")
            try await road.does("worker", "sync")
            try await road.does("worker", "sync", "--frozen")
        }
    }

    @Test func aBaseThatCannotBeHadIsTold() async throws {
        try await Self.pushed { road, reference in
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            let other = reference.replacing("speaker", with: "nothing")
            try road.write(["settings.yaml": "base_images:\n  python: \(other)\n"], in: road.home)
            try await road.publish("lonely", "1.0.0")
            let added = try await road.iii("worker", "add", "lonely", "--no-wait")
            #expect(added.status != 0 && added.talk.contains(other) && added.talk.contains("[W141]"), "\(added.talk)")
            #expect(road.read("config.yaml") == "workers: []\n")
        }
    }
}
