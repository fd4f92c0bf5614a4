// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// Runs attempts to escape as the worker of a sandbox, against things of the host that really are there.
package struct EscapeSuite: Sendable {
    package let fixture: SandboxFixture
    package init(_ fixture: SandboxFixture) { self.fixture = fixture }

    /// Things of the host that a worker must not reach.
    private struct Bait {
        let marker: FilePath
        let port: UInt16
        let process: String
        let abstract: String
        let socket: FilePath
        var folder: FilePath { marker.removingLastComponent() }

        func fill(_ program: String) -> String {
            program.replacing("MARKER", with: marker.string).replacing("PORT", with: String(port))
                .replacing("PID", with: process).replacing("ABSTRACT", with: abstract)
                .replacing("SOCKET", with: socket.string)
        }
    }

    /// All attempts at once, each in a process of its own, in one sandbox.
    ///
    /// Each must be held.
    package func holdsAll() async throws {
        try await withBait { bait in
            try Shell.run("mkdir bundle; echo own > bundle/file; chmod -R a+rX bundle", in: bait.folder)
            let bundle = bait.folder.appending("bundle")
            var specification = try fixture.specification("", workspace: .privateLayer(bundle))
            specification.command = ["python3", "-c", bait.fill(Self.driver(EscapeAttempt.all))]
            let (exit, output, errors) = try await fixture.run(specification)
            #expect(
                try Shell.run("ls bundle; cat bundle/file; cat marker", in: bait.folder) == "file\nown\nhost-secret\n"
            )
            #expect(exit == .exited(status: 0), "\(errors)")
            let lines = output.split(separator: "\n")
            #expect(lines.count == EscapeAttempt.all.count, "\(output)\(errors)")
            for (attempt, line) in zip(EscapeAttempt.all, lines) {
                #expect(line.hasPrefix("HELD"), "\(attempt): \(line)")
            }
        }
    }

    /// The same programs without protection, so that what is held is known to be an escape.
    package func succeedsUnprotected() async throws {
        try await withBait { bait in
            for attempt in EscapeAttempt.all {
                switch attempt.unprotected {
                case .succeeds: try succeedsUnprotected(attempt, bait)
                case .succeedsWhere(let condition):
                    let answer = try Shell.run("if \(condition); then echo yes; fi", in: "/")
                    if !answer.isEmpty { try succeedsUnprotected(attempt, bait) }
                case .notTried: continue
                }
            }
        }
    }

    private func succeedsUnprotected(_ attempt: EscapeAttempt, _ bait: Bait) throws {
        try withTemporaryDirectory { folder in
            // Process 1 may be closed even to root, where this machine is itself a guest: another one stands for it. What
            // is planted goes with the folder.
            let own = attempt.program.replacing("/proc/1/", with: "/proc/PID/").replacing("'/tmp/", with: "'\(folder)/")
            try Shell.run("cat > a.py <<'END'\n\(bait.fill(own))\nEND\n", in: folder)
            let output = try Shell.run("timeout 120 python3 a.py 2>&1", in: folder)
            // Of what the kernel was built without, nothing can be seen.
            #expect(output.hasPrefix("ESCAPED") || output.contains("[Errno 38]"), "\(attempt): \(output)")
        }
    }

    /// Whether nothing holds this process itself: only then an attempt can be seen to succeed.
    package static var isHostUnconfined: Bool {
        let script = """
            all=$(printf '%x' $(( (1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1 )))
            grep -qi "^CapEff:.0*$all$" /proc/self/status && grep -q '^Seccomp:.0$' /proc/self/status && echo yes || true
            """
        return (try? Shell.run(script, in: "/")) == "yes\n"
    }

    /// A program that runs attempts one after another, one line for each.
    private static func driver(_ attempts: [EscapeAttempt]) -> String {
        let programs = attempts.map { "'''\($0.program.replacing("\\", with: "\\\\"))'''" }
        return """
            import ctypes, errno, fcntl, glob, os, pty, signal, socket, struct, sys, termios, time
            # A child for each, not a new interpreter: those take seconds in an emulated machine.
            for program in [\(programs.joined(separator: ",\n"))]:
                reading, writing = os.pipe()
                if os.fork() == 0:
                    os.dup2(writing, 1)
                    try: exec(program, {"__name__": "__main__"})
                    except BaseException as error: print("BROKEN", repr(error))
                    sys.stdout.flush()
                    os._exit(0)
                os.close(writing)
                lines = open(reading).read().splitlines() or ["BROKEN without a word"]
                os.wait()
                print(lines[0], flush=True)
            """
    }

    private func withBait(_ body: (Bait) async throws -> Void) async throws {
        let server = try await EchoServer.start()
        try await withTemporaryDirectory { folder in
            try Shell.run(
                """
                echo host-secret > marker; chmod 644 marker; chmod 755 .
                cat > bait.py <<'END'
                import os, socket, sys, time
                # Whoever else starts a program at this moment waits for the end of what it inherits.
                os.closerange(3, 1024)
                s = socket.socket(socket.AF_UNIX); s.bind("\\0" + sys.argv[1]); s.listen()
                t = socket.socket(socket.AF_UNIX); t.bind("socket"); os.chmod("socket", 0o777); t.listen()
                print("up", flush=True)
                time.sleep(600)
                END
                mkfifo up
                python3 bait.py \(folder.lastComponent?.string ?? "") sleep > up 2> complaints & echo $! > pid
                # The end of what it says, if it does not come so far.
                read -r line < up || cat complaints >&2
                """,
                in: folder
            )
            let process = try Shell.run("cat pid", in: folder).split(separator: "\n")[0]
            defer { _ = try? Shell.run("kill -9 \(process)", in: folder) }
            try await body(
                Bait(
                    marker: folder.appending("marker"),
                    port: server.port,
                    process: String(process),
                    abstract: folder.lastComponent?.string ?? "",
                    socket: folder.appending("socket")
                )
            )
        }
        await server.stop()
    }

    // MARK: Eaters

    /// What a worker may use up is its own.
    package func survivesEaters() async throws {
        for (name, script, expected) in Self.eaters {
            var specification = try fixture.specification("")
            specification.limits.memory = .mebibytes(96)
            specification.command = ["python3", "-c", script]
            let output = CollectedOutput(keeping: 4096)
            let sandbox = try await fixture.backend.start(specification, output: output)
            let exit = await sandbox.exit()
            #expect(output.output.contains(expected), "\(name): \(exit) \(output.output) \(output.errors)")
        }
    }

    private static let eaters: [(name: String, script: String, expected: String)] = [
        (
            "fork bomb",
            """
            import os, signal
            count = 0
            try:
                while count < 100000:
                    if os.fork() == 0: signal.pause()
                    count += 1
            except OSError as error: print("stopped", count < 200, error.errno)
            """, "stopped True 11"
        ),
        (
            "disk fill",
            """
            import os
            filled = []
            for place in ["/tmp", "/dev/shm", "/var/tmp", "/run", "/workspace", os.environ["HOME"]]:
                total = 0
                try:
                    with open(place + "/fill", "wb") as f:
                        while total < 1 << 30: total += f.write(b"x" * (1 << 20)); f.flush()
                    filled.append(place)
                except OSError as error: pass
                try: os.unlink(place + "/fill")
                except OSError: pass
            print("filled", filled)
            """, "filled []"
        ),
        (
            "descriptor exhaustion",
            """
            import os
            files = []
            try:
                while True: files.append(os.open("/dev/null", os.O_RDONLY))
            except OSError as error: print("stopped", len(files) <= 65536, error.errno)
            """, "stopped True 24"
        ),
    ]
}
