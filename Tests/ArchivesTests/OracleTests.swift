// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
import TestSupport
import Testing

@testable import Archives

/// Archives that GNU tar, bsdtar and Python make are read, and what comes out is what those tools themselves extract.
struct OracleTests {
    /// Shell commands that make `archive.tar.gz` out of the folder `tree`.
    static let writers = [
        "tar --format=gnu -czf archive.tar.gz -C tree .",
        "tar --format=posix -czf archive.tar.gz -C tree .",
        "tar --format=pax --pax-option=delete=atime,comment=hello -czf archive.tar.gz -C tree .",
        "tar --format=posix --sort=name --owner=0 --numeric-owner -C tree -cf - . | gzip -9n > archive.tar.gz",
        "tar --format=gnu -b 1 -czf archive.tar.gz -C tree a long.d café 日本",
        "cd tree && find . -type f -print0 | tar --format=gnu --null -T - -czf ../archive.tar.gz",
        "bsdtar --format=pax -czf archive.tar.gz -C tree .",
        "bsdtar --format=gnutar -czf archive.tar.gz -C tree .",
        """
        python3 - <<'E'
        import tarfile
        with tarfile.open("archive.tar.gz", "w:gz", format=tarfile.GNU_FORMAT) as tar: tar.add("tree", ".")
        E
        """,
        """
        python3 - <<'E'
        import tarfile
        with tarfile.open("archive.tar.gz", "w:gz", format=tarfile.PAX_FORMAT, pax_headers={"comment": "git 0123"}) as tar:
            tar.add("tree", "package")
        E
        """,
    ]

    /// For formats whose paths are short.
    static let shortWriters = [
        "tar --format=ustar -czf archive.tar.gz -C tree .",
        "tar --format=v7 -czf archive.tar.gz -C tree .",
        "bsdtar --format=ustar -czf archive.tar.gz -C tree .",
    ]

    static let readers = [
        "tar -xzf archive.tar.gz -C other",
        "python3 -c 'import tarfile; tarfile.open(\"archive.tar.gz\").extractall(\"other\")'",
        "bsdtar -xf archive.tar.gz -C other",
    ]

    @Test(arguments: writers, readers)
    func extractsWhatOthersExtract(_ writer: String, _ reader: String) throws {
        try compare(writer: writer, reader: reader, hasLongPaths: true)
    }

    @Test(arguments: shortWriters, readers)
    func extractsShortPathsToo(_ writer: String, _ reader: String) throws {
        try compare(writer: writer, reader: reader, hasLongPaths: false)
    }

    private func compare(writer: String, reader: String, hasLongPaths: Bool) throws {
        try withTemporaryDirectory { root in
            try Self.makeTree(root, hasLongPaths: hasLongPaths)
            try Shell.run(writer, in: root)
            for engine in Extraction.engines {
                let ours = root.appending("ours-\(engine)")
                let others = root.appending("other")
                try HostFiles.makeDirectory(ours)
                try HostFiles.makeDirectory(others)
                let archive = try read(root.appending("archive.tar.gz"))
                let listing = try Extraction.read(archive, into: TreeExtractor(below: ours), engine: engine)
                try Shell.run(reader, in: root)
                let expected = try Tree(below: others)
                #expect(expected.files.count == (hasLongPaths ? 8 : 5))
                #expect(try Tree(below: ours) == expected)
                #expect(Tree(listing) == expected)
                let findings = try Extraction.read(archive, into: ArchiveInspector(), engine: engine)
                #expect(findings.listing == listing)
                try HostFiles.removeTree(others)
            }
        }
    }

    private static func makeTree(_ root: FilePath, hasLongPaths: Bool) throws {
        let long = String(repeating: "x", count: 120)
        let deep = (0..<12).map { "level-\($0)-" + String(repeating: "y", count: 30) }.joined(separator: "/")
        try Shell.run(
            """
            mkdir -p tree/a/b/c tree/empty tree/long.d
            printf 'hello' > tree/a/hello.txt
            printf '#!/bin/sh\\n' > tree/a/b/run && chmod 4755 tree/a/b/run
            : > tree/a/b/c/nothing
            head -c 300000 /dev/urandom > tree/a/noise.bin
            printf x > tree/long.d/z && chmod 600 tree/long.d/z
            """,
            in: root
        )
        guard hasLongPaths else { return }
        try Shell.run(
            """
            mkdir -p 'tree/café' 'tree/日本' tree/long.d/\(deep)
            printf 1 > 'tree/café/naïve – 🦊.txt'
            printf 2 > tree/long.d/\(long)
            head -c 1000 /dev/zero > tree/long.d/\(deep)/end
            """,
            in: root
        )
    }

    /// What each of them does about a link, a device or two names for one thing differs; we take none of it.
    @Test(arguments: ["ln -s /etc/passwd tree/link", "ln tree/a tree/link", "mkfifo tree/pipe"])
    func refusesWhatTheyWouldPack(_ command: String) throws {
        try withTemporaryDirectory { root in
            try Shell.run("mkdir tree && echo a > tree/a && \(command) && tar -czf archive.tar.gz -C tree .", in: root)
            let archive = try read(root.appending("archive.tar.gz"))
            let error = #expect(throws: ArchiveError.self) { try Extraction.read(archive, into: ArchiveInspector()) }
            guard case .refused(.kind, _) = error else {
                Issue.record("another error: \(String(describing: error))")
                return
            }
        }
    }

    @Test func dropsAttributesAndOwners() throws {
        try withTemporaryDirectory { root in
            try Shell.run(
                """
                mkdir tree && echo a > tree/a && chown 12345:54321 tree/a
                python3 -c 'import os; os.setxattr("tree/a", "user.colour", b"red")'
                tar --xattrs --format=posix -czf archive.tar.gz -C tree a
                """,
                in: root
            )
            let archive = try read(root.appending("archive.tar.gz"))
            let ours = root.appending("ours")
            try HostFiles.makeDirectory(ours)
            _ = try Extraction.read(archive, into: TreeExtractor(below: ours))
            let owner = try Shell.run(
                "stat -c %u:%a ours/a; python3 -c 'import os; print(os.listxattr(\"ours/a\"))'",
                in: root
            )
            #expect(owner == "\(try Shell.run("id -u", in: root).dropLast()):644\n[]\n")
        }
    }
}
