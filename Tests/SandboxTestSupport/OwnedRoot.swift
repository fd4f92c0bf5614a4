// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
package import Sandboxing
package import SystemPackage
import TestSupport

/// What an image with files of several owners adds to the small root: of root, a worker, third ones, and groups.
package struct OwnedRoot: Sendable {
    private struct Entry {
        let path: String
        let user: UInt32
        let group: UInt32
        /// With the bits of the kind.
        let mode: UInt32
    }

    private static let entries = [
        Entry(path: "etc/secret", user: 0, group: 0, mode: 0o100_600),
        Entry(path: "srv", user: 0, group: 0, mode: 0o040_755),
        Entry(path: "srv/numeric", user: 70_000, group: 70_001, mode: 0o100_644),
        Entry(path: "srv/own", user: 1234, group: 1234, mode: 0o040_700),
        Entry(path: "srv/own/file", user: 1234, group: 1234, mode: 0o100_600),
        Entry(path: "srv/own/of-root", user: 0, group: 0, mode: 0o100_600),
        Entry(path: "srv/root", user: 0, group: 0, mode: 0o040_700),
        Entry(path: "srv/shared", user: 0, group: 50, mode: 0o042_775),
        Entry(path: "srv/shared/file", user: 33, group: 50, mode: 0o100_660),
        Entry(path: "srv/third", user: 33, group: 33, mode: 0o040_755),
        Entry(path: "srv/third/closed", user: 33, group: 33, mode: 0o100_600),
        Entry(path: "srv/third/open", user: 33, group: 33, mode: 0o100_644),
        Entry(path: "srv/zero", user: 0, group: 0, mode: 0o100_660),
    ]

    /// What makes them in a root; their owners only where that can be.
    package static var script: String {
        entries.map { entry in
            let isFolder = entry.mode & 0o170_000 == 0o040_000
            let make = isFolder ? "mkdir -p \(entry.path)" : "echo text > \(entry.path)"
            // A folder is closed last of all: see below.
            return make + (geteuid() == 0 ? "; chown \(entry.user):\(entry.group) \(entry.path)" : "")
        }.joined(separator: "\n") + "\n"
            + entries.reversed().map { "chmod \(String($0.mode & 0o7777, radix: 8)) \($0.path)" }.joined(
                separator: "\n"
            )
                + """

                echo app:x:1234:1234::/srv/own:/bin/sh >> etc/passwd
                printf 'app:x:1234:\\nstaff:x:50:app\\n' >> etc/group
                """
    }

    /// As the store has them beside an unpacked image.
    package static var owners: RootOwners {
        RootOwners(
            entries.map { entry in
                RootOwners.Entry(
                    path: Array(entry.path.utf8),
                    user: entry.user,
                    group: entry.group,
                    mode: entry.mode
                )
            }
        )
    }

    /// What the tier shows of them: `PATH USER:GROUP MODE` in rows.
    package static var shown: String {
        entries.map { "\($0.path) \($0.user):\($0.group) \(String($0.mode & 0o7777, radix: 8))\n" }.joined()
    }

    /// The same where all of them have one owner.
    package static func shownAs(owner: String) -> String {
        entries.map { "\($0.path) \(owner) \(String($0.mode & 0o7777, radix: 8))\n" }.joined()
    }

    /// What shows them so, as Python.
    package static var show: String {
        """
        import os
        for path in \(entries.map { "'\($0.path)'" }.joined(separator: ", ")):
            try: s = os.lstat("/" + path); print(path, "%d:%d" % (s.st_uid, s.st_gid), "%o" % (s.st_mode & 0o7777))
            except OSError: print(path, "closed")
        """
    }

    /// What a worker may do with each, as Python: rows of the path, then `r` and `w` as far as it may; of a folder whether it
    /// lists it and makes something in it.
    package static var tryAll: String {
        """
        import os
        def may(what):
            try: what(); return True
            except OSError: return False
        def use(path, flags): os.close(os.open(path, flags))
        def make(path):
            os.mkdir(path + "/made"); os.rmdir(path + "/made")
        for path in ["etc", \(entries.map { "'\($0.path)'" }.joined(separator: ", "))]:
            path = "/" + path
            if path in ("/etc", "/srv", "/srv/own", "/srv/root", "/srv/shared", "/srv/third"):
                reads, writes = may(lambda: os.listdir(path)), may(lambda: make(path))
            else:
                reads, writes = may(lambda: use(path, os.O_RDONLY)), may(lambda: use(path, os.O_WRONLY))
            print(path, ("r" if reads else "-") + ("w" if writes else "-"))
        """
    }

    /// A root with them, made for one test; and the file that tells of their owners.
    package static func make(in folder: FilePath) throws -> (root: FilePath, owners: FilePath) {
        try Shell.run("cp -a '\(try SmallRoot.make())' root", in: folder)
        try Shell.run(script, in: folder.appending("root"))
        let list = folder.appending("owners")
        try Data(owners.bytes).write(to: URL(fileURLWithPath: list.string))
        return (folder.appending("root"), list)
    }
}
