// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Namespaces
import SandboxTestSupport
import Sandboxing
import SystemPackage
import TestSupport
import Testing

/// A worker that comes by a folder of the host, by whichever mistake, finds it closed where the kernel has Landlock.
///
/// The mistake is made here on purpose: somebody outside hands an open folder through a socket in the worker's home.
@Suite(.timeLimit(.minutes(10)))
struct LandlockTests {
    private static let asking = """
        import array, os, socket
        s = socket.socket(socket.AF_UNIX); s.connect("/home/worker/door")
        data, passed, _, _ = s.recvmsg(16, socket.CMSG_SPACE(4))
        folder = array.array("i", passed[0][2])[0]
        try: print("read", os.read(os.open("marker", os.O_RDONLY, dir_fd=folder), 64))
        except PermissionError: print("closed")
        print(sorted(os.listdir("/workspace")), open("/dev/null", "w").write("x"), open("/proc/self/comm").readable())
        os.makedirs("/tmp/a/b"); open("/tmp/a/b/f", "w").close(); os.rename("/tmp/a/b/f", "/tmp/f"); print("moved")
        """

    private func ask(_ features: NamespacesBackend.Features) async throws -> (String, SandboxEnforcement) {
        let backend = NamespacesBackend(guest: Here.guest, bubblewrap: Here.bubblewrap, features: features)
        return try await withTemporaryDirectory { folder in
            // The socket's path is short, whatever the folder's is: it is bound from within.
            try Shell.run(
                """
                mkdir home outside; chmod 777 home outside; chmod 755 .; echo host-secret > outside/marker
                cat > door.py <<'END'
                import array, os, socket
                # Whoever else starts a program at this moment waits for the end of what it inherits.
                os.closerange(3, 1024)
                os.chdir("home")
                s = socket.socket(socket.AF_UNIX); s.bind("door"); os.chmod("door", 0o777); s.listen()
                print("up", flush=True)
                s.settimeout(300)
                c, _ = s.accept()
                folder = os.open("../outside", os.O_RDONLY)
                c.sendmsg([b"here"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [folder]))])
                END
                mkfifo up
                python3 door.py > up 2> complaints & echo $! > pid
                read -r line < up || cat complaints >&2
                """,
                in: folder
            )
            defer { _ = try? Shell.run("kill -9 $(cat pid) || true", in: folder) }
            var specification = try SandboxFixture(backend: backend, base: .host).specification("")
            specification.home = folder.appending("home")
            specification.command = ["python3", "-c", Self.asking]
            let output = CollectedOutput()
            let sandbox = try await backend.start(specification, output: output)
            #expect(await sandbox.exit() == .exited(status: 0), "\(output.errors)")
            return (output.output, sandbox.enforcement)
        }
    }

    private static let rest = "[] 1 True\nmoved\n"

    @Test func aFolderFromElsewhereIsClosed() async throws {
        let (output, enforcement) = try await ask(NamespacesBackend.Features())
        let isHere = HostProcess.landlockVersion.map { $0 >= 2 } ?? false
        #expect((enforcement.landlock != nil) == isHere)
        #expect(output == (isHere ? "closed\n" : "read b'host-secret\\n'\n") + Self.rest)
    }

    /// That the kernel would let it in without these rules.
    @Test func withoutItTheFolderIsOpen() async throws {
        var features = NamespacesBackend.Features()
        features.landlock = false
        let (output, enforcement) = try await ask(features)
        #expect(enforcement.landlock == nil)
        #expect(output == "read b'host-secret\\n'\n" + Self.rest)
    }
}
