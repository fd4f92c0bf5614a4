// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// What every backend must do with a root file system as base: the fixture's base is one.
extension SandboxContract {
    /// A worker of an image: all of the root is its own.
    private func imageWorker(_ script: String) throws -> SandboxSpecification {
        var specification = try fixture.specification(script, workspace: .none)
        (specification.rootLayer, specification.owners) = (.privateLayer, .worker)
        specification.directory = "/"
        return specification
    }

    package func keepsTheBaseFromAWorkerThatMayNotWriteIt() async throws {
        let script = "echo x > /etc/new || true; echo x > /usr/bin/sh || true; cat /etc/secret || true; ls /etc"
        let output = try await fixture.run(try fixture.specification(script)).output
        #expect(!output.contains("new\n"))
        #expect(!output.contains("secret\nsecret"))
    }

    package func laysAPrivateLayerOverTheRoot() async throws {
        let script = """
            ls /etc /var/lib; cat /etc/secret
            mkdir /var/lib/own; echo mine > /var/lib/own/file; echo more >> /etc/secret; rm /usr/bin/true
            cat /var/lib/own/file /etc/secret; test -e /usr/bin/true || echo removed; test -e /workspace || echo none
            """
        let first = try await fixture.run(try imageWorker(script))
        #expect(first.exit == .exited(status: 0), "\(first.errors)")
        #expect(first.output.hasSuffix("secret\nmine\nsecret\nmore\nremoved\nnone\n"), "\(first.output)\(first.errors)")
        #expect(try await fixture.run(try imageWorker(script)).output == first.output)
    }

    package func keepsALayerThatIsToStay() async throws {
        try await withTemporaryDirectory { folder in
            let layer = folder.appending("layer")
            for expected in ["run\n", "run\nrun\n"] {
                var specification = try imageWorker(
                    "echo run >> /var/lib/n; cat /var/lib/n"
                )
                specification.rootLayer = .persistent(layer)
                let (exit, output, errors) = try await fixture.run(specification)
                #expect(exit == .exited(status: 0), "\(errors)")
                #expect(output == expected, "\(errors)")
            }
        }
    }

    package func boundsThePrivateLayer() async throws {
        var specification = try imageWorker("")
        specification.command = [
            "python3", "-c",
            """
            try:
                with open("/var/lib/fill", "wb") as file:
                    for _ in range(400): file.write(b"x" * (1 << 20)); file.flush()
                print("filled")
            except OSError as error: print("held", error.errno)
            """,
        ]
        #expect(try await fixture.run(specification).output == "held 28\n")
    }

    package func isTheUserInTheFolderThatIsAskedFor() async throws {
        var specification = try imageWorker("id -u; id -g; pwd; echo x > file; cat file")
        specification.user = WorkerUser(user: 33, group: 34)
        specification.directory = "/srv/made/deep"
        let (_, output, errors) = try await fixture.run(specification)
        #expect(output == "33\n34\n/srv/made/deep\nx\n", "\(errors)")
    }

    package func stopsByTheSignalThatIsAskedFor() async throws {
        let output = CollectedOutput()
        var specification = try imageWorker("trap 'echo asked; exit 4' USR1; echo ready; while :; do sleep 0.05; done")
        specification.stopSignal = 10
        let sandbox = try await fixture.backend.start(specification, output: output)
        await output.wait(for: "ready")
        #expect(await sandbox.stop(grace: .seconds(60)) == .exited(status: 4))
        #expect(output.output == "ready\nasked\n")
    }

    /// Python, ssh and others ask for the name and the home of their user.
    package func givesTheUserANameAndAHome() async throws {
        let script = """
            import grp, os, pwd
            own = pwd.getpwuid(os.getuid())
            print(own.pw_name, own.pw_uid, own.pw_gid, own.pw_dir, grp.getgrgid(own.pw_gid).gr_name)
            print(os.path.expanduser("~" + own.pw_name), pwd.getpwuid(1000).pw_name)
            """
        var known = try imageWorker("")
        known.command = ["python3", "-c", script]
        var unknown = known
        unknown.user = WorkerUser(user: 4321, group: 4322)
        unknown.environment["HOME"] = "/srv/home"
        let (_, first, complaint) = try await fixture.run(known)
        #expect(first == "worker 1000 1000 /home/worker worker\n/home/worker worker\n", "\(complaint)")
        // The image has another one of the name.
        let (_, second, _) = try await fixture.run(unknown)
        #expect(second == "worker4321 4321 4322 /srv/home worker\n/srv/home worker\n", "\(second)")
    }
}
