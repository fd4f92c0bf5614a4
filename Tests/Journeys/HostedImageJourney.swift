// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing

/// Images that the registry of workers holds itself: published from a machine, pushed and pulled by others' tools.
@Suite(.timeLimit(.minutes(10))) struct HostedImageJourney {
    /// A layout of one image, without any registry.
    private static let script = """
        umoci init --layout img; umoci new --image img:a; umoci unpack --image img:a b > /dev/null 2>&1
        head -c 300000 /dev/urandom > b/rootfs/noise; umoci repack --refresh-bundle --image img:a b > /dev/null
        umoci config --image img:a --architecture amd64 --config.cmd /bin/true
        """

    private static func opened(_ body: @escaping @Sendable (Road, _ host: String) async throws -> Void) async throws {
        try await Road.open { road in
            try Shell.run("set -eu; " + script, in: road.folder)
            try road.write(
                ["iii.worker.yaml": "name: speaker\nversion: 1.0.0\ndeploy: image\n"],
                in: road.folder.appending("speaker")
            )
            try await body(road, String(road.url.dropFirst("http://".count)))
        }
    }

    @Test func isPublishedFromAFolderAndAddedByItsName() async throws {
        try await Self.opened { road, host in
            let arguments = ["publish", "speaker", "--image", "oci:img:a"]
            let planned = try await road.author(arguments + ["--dry-run"])
            #expect(planned.status == 0 && planned.talk.contains("of which 2 blobs"), "\(planned.talk)")
            #expect(try road.get("/v2/_catalog")["repositories"] == [])
            let published = try await road.author(arguments)
            #expect(published.status == 0 && published.talk.contains("  for linux/amd64\n"), "\(published.talk)")
            let again = try await road.author(arguments)
            #expect(again.status == 0 && again.output.contains("published already"), "\(again.output)\(again.talk)")

            // What users get is what the author has, and has it from here.
            let inspect = "skopeo inspect --tls-verify=false --format '{{.Digest}}' docker://\(host)/speaker"
            let digest = try Shell.run("\(inspect):1.0.0", in: road.folder).trimmingCharacters(in: .newlines)
            #expect(try Shell.run("\(inspect):latest", in: road.folder).hasPrefix(digest))
            let page = try Shell.run("curl -sSf -H 'Accept: text/html' '\(road.url)/workers/speaker'", in: road.folder)
            #expect(page.contains("podman pull \(host)/speaker:1.0.0") && page.contains("<td>linux/amd64</td>"))
            #expect(page.contains(digest))
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await road.does("worker", "add", "speaker", "--isolation", "namespaces", "--no-wait")
            let lock = try #require(road.read("iii.lock"))
            #expect(lock.contains("\(host)/speaker@\(digest)"), "\(lock)")
            try await road.does("worker", "verify", "--strict")

            // Of another version only what changed travels.
            try Shell.run("umoci config --image img:a --config.cmd /bin/false", in: road.folder)
            let next = try await road.author(arguments + ["--version", "1.1.0"])
            #expect(next.status == 0 && next.talk.contains("of which 1 blob "), "\(next.talk)")
        }
    }

    @Test func isTakenFromArchivesAndByOthersTools() async throws {
        try await Self.opened { road, host in
            for (kind, version) in [("docker-archive", "1.0.0"), ("oci-archive", "1.1.0")] {
                try Shell.run("skopeo copy --quiet oci:img:a \(kind):\(kind).tar", in: road.folder)
                let arguments = ["publish", "speaker", "--image", "\(kind):\(kind).tar", "--version", version]
                let published = try await road.author(arguments)
                #expect(published.status == 0, "\(published.talk)")
            }
            try Shell.run(
                """
                set -eu; export STORAGE_DRIVER=vfs; at="--root $PWD/st --runroot $PWD/run"
                skopeo login --tls-verify=false --authfile auth.json -u tester -p '\(road.key)' '\(host)'
                buildah $at pull --quiet --tls-verify=false 'docker://\(host)/speaker:1.1.0' > id
                buildah $at push --quiet --tls-verify=false --authfile auth.json "$(cat id)" 'docker://\(host)/speaker:edge'
                skopeo copy --quiet --src-tls-verify=false 'docker://\(host)/speaker:edge' oci:out:edge
                if buildah $at push --quiet --tls-verify=false --authfile auth.json "$(cat id)" \\
                  'docker://\(host)/speaker:1.1.0' 2> refused; then exit 1; fi
                grep -q 'is a published version' refused
                """,
                in: road.folder
            )
            let tags = try road.get("/v2/speaker/tags/list")["tags"]
            #expect(tags == ["1.0.0", "1.1.0", "edge", "latest"], "\(String(describing: tags))")
        }
    }

    @Test func whatCannotBeReadIsNamed() async throws {
        try await Self.opened { road, _ in
            for (image, more, words) in [
                ("oci:nothing", [], "index.json"), ("oci:img:z", [], "no image `z`"),
                ("docker-archive:none.tar", [], "skopeo says"), ("oci:img:a", ["--by-reference"], "is at no registry"),
            ] {
                let result = try await road.author(["publish", "speaker", "--image", image] + more)
                #expect(result.status != 0 && result.talk.contains(words), "\(image): \(result.talk)")
            }
            #expect(try road.get("/v2/_catalog")["repositories"] == [])
        }
    }

    /// A mirror that others run in front of it.
    @Test func isMirroredByAnotherRegistry() async throws {
        try await Self.opened { road, host in
            let published = try await road.author("publish", "speaker", "--image", "oci:img:a")
            #expect(published.status == 0, "\(published.talk)")
            let folder = road.folder.appending("mirror")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            try await DockerRegistry.run(in: folder, mirroring: road.url) { mirror in
                let inspect = "skopeo inspect --tls-verify=false --format '{{.Digest}}' docker://"
                let ours = try Shell.run("\(inspect)\(host)/speaker:1.0.0", in: road.folder)
                #expect(try Shell.run("\(inspect)\(mirror)/speaker:1.0.0", in: road.folder) == ours)
                let copy = "skopeo copy --quiet --src-tls-verify=false docker://\(mirror)/speaker:1.0.0 oci:mirrored:a"
                try Shell.run(copy, in: road.folder)
            }
        }
    }
}
