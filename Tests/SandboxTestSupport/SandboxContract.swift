// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// What every backend must do, as plain functions over a fixture; each backend's tests call all of them.
package struct SandboxContract: Sendable {
    package let fixture: SandboxFixture
    package init(_ fixture: SandboxFixture) { self.fixture = fixture }

    package func tellsOutputAndStatus() async throws {
        let (exit, output, errors) = try await fixture.run(
            fixture.specification("echo out; echo err >&2; pwd; id -u; exit 7")
        )
        #expect(exit == .exited(status: 7))
        #expect(output == "out\n/workspace\n1000\n")
        #expect(errors == "err\n")
    }

    package func tellsHowLongItTookToAnswer() async throws {
        let output = CollectedOutput()
        let began = ContinuousClock.now
        let sandbox = try await fixture.backend.start(fixture.specification("exit 0"), output: output)
        #expect(sandbox.answeredAfter > .zero && sandbox.answeredAfter < began.duration(to: .now))
        _ = await sandbox.exit()
    }

    package func setsTheEnvironmentOfWorkersAndNothingOfTheHosts() async throws {
        var specification = try fixture.specification("env | sort")
        specification.environment = ["GREETING": "hello world", "III_URL": "ws://elsewhere"]
        let output = try await fixture.run(specification).output
        let names = Set(output.split(separator: "\n").compactMap { $0.split(separator: "=").first.map(String.init) })
        #expect(output.contains("GREETING=hello world\n"))
        #expect(output.contains("III_URL=ws://127.0.0.1:49134\n"))
        #expect(output.contains("III_WORKER_NAME=contract\n"))
        #expect(output.contains("III_ISOLATION=\(fixture.backend.tier)\n"))
        #expect(output.contains("PYTHONUNBUFFERED=1\n"))
        #expect(
            names.isSubset(of: [
                "GREETING", "HOME", "III_ENGINE_URL", "III_ISOLATION", "III_URL", "III_WORKER_NAME", "LANG", "PATH",
                "PWD", "PYTHONUNBUFFERED",
                "TMPDIR", "OLDPWD", "SHLVL", "_",
            ])
        )
    }

    package func saysThatAProgramIsNotThere() async throws {
        var specification = try fixture.specification("")
        specification.command = ["/no/such/program"]
        let started = specification
        let error = await #expect(throws: SandboxError.self) {
            _ = try await fixture.backend.start(started, output: CollectedOutput())
        }
        guard case .notStarted(_, let detail)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(detail.contains("No such file"))
    }

    package func tellsOfCommandsWhatAShellWould() async throws {
        let sandbox = try await fixture.backend.start(fixture.specification("sleep 600"), output: CollectedOutput())
        for (program, expected) in [
            ("/no/such/program", 127), ("no-such-program", 127), ("/etc/passwd", 126), ("/tmp", 126),
        ] {
            let error = await #expect(throws: SandboxError.self) {
                _ = try await sandbox.execute(ExecRequest(command: [program]), output: CollectedOutput())
            }
            guard case .notExecuted(_, _, let status)? = error else {
                Issue.record("\(program): \(String(describing: error))")
                continue
            }
            #expect(status == Int32(expected), "\(program)")
        }
        await sandbox.stop(grace: .zero)
    }

    package func tellsSignalsApart() async throws {
        #expect(try await fixture.run(fixture.specification("kill -SEGV $$")).exit == .signalled(11))
    }

    package func stopsByAskingFirst() async throws {
        let output = CollectedOutput()
        let script = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
        let sandbox = try await fixture.backend.start(fixture.specification(script), output: output)
        await output.wait(for: "ready")
        #expect(await sandbox.stop(grace: .seconds(30)) == .exited(status: 3))
        #expect(output.output == "ready\nbye\n")
        #expect(await sandbox.exit() == .exited(status: 3))
    }

    package func killsWhoDoesNotListen() async throws {
        let output = CollectedOutput()
        let script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
        let sandbox = try await fixture.backend.start(fixture.specification(script), output: output)
        await output.wait(for: "ready")
        #expect(await sandbox.stop(grace: .milliseconds(100)) == .signalled(9))
    }

    package func runsFurtherCommandsBesideTheWorker() async throws {
        let (output, own) = (CollectedOutput(), CollectedOutput())
        let sandbox = try await fixture.backend.start(
            fixture.specification("echo $$ > /tmp/worker; echo ready; sleep 600"),
            output: output
        )
        await output.wait(for: "ready")
        let request = ExecRequest(
            command: ["/bin/sh", "-c", "cat; cat /tmp/worker >&2; exit 5"],
            environment: ["A": "b"]
        )
        let command = try await sandbox.execute(request, output: own)
        let text = String(repeating: "0123456789", count: 50_000)
        await command.write(Array(text.utf8))
        await command.endInput()
        #expect(await command.exit() == .exited(status: 5))
        #expect(own.output == text)
        #expect(!own.errors.isEmpty)
        let absent = ExecRequest(command: ["/no/such"])
        await #expect(throws: SandboxError.self) { try await sandbox.execute(absent, output: own) }
        #expect(await sandbox.isResponsive(within: .seconds(30)))
        await sandbox.stop(grace: .zero)
        #expect(await !sandbox.isResponsive(within: .seconds(30)))
        await #expect(throws: SandboxError.self) { try await sandbox.execute(request, output: own) }
    }

    package func givesCommandsATerminal() async throws {
        let own = CollectedOutput()
        let sandbox = try await fixture.backend.start(fixture.specification("sleep 600"), output: CollectedOutput())
        let script = "test -t 0 && test -t 1 && stty size; read line; echo got $line; stty size"
        let request = ExecRequest(
            command: ["/bin/sh", "-c", script],
            terminal: TerminalSize(rows: 24, columns: 80)
        )
        let command = try await sandbox.execute(request, output: own)
        await own.wait(for: "24 80")
        await command.resize(to: TerminalSize(rows: 50, columns: 132))
        await command.write(Array("abc\n".utf8))
        #expect(await command.exit() == .exited(status: 0))
        #expect(own.output.contains("got abc\r\n50 132\r\n"))
        await sandbox.stop(grace: .zero)
    }

    package func carriesConnectionsToTheEngine() async throws {
        let engine = try await EchoServer.start()
        let script = """
            import socket, threading
            done = []
            def one(n):
                s = socket.create_connection(("127.0.0.1", 49134))
                data = bytes([n]) * 700000
                threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR))).start()
                got = b""
                while True:
                    piece = s.recv(65536)
                    if not piece: break
                    got += piece
                assert got == data, (n, len(got))
                done.append(n)
            all = [threading.Thread(target=one, args=(n,)) for n in range(5)]
            [t.start() for t in all]; [t.join() for t in all]
            print("echoed", len(done))
            """
        var specification = try fixture.specification("", engine: engine.port)
        specification.command = ["python3", "-c", script]
        let (exit, output, errors) = try await fixture.run(specification)
        #expect(output == "echoed 5\n", "\(errors)")
        #expect(exit == .exited(status: 0))
        #expect(engine.visits == 5)
        await engine.stop()
    }

    /// Servers ask at their start which interfaces there are, by whatever their language has for that.
    package func tellsWhichInterfacesThereAre() async throws {
        let script = """
            import ctypes, os, socket, struct
            print([name for _, name in socket.if_nameindex()])
            class Entry(ctypes.Structure): pass
            Entry._fields_ = [("next", ctypes.POINTER(Entry)), ("name", ctypes.c_char_p)]
            libc, first, names = ctypes.CDLL(None), ctypes.POINTER(Entry)(), set()
            assert libc.getifaddrs(ctypes.byref(first)) == 0
            while first: names.add(first.contents.name.decode()); first = first.contents.next
            print(names)
            for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM):
                s = socket.socket(socket.AF_NETLINK, kind | socket.SOCK_CLOEXEC, 0)
                s.bind((0, 0))
                s.send(struct.pack("=IHHIIBxxx", 20, 18, 0x301, 1, 0, 0))
                print(b"lo\\0" in s.recv(65536))
            """
        var specification = try fixture.specification("")
        specification.command = ["python3", "-c", script]
        let (_, output, errors) = try await fixture.run(specification)
        #expect(output == "['lo']\n{'lo'}\nTrue\nTrue\n", "\(errors)")
    }

    /// As a container has it: programs look for these, and stop or guess without.
    package func hasWhatAContainerHas() async throws {
        let script = """
            import os, socket
            name = socket.gethostname()
            print(name, socket.gethostbyname(name), open("/etc/hostname").read() == name + "\\n")
            for place in ("/tmp", "/dev/shm"): print(oct(os.stat(place).st_mode & 0o7777))
            lines = [line.split(":", 2) for line in open("/proc/self/cgroup").read().split("\\n") if line]
            own = {name: path for _, names, path in lines for name in names.split(",")}
            if "memory" in own: file = "/sys/fs/cgroup/memory" + own["memory"] + "/memory.limit_in_bytes"
            else: file = "/sys/fs/cgroup" + own[""] + "/memory.max"
            print(int(open(file).read()) >> 20)
            try: open(file, "w").write("max")
            except OSError as error: print("kept")
            """
        var specification = try fixture.specification("")
        specification.command = ["python3", "-c", script]
        let (_, output, errors) = try await fixture.run(specification)
        #expect(output == "sandbox 127.0.0.1 True\n0o1777\n0o1777\n128\nkept\n", "\(errors)")
    }

    package func opensWhatIsAllowedAndNothingElse() async throws {
        let (allowed, other) = (try await EchoServer.start(), try await EchoServer.start())
        let script = """
            import socket
            def ask(host, port):
                try:
                    s = socket.create_connection((host, port), timeout=20); s.sendall(b"hi")
                    return s.recv(2).decode() or "closed"
                except OSError as error: return type(error).__name__
            print(ask("HOST", \(allowed.port)), ask("127.0.0.1", \(other.port)), ask("10.1.2.3", 80))
            print(socket.gethostbyname("service.example"))
            """
        for host in ["localhost", "127.0.0.1"] {
            let addresses = [(host, allowed.port), ("service.example", 443)].map(NetworkAddress.init(host:port:))
            var specification = try fixture.specification("", allowed: addresses)
            specification.command = ["python3", "-c", script.replacing("HOST", with: host)]
            let (_, output, errors) = try await fixture.run(specification)
            // The name of a host outside stands in the sandbox's hosts file, with an address of its own.
            #expect(output == "hi ConnectionRefusedError OSError\n127.0.1.1\n", "\(errors)")
        }
        #expect(allowed.visits == 2)
        #expect(other.visits == 0)
        await allowed.stop()
        await other.stop()
    }

    package func showsTheBundleReadOnly() async throws {
        try await withTemporaryDirectory { folder in
            try Shell.run("mkdir -p b/sub; echo hello > b/sub/file; chmod -R a+rX b", in: folder)
            let script = "cat sub/file; echo x > sub/file; echo y > new; rm -rf sub; ls"
            let specification = try fixture.specification(script, workspace: .readOnly(folder.appending("b")))
            #expect(try await fixture.run(specification).output == "hello\nsub\n")
            #expect(try Shell.run("cat b/sub/file; ls b", in: folder) == "hello\nsub\n")
        }
    }

    package func laysAPrivateLayerOverTheBundle() async throws {
        try await withTemporaryDirectory { folder in
            try Shell.run("mkdir -p b/sub; echo hello > b/sub/file; chmod -R a+rX b", in: folder)
            let script = "echo more >> sub/file; cat sub/file; mkdir made; ln -s /etc/passwd made/link; rm sub/file; ls"
            let specification = try fixture.specification(script, workspace: .privateLayer(folder.appending("b")))
            for _ in 0..<2 { #expect(try await fixture.run(specification).output == "hello\nmore\nmade\nsub\n") }
            #expect(try Shell.run("cat b/sub/file; ls b", in: folder) == "hello\nsub\n")
        }
    }

    package func killsAndNamesTheOneThatEatsMemory() async throws {
        var specification = try fixture.specification("")
        specification.limits.memory = .mebibytes(64)
        specification.command = ["python3", "-c", "import time\nx = b'1' * (400 << 20)\nprint('ate', flush=True)"]
        let output = CollectedOutput()
        let sandbox = try await fixture.backend.start(specification, output: output)
        let exit = await sandbox.exit()
        #expect(output.output.isEmpty)
        // Without a control group the eater is refused the memory instead of being killed.
        let isHeld = sandbox.enforcement.memory == .enforced
        #expect(exit == (isHeld ? .outOfMemory(limit: .mebibytes(64)) : .exited(status: 1)), "\(output.errors)")
    }

    package func isKilledBeforeTheOneThatTellsOfIt() async throws {
        let specification = try fixture.specification("cat /proc/self/oom_score_adj")
        #expect(try await fixture.run(specification).output == "500\n")
    }

    package func slowsAWriterDownInsteadOfKeepingAll() async throws {
        let output = SlowOutput()
        let sandbox = try await fixture.backend.start(fixture.specification("yes"), output: output)
        await output.wait(for: 8)
        // So many pieces were taken; on the way is at most one window more, and the sandbox still answers.
        #expect(await sandbox.isResponsive(within: .seconds(30)))
        #expect(await sandbox.stop(grace: .zero) == .signalled(9))
    }

    package func endsWithAllItsProcesses() async throws {
        let output = CollectedOutput()
        // A time that no other sleeper of this machine sleeps.
        let time = UInt32.random(in: 100_000_000...999_999_999)
        let script = "setsid sleep \(time)1 & setsid sh -c 'sleep \(time)2 & sleep \(time)3' & echo ready; wait"
        let sandbox = try await fixture.backend.start(fixture.specification(script), output: output)
        await output.wait(for: "ready")
        await sandbox.stop(grace: .zero)
        #expect(try Shell.run("ps -eo args | grep -c '^sleep \(time)[123]$' || true", in: "/") == "0\n")
    }

    package func survivesTheDeathOfItsHostProcess() async throws {
        let output = CollectedOutput()
        let sandbox = try await fixture.backend.start(fixture.specification("echo ready; sleep 600"), output: output)
        await output.wait(for: "ready")
        _ = try Shell.run("kill -9 \(sandbox.processIdentifier)", in: "/")
        #expect(await sandbox.exit() == .lost)
    }
}

/// Takes a piece only when it is asked for.
private actor SlowOutput: SandboxOutput {
    private var count = 0
    private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    private var isOpen = true

    func receive(_ bytes: [UInt8], from stream: OutputStreamName) async {
        count += 1
        if let waiting, count >= waiting.count {
            waiting.continuation.resume()
            self.waiting = nil
        }
    }

    func wait(for count: Int) async {
        if self.count >= count { return }
        await withCheckedContinuation { waiting = (count, $0) }
    }
}
