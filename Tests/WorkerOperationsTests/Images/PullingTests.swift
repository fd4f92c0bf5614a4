// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import ImageDocuments
import OCIImages
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerOperations

/// What is fetched of images, and what is not fetched twice.
@Suite(.timeLimit(.minutes(10))) struct PullingTests {
    /// Four layers of a megabyte that does not compress.
    private static let layers = "for n in 1 2 3 4; do head -c 1000000 /dev/urandom > $R/file$n; layer; done"

    private static func sizes(of reference: String, in folder: FilePath) throws -> [String: Int] {
        let script = """
            skopeo inspect --raw --tls-verify=false 'docker://\(reference)' > raw.json
            python3 -c "import json
            for layer in json.load(open('raw.json'))['layers']: print(layer['digest'][7:], layer['size'])"
            """
        let lines = try Shell.run(script, in: folder).split(separator: "\n")
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let words = line.split(separator: " ")
                return (String(words[0]), Int(words[1]) ?? 0)
            }
        )
    }

    @Test func aTransferCutInEachLayerGoesOn() async throws {
        try await withTemporaryDirectory { folder in
            try await DockerRegistry.run(in: folder) { upstream in
                try MadeImage.push(Self.layers, to: upstream, as: "t/cut", in: folder)
                let sizes = try Self.sizes(of: "\(upstream)/t/cut:1", in: folder)
                try await CuttingProxy.run(before: upstream, cutting: 1, after: 400_000, in: folder) { proxy in
                    let puller = Puller(home: folder.appending("home"))
                    let root = try await puller.pull("\(proxy.host)/t/cut:1")
                    try Shell.run("for n in 1 2 3 4; do cmp file$n \(folder)/bundle/rootfs/file$n; done", in: root)
                    let answers = try proxy.answers
                    for (digest, size) in sizes {
                        let own = answers.filter { $0.digest == digest }
                        #expect(own.count == 2 && own.first?.sent == 400_000)
                        // What was on its way when the connection broke may be lost with it.
                        #expect(own.last.map { $0.start > 0 && $0.start + $0.sent == size } == true, "\(own)")
                    }
                    try await puller.pull("\(proxy.host)/t/cut:1")
                    #expect(try proxy.answers.count == answers.count)
                }
            }
        }
    }

    /// A pull that gave up, and a pull with another store process altogether.
    @Test func whatAPullHadFetchedTheNextOneUses() async throws {
        try await withTemporaryDirectory { folder in
            try await DockerRegistry.run(in: folder) { upstream in
                try MadeImage.push(Self.layers, to: upstream, as: "t/cut", in: folder)
                try await CuttingProxy.run(before: upstream, cutting: 5, after: 100_000, in: folder) { proxy in
                    let puller = Puller(home: folder.appending("home"))
                    let error = await #expect(throws: OCIImageError.self) {
                        try await puller.pull("\(proxy.host)/t/cut:1")
                    }
                    #expect(error?.message.contains("the connection broke") == true, "\(error?.message ?? "")")
                    #expect(try HostFiles.entries(of: puller.home.appending("store/images/sha256")).isEmpty)
                    let before = try proxy.answers.count
                    while (try? await puller.pull("\(proxy.host)/t/cut:1")) == nil {
                        try #require(try proxy.answers.count < 60)
                    }
                    let first = try proxy.answers[before...].first
                    #expect(first.map { $0.start > 0 } == true, "\(String(describing: first))")
                }
            }
        }
    }

    @Test func layersThatTwoImagesShareAreFetchedOnce() async throws {
        try await withTemporaryDirectory { folder in
            try await DockerRegistry.run(in: folder) { upstream in
                try MadeImage.push(Self.layers, to: upstream, as: "t/one", in: folder)
                try Shell.run(
                    """
                    exec 2>log; umoci unpack --image made:a more; echo more > more/rootfs/more
                    umoci repack --image made:a more
                    skopeo copy --quiet --dest-tls-verify=false oci:made:a 'docker://\(upstream)/t/two:1'
                    """,
                    in: folder
                )
                try await CuttingProxy.run(before: upstream, cutting: 0, after: 0, in: folder) { proxy in
                    let puller = Puller(home: folder.appending("home"))
                    try await puller.pull("\(proxy.host)/t/one:1")
                    let before = try proxy.answers.count
                    let root = try await puller.pull("\(proxy.host)/t/two:1")
                    #expect(try Shell.run("cat more", in: root) == "more\n")
                    let sizes = try Self.sizes(of: "\(upstream)/t/two:1", in: folder)
                    #expect(try proxy.answers[before...].filter { sizes[$0.digest] != nil }.count == 1)
                }
            }
        }
    }

    @Test func anIndexNamesAnImageForEachPlatform() async throws {
        try await withTemporaryDirectory { folder in
            try await DockerRegistry.run(in: folder) { host in
                try MadeImage.push("echo amd64 > $R/arch; layer", to: host, as: "t/many", in: folder)
                try Shell.run(Self.index.replacing("HOST", with: host), in: folder)
                for platform in [Puller.usual, ImagePlatform(system: "linux", architecture: "arm64", variant: "v8")] {
                    var puller = Puller(home: folder.appending(platform.architecture))
                    puller.platform = platform
                    let root = try await puller.pull("\(host)/t/many:all")
                    #expect(try Shell.run("cat arch", in: root) == "\(platform.architecture)\n")
                }
                let told = try await Puller(home: folder.appending("told")).with { images in
                    try await images.describe(ImageReference(parsing: "\(host)/t/many:all"))
                }
                #expect(told.platforms.map(\.shortDescription) == ["linux/amd64", "linux/arm64"])
                #expect(told.content?.configuration.platform == Puller.usual && !told.isInstalled)
                var other = Puller(home: folder.appending("other"))
                other.platform = ImagePlatform(system: "linux", architecture: "riscv64")
                let error = await #expect(throws: OCIImageError.self) { try await other.pull("\(host)/t/many:all") }
                #expect(error?.code == .platformNotSupported)
                let foreign = try await other.with { images in
                    try await images.describe(ImageReference(parsing: "\(host)/t/many:all"))
                }
                #expect(foreign.content == nil && foreign.attestations == 1, "what says something of images is none")
                #expect(error?.message.contains("it has linux/amd64, linux/arm64") == true, "\(error?.message ?? "")")
            }
        }
    }

    /// Two images for two platforms, and an entry that is none, behind one tag.
    private static let index = """
        exec 2>log
        umoci unpack --image made:a other; echo arm64 > other/rootfs/arch; umoci repack --image made:a other
        umoci config --image made:a --architecture arm64
        skopeo copy --quiet --dest-tls-verify=false oci:made:a docker://HOST/t/many:arm
        cat > index.py <<'END'
        import http.client, json
        connection = http.client.HTTPConnection('HOST')
        def call(method, path, body=None, **headers):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
            assert answer.status < 300, (answer.status, data)
            return answer.headers, data
        kind = 'application/vnd.oci.image.manifest.v1+json'
        items = []
        for tag, platform in [('1', ('linux', 'amd64')), ('arm', ('linux', 'arm64')), ('1', ('unknown', 'unknown'))]:
            headers, data = call('GET', f'/v2/t/many/manifests/{tag}', Accept=kind)
            items.append({'mediaType': kind, 'digest': headers['Docker-Content-Digest'], 'size': len(data),
                          'platform': {'os': platform[0], 'architecture': platform[1]}})
        kind = 'application/vnd.oci.image.index.v1+json'
        index = {'schemaVersion': 2, 'mediaType': kind, 'manifests': items}
        call('PUT', '/v2/t/many/manifests/all', json.dumps(index), **{'Content-Type': kind})
        END
        python3 index.py
        """
}
