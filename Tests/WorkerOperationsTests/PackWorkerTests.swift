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
                try HostFiles.write(TestProgram.for(target), to: source.appending("build/\(target)"))
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

    private func packBuild(
        _ bytes: [UInt8],
        for target: String,
        named file: String = "build",
        manifest: String = ""
    ) async throws -> PackWorker.Outcome {
        try await withTemporaryDirectory { folder in
            let source = folder.appending("source")
            try HostFiles.makeDirectory(source)
            try HostFiles.write(
                Array("name: n\nversion: 1.0.0\ndeploy: binary\n\(manifest)".utf8),
                to: source.appending("iii.worker.yaml")
            )
            try HostFiles.write(bytes, to: source.appending(file))
            var options = PublishRequestOptions(folder: source)
            options.builds = [.init(target: try TargetTriple(parsing: target), file: source.appending(file))]
            return try await PackWorker(home: IIIHome(root: folder.appending("home")), host: nil).run(options, to: nil)
        }
    }

    /// Of every platform a program is taken for it, and for no other.
    @Test func aBuildIsAProgramForItsTarget() async throws {
        let targets = [
            "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-musl", "armv7-unknown-linux-gnueabihf",
            "i686-unknown-linux-gnu",
            "riscv64gc-unknown-linux-gnu", "x86_64-apple-darwin", "aarch64-apple-darwin", "x86_64-pc-windows-msvc",
            "i686-pc-windows-msvc", "aarch64-pc-windows-msvc",
        ]
        for program in targets {
            for target in targets {
                let format = ProgramFormat(of: TestProgram.for(program))
                #expect(
                    format.isFor(try TargetTriple(parsing: target)) == (program == target),
                    "\(program) as \(target)"
                )
            }
            #expect(try await packBuild(TestProgram.for(program), for: program).plan.uploads.count == 1)
        }
        // Two in one file, as `lipo` makes them.
        let both: [UInt8] =
            [0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 2, 1, 0, 0, 7] + [UInt8](repeating: 0, count: 16)
            + [1, 0, 0, 0x0C] + [UInt8](repeating: 0, count: 16)
        for target in ["x86_64-apple-darwin", "aarch64-apple-darwin"] {
            #expect(try await packBuild(both, for: target).plan.uploads.count == 1)
        }
    }

    @Test(arguments: [
        (
            TestProgram.for("x86_64-unknown-linux-gnu"), "aarch64-apple-darwin",
            "is a program for Linux on x86_64, not a program for `aarch64-apple-darwin`",
            "publish it as `x86_64-unknown-linux-gnu`"
        ),
        (
            Array("#!/usr/bin/env python3\nprint()\n".utf8), "x86_64-unknown-linux-gnu",
            "is a script for `/usr/bin/env python3`", "`deploy: bundle`"
        ),
        (Array("print()\n".utf8), "x86_64-unknown-linux-gnu", "is text", "`deploy: bundle`"),
        ([], "x86_64-unknown-linux-gnu", "is empty", "build it"),
        (Array("PK\u{3}\u{4}".utf8), "x86_64-unknown-linux-gnu", "is a zip file", "build it"),
        ([0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 0x41], "x86_64-apple-darwin", "is a class of Java", "build it"),
        (
            TestProgram.for("x86_64-unknown-linux-gnu"), "foo-bar", "`foo-bar` is not a target that is known",
            "known are `x86_64-unknown-linux-gnu`"
        ),
        (
            TestProgram.for("x86_64-unknown-linux-gnu"), "x86_64-linux", "`x86_64-linux` is not",
            "did you mean `x86_64-unknown-linux-gnu`?"
        ),
        (
            TestProgram.for("x86_64-unknown-linux-gnu"), "arm64-macos", "`arm64-macos` is not",
            "did you mean `aarch64-apple-darwin`?"
        ),
        (
            TestProgram.for("x86_64-unknown-linux-gnu"), "x86_64-unknown-linux-gun", "is not a target",
            "did you mean `x86_64-unknown-linux-gnu`?"
        ),
    ])
    func whatIsNoProgramForItsTargetIsRefused(
        _ bytes: [UInt8],
        _ target: String,
        _ reason: String,
        _ remedy: String
    ) async throws {
        let error = await #expect(throws: PublishError.self) { _ = try await packBuild(bytes, for: target) }
        #expect(
            error?.code == .packingRefused && error?.message.contains(reason) == true,
            "\(error?.message ?? "nothing")"
        )
        #expect(error?.hints.first?.contains(remedy) == true, "\(error?.hints ?? [])")
    }

    /// An archive is looked into, by the rules that installing holds it to.
    @Test(arguments: [
        ("tar -czf build n", nil as String?),
        ("mv n other; tar -czf build other", "the archive has no regular file `n`"),
        ("printf '#!/bin/sh' > n; tar -czf build n", "the executable in"),
        ("mkdir d; cp n d; tar -czf build n d", "two files `n`"),
    ])
    func anArchiveHoldsAProgramForItsTarget(_ commands: String, _ reason: String?) async throws {
        try await withTemporaryDirectory { folder in
            try HostFiles.write(TestProgram.for("x86_64-unknown-linux-gnu"), to: folder.appending("n"))
            try Shell.run(commands, in: folder)
            let bytes = try HostFiles.read(folder.appending("build"), upTo: .mebibytes(1)) ?? []
            let result = await Result { try await packBuild(bytes, for: "x86_64-unknown-linux-gnu") }
            switch (result, reason) {
            case (.success(let outcome), nil): #expect(outcome.plan.uploads.map(\.size) == [ByteCount(bytes.count)])
            case (.failure(let error as PublishError), let reason?):
                #expect(error.message.contains(reason), "\(error.message)")
            default: Issue.record("\(result)")
            }
        }
    }

    /// `--artifact` adds to what the manifest names.
    @Test func aBuildThatIsNamedTakesThePlaceOfThatForItsTargetAlone() async throws {
        let (linux, mac) = (TestProgram.for("x86_64-unknown-linux-gnu"), TestProgram.for("aarch64-apple-darwin"))
        let named = "artifacts:\n  x86_64-unknown-linux-gnu: gone\n"
        let error = await #expect(throws: PublishError.self) {
            _ = try await packBuild(mac, for: "aarch64-apple-darwin", manifest: named)
        }
        #expect(error?.message.contains("/gone`") == true)
        let both = "artifacts:\n  aarch64-apple-darwin: build\n  x86_64-unknown-linux-gnu: gone\n"
        let instead = await #expect(throws: PublishError.self) {
            _ = try await packBuild(linux, for: "x86_64-unknown-linux-gnu", manifest: both)
        }
        #expect(
            instead?.message.contains("not a program for `aarch64-apple-darwin`") == true,
            "\(instead?.message ?? "")"
        )
        let replaced = try await packBuild(linux, for: "x86_64-unknown-linux-gnu", manifest: named)
        #expect(replaced.plan.uploads.map(\.target?.description) == ["x86_64-unknown-linux-gnu"])
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
