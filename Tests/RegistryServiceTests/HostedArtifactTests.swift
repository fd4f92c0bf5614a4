// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Diagnostics
import JSONText
import RegistryAPI
import RegistryService
import RegistryStorage
import Testing
import WorkerModel

/// Archives that the registry keeps are opened before anybody can see the version.
struct HostedArtifactTests {
    static let manifest = "name: pi\nversion: 1.0.0\nscripts:\n  start: node main.js\n"

    @Test func hostedBundleIsPublishedWithItsAddress() async throws {
        try await ServiceFixture.run { registry in
            let digest = try await registry.uploadArchive(["iii.worker.yaml": Self.manifest, "main.js": "1"])
            let answer = try await registry.publish(Requests.bundle(digest))
            #expect(answer.warnings == [])
            let download = try await registry.download("pi")
            #expect(
                download
                    == [
                        "name": "pi", "type": "bundle", "version": "1.0.0",
                        "archive_url": .string("https://registry.test/blobs/sha256/\(digest)"),
                        "sha256": .string(digest.description),
                    ]
            )
            let node = try await registry.resolve("pi")["graph"]
            guard case .array(let nodes) = node else { return #expect(Bool(false)) }
            #expect(nodes.first?["archive_url"] == download?["archive_url"])
        }
    }

    @Test func publicURLMayChangeLater() async throws {
        try await ServiceFixture.run { registry in
            let digest = try await registry.uploadArchive(["iii.worker.yaml": Self.manifest])
            try await registry.publish(Requests.bundle(digest))
            let url = try PublicURL(parsing: "http://[::1]:9")
            let moved = RegistryService(
                store: registry.store,
                blobs: registry.blobs,
                publicURL: { url },
                surroundings: registry.service.surroundings
            )
            let body = try await moved.download("pi", version: nil, counting: nil).body?.body ?? []
            #expect(try JSONValue(parsing: body)["archive_url"] == .string("http://[::1]:9/blobs/sha256/\(digest)"))
        }
    }

    struct BadBundle: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let files: [String: String]
        let code: ErrorCode?
        let reason: String
    }

    static let badBundles = [
        BadBundle(
            testDescription: "no manifest",
            files: ["main.js": "1"],
            code: .bundleManifestRejected,
            reason: "without `iii.worker.yaml`"
        ),
        BadBundle(
            testDescription: "setup script",
            files: ["iii.worker.yaml": manifest + "  setup: curl evil\n"],
            code: .bundleManifestRejected,
            reason: "`scripts.setup` cannot be used in a bundle"
        ),
        BadBundle(
            testDescription: "another name",
            files: ["iii.worker.yaml": manifest.replacing("pi", with: "po")],
            code: .bundleManifestRejected,
            reason: "`pi` was asked for"
        ),
        BadBundle(
            testDescription: "another version",
            files: ["iii.worker.yaml": manifest.replacing("1.0.0", with: "1.0.1")],
            code: .bundleManifestRejected,
            reason: "this is version 1.0.0"
        ),
        BadBundle(
            testDescription: "unknown key",
            files: ["iii.worker.yaml": manifest + "colour: red\n"],
            code: .bundleManifestRejected,
            reason: "`colour` is not a known key"
        ),
        BadBundle(
            testDescription: "broken YAML",
            files: ["iii.worker.yaml": "name: [pi"],
            code: .configParse,
            reason: "cannot be read"
        ),
        BadBundle(
            testDescription: "dependencies only in the manifest",
            files: ["iii.worker.yaml": manifest + "dependencies:\n  ade: ^1.0.0\n"],
            code: .bundleManifestRejected,
            reason: "disagrees"
        ),
        BadBundle(
            testDescription: "calls only in the manifest",
            files: ["iii.worker.yaml": manifest + "calls: [\"shell::run\"]\n"],
            code: .bundleManifestRejected,
            reason: "disagrees with the archive's `iii.worker.yaml` on `shell::run`: it stands there only"
        ),
        BadBundle(
            testDescription: "too many entries",
            files: Dictionary(uniqueKeysWithValues: (0..<1025).map { ("f\($0)", "") }),
            code: .archiveUnsafe,
            reason: "names a bad archive"
        ),
    ]

    @Test(arguments: badBundles)
    func badBundleIsNeverVisible(_ bundle: BadBundle) async throws {
        try await ServiceFixture.run { registry in
            let digest = try await registry.uploadArchive(bundle.files)
            let found = await problems { try await registry.publish(Requests.bundle(digest)) }
            #expect(found.contains { $0.code == bundle.code && $0.reason.contains(bundle.reason) }, "\(found)")
            #expect(try await registry.store.read { try $0.worker(WorkerName(parsing: "pi")) } == nil)
        }
    }

    @Test func bytesThatAreNoArchiveAreRefused() async throws {
        try await ServiceFixture.run { registry in
            let digest = try await registry.upload(Array("not an archive".utf8))
            let found = await problems { try await registry.publish(Requests.bundle(digest)) }
            #expect(found.map(\.code) == [.archiveUnsafe])
        }
    }

    @Test func whatAManifestCallsIsTold() async throws {
        try await ServiceFixture.run { registry in
            let files = ["iii.worker.yaml": Self.manifest + "calls: [\"shell::run\", \"a::*\"]\n"]
            let digest = try await registry.uploadArchive(files)
            var request = Requests.bundle(digest)
            request["calls"] = ["a::*", "shell::run"]
            try await registry.publish(request)
            #expect(try await registry.download("pi")?["calls"] == ["a::*", "shell::run"])
            request["version"] = "1.0.1"
            request["calls"] = ["a::*"]
            let text = try #require(files["iii.worker.yaml"]).replacing("version: 1.0.0", with: "version: 1.0.1")
            request["sha256"] = .string(try await registry.uploadArchive(["iii.worker.yaml": text]).description)
            let found = await problems { try await registry.publish(request) }
            #expect(found.map(\.path) == ["$.calls"], "\(found)")
            #expect(found.first?.reason.contains("`shell::run`: it stands there only") == true)
            request["calls"] = ["${HOME}::x"]
            let strange = await problems { try await registry.publish(request) }
            #expect(strange.contains { $0.path == "$.calls[0]" }, "\(strange)")
        }
    }

    @Test func agreeingDependenciesArePublished() async throws {
        try await ServiceFixture.run { registry in
            let text = Self.manifest + "dependencies:\n  ade: ^1.0.0\n  ube: '*'\n"
            let digest = try await registry.uploadArchive(["iii.worker.yaml": text])
            var request = Requests.bundle(digest)
            request["dependencies"] = [["name": "ube", "version": ""], ["name": "ade", "version": "^1.0.0"]]
            try await registry.publish(request)
            request["version"] = "1.0.1"
            request["dependencies"] = [["name": "ube", "version": ""], ["name": "ade", "version": "^1.0.1"]]
            let other = try await registry.uploadArchive(
                ["iii.worker.yaml": text.replacing("version: 1.0.0", with: "version: 1.0.1")]
            )
            request["sha256"] = .string(other.description)
            let found = await problems { try await registry.publish(request) }
            #expect(found.map(\.path) == ["$.dependencies"])
        }
    }

    @Test func clampedResourcesAreAWarning() async throws {
        try await ServiceFixture.run { registry in
            let digest = try await registry.uploadArchive(["iii.worker.yaml": Self.manifest + "resources:\n  cpus: 9\n"]
            )
            let answer = try await registry.publish(Requests.bundle(digest))
            #expect(answer.warnings.count == 1 && answer.warnings[0].contains("`resources.cpus`"))
        }
    }

    @Test func missingBlobIsNamed() async throws {
        try await ServiceFixture.run { registry in
            let found = await problems { try await registry.publish(Requests.bundle(Digest.sha256([1, 2, 3]))) }
            #expect(found.map(\.path) == ["$.sha256"])
            #expect(found.first?.reason.contains("PUT /blobs/sha256/\(Digest.sha256([1, 2, 3]))") == true)
        }
    }

    @Test func zipFilesForWindowsAreOpenedToo() async throws {
        try await ServiceFixture.run { registry in
            func found(_ zip: [UInt8]) async throws -> [PublicationProblem] {
                var request = Requests.binary()
                let digest = try await registry.upload(zip)
                request["binaries"] = ["x86_64-pc-windows-msvc": ["sha256": .string(digest.description)]]
                return await problems { try await registry.publish(request) }
            }
            let zip = try registry.zip(["smoke-1.2.3/smoke.exe": "MZ"])
            #expect(try await found(Array("PK\u{3}\u{4} and more".utf8)).map(\.code) == [.archiveUnsafe])
            #expect(try await found(zip + [0]).map(\.code) == [.archiveUnsafe])
            #expect(try await found(registry.zip(["smoke": "MZ"])).map(\.code) == [.binaryNotInArchive])
            #expect(try await found(zip) == [])
            #expect(try await registry.download("smoke", "1.2.3")?["type"] == "binary")
        }
    }

    @Test func hostedBinaryHoldsItsExecutable() async throws {
        try await ServiceFixture.run { registry in
            let good = try await registry.uploadArchive(["smoke-1.2.3/smoke": "#!/bin/sh\n", "README": ""])
            let bad = try await registry.uploadArchive(["other": "#!/bin/sh\n"])
            var request = Requests.binary(tag: "latest")
            request["binaries"] = [
                "aarch64-apple-darwin": ["sha256": .string(good.description)],
                "x86_64-unknown-linux-gnu": ["sha256": .string(bad.description)],
                "x86_64-unknown-linux-musl": ["sha256": .string(Requests.digest), "url": "https://cdn.test/a"],
            ]
            let found = await problems { try await registry.publish(request) }
            #expect(found.map(\.path) == ["$.binaries.x86_64-unknown-linux-gnu.sha256"])
            #expect(found.map(\.code) == [.binaryNotInArchive])
            request["binaries"] = ["aarch64-apple-darwin": ["sha256": .string(good.description)]]
            try await registry.publish(request)
            #expect(
                try await registry.download("smoke")?["binaries"]?["aarch64-apple-darwin"]?["url"]
                    == .string("https://registry.test/blobs/sha256/\(good)")
            )
        }
    }
}
