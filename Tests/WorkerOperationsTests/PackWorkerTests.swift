// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerOperations

@Suite struct PackWorkerTests {
    private func makeTree(_ folder: FilePath, backwards: Bool = false) throws {
        let files = [
            ("iii.worker.yaml", "name: a\nversion: 1.0.0\nscripts: {start: python -m a}\n"),
            ("a/main.py", "print(1)\n"),
            ("a/b/c.txt", "c"), (".gitignore", "*.pyc\n"), ("a/x.pyc", "no"), (".env", "SECRET=1"), (".git/HEAD", "x"),
            ("node_modules/.cache/y", "z"), ("node_modules/m/index.js", "m"),
        ]
        for (path, text) in backwards ? files.reversed() : files {
            let file = folder.appending(path)
            try HostFiles.makeDirectory(file.removingLastComponent(), mode: backwards ? 0o700 : 0o755)
            try HostFiles.write(Array(text.utf8), to: file, mode: backwards ? 0o600 : 0o664)
        }
        try HostFiles.setMode(backwards ? 0o711 : 0o755, of: folder.appending("a/main.py"))
    }

    private func pack(_ source: FilePath, to output: FilePath?, home: FilePath) async throws -> PackWorker.Outcome {
        try await PackWorker(home: IIIHome(root: home), host: nil).run(
            PublishRequestOptions(folder: source),
            to: output
        )
    }

    @Test func oneTreeInTwoFoldersAtTwoTimesByTwoUsersIsTheSameBytes() async throws {
        try await withTemporaryDirectory { folder in
            let (first, second) = (folder.appending("one"), folder.appending("another/two"))
            try makeTree(first)
            try makeTree(second, backwards: true)
            try Shell.run("touch -d 2001-02-03 another/two/a/main.py; chown -R 1234:1234 another/two", in: folder)
            let home = folder.appending("home")
            let left = try await pack(first, to: folder.appending("1.tar.gz"), home: home)
            let right = try await pack(second, to: folder.appending("2.tar.gz"), home: home)
            #expect(
                left.plan.files.map(\.path) == ["a/b/c.txt", "a/main.py", "iii.worker.yaml", "node_modules/m/index.js"]
            )
            #expect(left.plan.leftOut.sorted() == [".env", "node_modules/.cache"])
            let bytes = try HostFiles.read(folder.appending("1.tar.gz"), upTo: .mebibytes(1))
            #expect(try HostFiles.read(folder.appending("2.tar.gz"), upTo: .mebibytes(1)) == bytes && bytes != nil)
            #expect(left.plan.uploads.map(\.digest) == right.plan.uploads.map(\.digest))
        }
    }

    @Test func whatWasPackedBeforeIsNotPackedAgain() async throws {
        try await withTemporaryDirectory { folder in
            let source = folder.appending("source")
            try makeTree(source)
            let first = try await pack(source, to: source, home: folder.appending("home"))
            let second = try await pack(source, to: source, home: folder.appending("home"))
            #expect(first.archives == [source.appending("a-1.0.0.tar.gz")])
            #expect(first.plan.uploads.map(\.digest) == second.plan.uploads.map(\.digest))
        }
    }

    @Test func aPlantedKeyStopsIt() async throws {
        try await withTemporaryDirectory { folder in
            let source = folder.appending("source")
            try makeTree(source)
            let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n"
            try HostFiles.write(Array(key.utf8), to: source.appending("a/deploy.txt"))
            let error = await #expect(throws: PackingError.self) {
                _ = try await pack(source, to: folder.appending("x.tar.gz"), home: folder.appending("home"))
            }
            #expect(error?.message.contains("a/deploy.txt") == true)
            #expect(try HostFiles.kind(of: folder.appending("x.tar.gz")) == nil)
            var options = PublishRequestOptions(folder: source)
            options.allowedSecrets = ["a/deploy.txt"]
            let packer = PackWorker(home: IIIHome(root: folder.appending("home")), host: nil)
            #expect(try await packer.run(options, to: nil).plan.files.contains { $0.path == "a/deploy.txt" })
        }
    }

    @Test func eightTargetsMakeEightArchives() async throws {
        try await withTemporaryDirectory { folder in
            let source = folder.appending("source")
            let targets = [
                "aarch64-apple-darwin", "aarch64-pc-windows-msvc", "aarch64-unknown-linux-gnu",
                "armv7-unknown-linux-gnueabihf", "i686-pc-windows-msvc", "x86_64-apple-darwin",
                "x86_64-pc-windows-msvc",
                "x86_64-unknown-linux-gnu",
            ]
            try HostFiles.makeDirectory(source.appending("build"))
            var manifest = "name: native\nversion: 2.0.0\ndeploy: binary\nartifacts:\n"
            for target in targets {
                manifest += "  \(target): build/\(target)\n"
                try HostFiles.write(Array("program of \(target)".utf8), to: source.appending("build/\(target)"))
            }
            try HostFiles.write(Array(manifest.utf8), to: source.appending("iii.worker.yaml"))
            try HostFiles.makeDirectory(folder.appending("dist"))
            let outcome = try await pack(source, to: folder.appending("dist"), home: folder.appending("home"))
            #expect(
                outcome.archives.map { $0.lastComponent?.string }
                    == targets.map { target in
                        "native-2.0.0-\(target)." + (target.contains("windows") ? "zip" : "tar.gz")
                    }
            )
            let listing = try Shell.run(
                "tar -tzf native-2.0.0-armv7-unknown-linux-gnueabihf.tar.gz; unzip -Z1 native-2.0.0-i686-pc-windows-msvc.zip",
                in: folder.appending("dist")
            )
            #expect(listing == "native\nnative.exe\n")
            await #expect(throws: SeveralArchives.self) {
                _ = try await pack(source, to: folder.appending("one"), home: folder.appending("home"))
            }
        }
    }
}
