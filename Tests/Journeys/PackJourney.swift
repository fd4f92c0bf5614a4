// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import SystemPackage
import TestSupport
import Testing

/// What is packed depends on the files alone, and never holds what nobody meant to publish.
@Suite struct PackJourney {
    /// A worker with what trips packers: long and foreign names, an empty file, executables, what is left out.
    private static let tree = [
        "iii.worker.yaml": "name: twin\nversion: 1.0.0\nlanguage: python\nscripts:\n  start: python main.py\n",
        "main.py": "print('twin')\n", "bin/tool": "#!/bin/sh\n", "empty": "", "données/été.txt": "chaud\n",
        "y/" + String(repeating: "a-folder-with-a-long-name/", count: 6) + "leaf.txt": "leaf\n", ".env": "SECRET=1\n",
        ".iiiignore": "*.log\n", "noise.log": "left out\n", "Z": "capital\n", "a": "small\n",
        "big.txt": String(repeating: "0123456789", count: 30_000),
    ]

    private static let native = [
        "iii.worker.yaml": "name: twin\nversion: 1.0.0\ndeploy: binary\nartifacts:\n"
            + "  x86_64-unknown-linux-gnu: build/linux\n  x86_64-pc-windows-msvc: build/windows.exe\n"
    ]

    private static let builds = [
        "build/linux": TestProgram.for("x86_64-unknown-linux-gnu", holding: String(repeating: "elf", count: 10_000)),
        "build/windows.exe": TestProgram.for("x86_64-pc-windows-msvc", holding: String(repeating: "pe", count: 9_999)),
    ]

    @Test(arguments: [(tree, [:], 1), (native, builds, 2)])
    func inTwoFoldersAtTwoTimesByTwoUsersTheBytesAreOne(
        _ files: [String: String],
        _ programs: [String: [UInt8]],
        _ count: Int
    ) async throws {
        try await Road.open { road in
            let (mine, theirs) = (road.folder.appending("mine"), road.folder.appending("elsewhere/very/deep/theirs"))
            try road.write(files, in: mine)
            try road.write(files, in: theirs)
            for (name, bytes) in programs {
                for folder in [mine, theirs] { try road.write(name, bytes, in: folder) }
            }
            // Written in another order, long ago, by somebody with other habits.
            try Shell.run(
                """
                chmod 755 '\(road.folder)'; cd '\(theirs)'
                find . -type f -exec chmod 600 {} + -exec touch -d '2001-02-03 04:05:06' {} +
                find . -name tool -exec chmod 711 {} +
                chown -R \(geteuid() == 0 ? OrdinaryUser.id : "$(id -u)") .
                cd '\(mine)'; find . -type f -exec chmod 664 {} +; find . -name tool -exec chmod 775 {} +
                """,
                in: road.folder
            )
            let (here, there) = (road.folder.appending("here"), road.folder.appending("there"))
            for folder in [here, there] {
                try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            }
            try OrdinaryUser.own(there)
            try await road.does("worker", "pack", mine.string, "--output", here.string)
            let second = try await road.asUser(
                ["worker", "pack", ".", "--output", there.string],
                home: there.appending("home"),
                in: theirs,
                variables: ["TZ": "Asia/Tokyo", "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"]
            )
            #expect(second.status == 0, "\(second.talk)")
            let digests = try [here, there].map { folder in
                try Shell.run("sha256sum twin-1.0.0*.tar.gz $(ls | grep zip || true)", in: folder)
            }
            #expect(digests[0] == digests[1])
            #expect(digests[0].split(separator: "\n").count == count, "\(digests[0])")
        }
    }

    @Test(arguments: [
        (
            "deploy.key", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n",
            "a private key"
        ),
        ("src/settings.py", "TOKEN = 'ghp_" + String(repeating: "a1", count: 18) + "'\n", "a GitHub token"),
        ("notes.txt", "iii_" + String(repeating: "Ab3", count: 15) + "\n", "a key of a worker registry"),
    ])
    func aPlantedKeyStopsEveryCommand(_ path: String, _ text: String, _ what: String) async throws {
        try await Road.open { road in
            let source = road.folder.appending("leaky")
            let manifest = "name: leaky\nversion: 1.0.0\nlanguage: python\nscripts:\n  start: python main.py\n"
            try road.write(["iii.worker.yaml": manifest, "main.py": "", path: text], in: source)
            for command in [["check"], ["pack", "--list"], ["pack"], ["publish", "--dry-run"], ["publish"]] {
                let stopped = try await road.author([command[0], source.string] + command.dropFirst())
                let talk = stopped.output + stopped.talk
                #expect(stopped.status != 0 && talk.contains("`\(path)` seems to hold \(what)"), "\(command): \(talk)")
                #expect(!talk.contains(text.prefix(40)), "the secret itself is not shown")
            }
            #expect(road.tree(road.data.appending("blobs/sha256")).isEmpty)
            let meant = try await road.author("publish", source.string, "--allow-secret", path)
            #expect(meant.status == 0, "\(meant.talk)")
        }
    }
}
