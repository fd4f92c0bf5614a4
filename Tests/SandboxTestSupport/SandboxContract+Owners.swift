// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// Whose the files of an image are, and who may do what with them: as in a container.
extension SandboxContract {
    /// Somebody of the image, and what he may.
    private struct Visitor {
        let worker: WorkerUser
        let owners: SandboxSpecification.Owners
        let may: String
    }

    private static let visitors = [
        Visitor(
            worker: WorkerUser(user: 1234, group: 1234, groups: [50]),
            owners: .asInImage,
            may: """
                /etc r-
                /etc/secret --
                /srv r-
                /srv/numeric r-
                /srv/own rw
                /srv/own/file rw
                /srv/own/of-root --
                /srv/root --
                /srv/shared rw
                /srv/shared/file rw
                /srv/third r-
                /srv/third/closed --
                /srv/third/open r-
                /srv/zero --

                """
        ),
        // A number that the image does not know.
        Visitor(
            worker: WorkerUser(user: 4321, group: 0),
            owners: .asInImage,
            may: """
                /etc r-
                /etc/secret --
                /srv r-
                /srv/numeric r-
                /srv/own --
                /srv/own/file --
                /srv/own/of-root --
                /srv/root --
                /srv/shared r-
                /srv/shared/file --
                /srv/third r-
                /srv/third/closed --
                /srv/third/open r-
                /srv/zero rw

                """
        ),
        Visitor(
            worker: WorkerUser(user: 70_000, group: 70_001),
            owners: .asInImage,
            may: """
                /etc r-
                /etc/secret --
                /srv r-
                /srv/numeric rw
                /srv/own --
                /srv/own/file --
                /srv/own/of-root --
                /srv/root --
                /srv/shared r-
                /srv/shared/file --
                /srv/third r-
                /srv/third/closed --
                /srv/third/open r-
                /srv/zero --

                """
        ),
        // Root in a container.
        Visitor(
            worker: .standard,
            owners: .worker,
            may: everything
        ),
    ]

    private static var everything: String { OwnedRootPaths.all.map { "\($0) rw\n" }.joined() }

    private enum OwnedRootPaths {
        static let all = [
            "/etc", "/etc/secret", "/srv", "/srv/numeric", "/srv/own", "/srv/own/file", "/srv/own/of-root", "/srv/root",
            "/srv/shared", "/srv/shared/file", "/srv/third", "/srv/third/closed", "/srv/third/open", "/srv/zero",
        ]
    }

    private func specification(
        _ worker: WorkerUser,
        _ owners: SandboxSpecification.Owners,
        _ root: (root: FilePath, owners: FilePath),
        _ script: String
    ) throws -> SandboxSpecification {
        var specification = try fixture.specification("", workspace: .none)
        specification.base = .rootFileSystem(root.root, digest: Digest.sha256("owned root \(root.root)".utf8))
        specification.ownersList = root.owners
        (specification.user, specification.owners, specification.rootLayer) = (worker, owners, .privateLayer)
        specification.directory = "/"
        specification.command = ["python3", "-c", script]
        return specification
    }

    package func letsEverybodyDoWhatHeMayInAContainer() async throws {
        try await withTemporaryDirectory { folder in
            let root = try OwnedRoot.make(in: folder)
            for visitor in Self.visitors {
                let asked = try specification(visitor.worker, visitor.owners, root, OwnedRoot.tryAll)
                let (_, output, errors) = try await fixture.run(asked)
                let expected = fixture.lendsOneNumber ? Self.everything : visitor.may
                #expect(output == expected, "\(visitor.worker) \(errors)")
            }
        }
    }

    /// With a list of them, and where nobody wrote one.
    package func showsTheOwnersOfTheImage() async throws {
        let script =
            OwnedRoot.show + """

                print(os.getuid(), os.getgid(), os.getgroups())
                open("/srv/own/new", "w").close(); s = os.stat("/srv/own/new"); print(s.st_uid, s.st_gid)
                open("/srv/shared/new", "w").close(); s = os.stat("/srv/shared/new"); print(s.st_uid, s.st_gid)
                try: os.chown("/srv/own/new", 0, 0); print("given")
                except OSError: print("kept")
                for line in open("/proc/self/status"):
                    if line.startswith(("CapPrm", "CapBnd", "CapEff")): assert int(line.split()[1], 16) == 0, line
                print(os.stat("/").st_uid, os.stat("/etc/passwd").st_uid, os.stat("/usr/bin/sh").st_uid)
                """
        try await withTemporaryDirectory { folder in
            let root = try OwnedRoot.make(in: folder)
            let app = WorkerUser(user: 1234, group: 1234, groups: [50])
            let (_, output, errors) = try await fixture.run(try specification(app, .asInImage, root, script))
            let expected =
                fixture.lendsOneNumber
                ? OwnedRoot.shownAs(owner: "1234:1234") + "1234 1234 []\n1234 1234\n1234 1234\nkept\n1234 1234 1234\n"
                : OwnedRoot.shown + "1234 1234 [50]\n1234 1234\n1234 50\nkept\n0 0 0\n"
            #expect(output == expected, "\(errors)")
        }
    }

    /// What is not there is made for the worker, as no image has to say whose it is.
    package func makesTheFolderToStartInForTheWorker() async throws {
        try await withTemporaryDirectory { folder in
            let root = try OwnedRoot.make(in: folder)
            let script =
                "import os; print(os.getcwd()); open('file', 'w').close(); print(os.stat('.').st_uid, os.stat('..').st_uid)"
            var asked = try specification(WorkerUser(user: 33, group: 34), .asInImage, root, script)
            asked.directory = "/var/made/deep"
            let (_, output, errors) = try await fixture.run(asked)
            #expect(output == "/var/made/deep\n33 \(fixture.lendsOneNumber ? 33 : 0)\n", "\(errors)")
        }
    }
}
