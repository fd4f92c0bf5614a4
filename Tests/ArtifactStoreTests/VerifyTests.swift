// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import ArtifactStore

/// Whatever is changed in an installed tree is found and named.
struct VerifyTests {
    @Test(arguments: [
        ("printf X > bin/run", ["bin/run"]),
        ("printf '#!/bin/sH\\n' > bin/run", ["bin/run"]),
        ("chmod 644 bin/run", ["bin/run"]),
        ("chmod 4555 bin/run", ["bin/run"]),
        ("rm bin/run", ["bin/run"]),
        ("rm -r bin", ["bin/run"]),
        ("touch bin/new", ["bin/new"]),
        ("mkdir new", ["new"]),
        ("mkdir new && touch new/file", ["new"]),
        ("mv bin/run bin/other", ["bin/other", "bin/run"]),
        ("rm bin/run && ln -s /bin/sh bin/run", ["bin/run", "bin/run"]),
        ("mv bin .bin && ln -s .bin bin", [".bin", "bin", "bin/run"]),
        ("rm bin/run && mkdir bin/run", ["bin/run", "bin/run"]),
        ("rm bin/run && mkfifo bin/run", ["bin/run", "bin/run"]),
        ("rmdir logs", ["logs"]),
        ("rmdir logs && touch logs", ["logs", "logs"]),
    ])
    func findsWhatWasChanged(_ command: String, _ paths: [String]) async throws {
        try await Fixture.with { fixture in
            let (key, tree) = try await Self.install(fixture)
            #expect(try await fixture.store.verify(key).isEmpty)
            try Shell.run(command, in: tree)
            #expect(try await fixture.store.verify(key).map(\.path) == paths)
        }
    }

    @Test func saysWhatItIsNow() async throws {
        try await Fixture.with { fixture in
            let (key, tree) = try await Self.install(fixture)
            try Shell.run("printf X > bin/run; chmod 600 iii.worker.yaml; rm assets/b; touch more", in: tree)
            let expected: [TreeDifference] = [
                .missing(path: "assets/b"),
                .contents(
                    path: "bin/run",
                    expected: .sha256(Array("#!/bin/sh\n".utf8)),
                    actual: .sha256(Array("X".utf8))
                ),
                .mode(path: "iii.worker.yaml", expected: 0o444, actual: 0o600),
                .extra(path: "more"),
            ]
            #expect(try await fixture.store.verify(key) == expected)
        }
    }

    @Test func replacingRepairs() async throws {
        try await Fixture.with { fixture in
            let (key, tree) = try await Self.install(fixture)
            let archive = try fixture.read(fixture.root.appending("bundle.tar.gz"))
            try Shell.run("printf X > bin/run; touch more", in: tree)
            let again = try await fixture.store.install(key, from: Body(bytes: archive), replacing: true)
            #expect(!again.wasPresent)
            #expect(try await fixture.store.verify(key).isEmpty)
            try fixture.expectNothingStaged()
            await #expect(throws: ArtifactStoreError.self) {
                try await fixture.store.install(key, from: Body(bytes: Array(archive.dropLast())), replacing: true)
            }
            #expect(try await fixture.store.verify(key).isEmpty, "what is there stays when its repair fails")
        }
    }

    @Test func needsItsListing() async throws {
        try await Fixture.with { fixture in
            let (key, _) = try await Self.install(fixture)
            let path = fixture.store.listingPath(of: key.folderName)
            try HostFiles.removeFile(path)
            let error = await #expect(throws: ArtifactStoreError.self) { try await fixture.store.verify(key) }
            #expect(error?.code == .installedContentChanged)
            _ = try fixture.store.remove(key.digest)
            let gone = await #expect(throws: ArtifactStoreError.self) { try await fixture.store.verify(key) }
            #expect(gone?.code == .notInstalled)
        }
    }

    @Test(arguments: ["an-earlier-boot", ""])
    func trustsWhatAnEarlierBootLeftOnlyWhereItIsWhole(_ boot: String) async throws {
        try await Fixture.with { fixture in
            let (key, tree) = try await Self.install(fixture)
            let path = fixture.store.listingPath(of: key.folderName)
            let written = try StoredListing.decode(try fixture.read(path), from: path)
            #expect(written.boot == HostBoot.identity && written.boot != nil)
            let older = StoredListing(listing: written.listing, boot: boot).encode()
            try HostFiles.write(older, to: path)
            #expect(try fixture.store.contains(key))
            #expect(try StoredListing.decode(try fixture.read(path), from: path).isSettled)

            try HostFiles.write(older, to: path)
            try Shell.run("chmod u+w assets/b && : > assets/b", in: tree)
            #expect(try !fixture.store.contains(key), "a power failure cut a file")
            let archive = try fixture.read(fixture.root.appending("bundle.tar.gz"))
            let again = try await fixture.store.install(key, from: Body(bytes: archive))
            #expect(!again.wasPresent)
            #expect(try await fixture.store.verify(key).isEmpty)
        }
    }

    private static func install(_ fixture: Fixture) async throws -> (ArtifactKey, FilePath) {
        try Shell.run(
            """
            mkdir -p tree/bin tree/assets tree/logs
            echo name: w > tree/iii.worker.yaml; echo '#!/bin/sh' > tree/bin/run; chmod 755 tree/bin/run; echo b > tree/assets/b
            tar -czf bundle.tar.gz -C tree .
            """,
            in: fixture.root
        )
        let archive = try fixture.read(fixture.root.appending("bundle.tar.gz"))
        let installed = try await fixture.store.install(.bundle(archive), from: Body(bytes: archive))
        return (installed.key, installed.tree)
    }
}

struct StoredListingTests {
    private static let listing = ArchiveListing(
        files: [
            .init(path: "naïve \"x\"", size: ByteCount(5), isExecutable: false, digest: .sha256([1])),
            .init(path: "bin/run", size: .gibibytes(3), isExecutable: true, digest: .sha256([2])),
        ],
        folders: ["bin", "logs/old", "logs"]
    )

    @Test func readsWhatItWrote() throws {
        for boot in [nil, "", "b-1"] {
            let bytes = StoredListing(listing: Self.listing, boot: boot).encode()
            let decoded = try StoredListing.decode(bytes, from: "f")
            #expect(decoded.listing == Self.listing)
            #expect(decoded.boot == boot)
        }
        let settled = StoredListing(listing: Self.listing, boot: nil).encode()
        let beginning =
            #"{"version":1,"boot":null,"files":[{"path":"bin/run","mode":"0755","size":3221225472,"sha256":"dbc1b4c9"#
        #expect(String(decoding: settled, as: UTF8.self).hasPrefix(beginning))
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"version":2,"files":[],"empty_folders":[]}"#, #"{"version":1,"files":[]}"#,
        #"{"version":1,"files":[{"path":"a","mode":"0777","size":1,"sha256":""}],"empty_folders":[]}"#,
        #"{"version":1,"files":[{"path":"a","mode":"0755","size":1,"sha256":"12"}],"empty_folders":[]}"#,
    ])
    func refusesAnythingElse(_ text: String) {
        let error = #expect(throws: ArtifactStoreError.self) { try StoredListing.decode(Array(text.utf8), from: "f") }
        #expect(error?.code == .installedContentChanged)
    }
}
