// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import SystemPackage
import TestSupport
import Testing

/// The bus as it is reached from inside a real sandbox: what a stranger's bundle may do there is what the project grants.
@Suite(.timeLimit(.minutes(20))) struct BusWallJourney {
    /// Speaks WebSocket with what every Python has: says who it claims to be, then calls functions one after another.
    static let client = """
        import base64, json, os, socket, struct, sys
        def connect(url):
            host, port = url.split('//')[1].split(':')
            s = socket.create_connection((host, int(port)))
            s.sendall((f'GET / HTTP/1.1\\r\\nHost: {host}:{port}\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n'
                'Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: ' + base64.b64encode(os.urandom(16)).decode()
                + '\\r\\n\\r\\n').encode())
            head = b''
            while b'\\r\\n\\r\\n' not in head: head += s.recv(1)
            assert b' 101 ' in head, head
            return s
        def exactly(s, n):
            data = b''
            while len(data) < n:
                part = s.recv(n - len(data))
                if not part: raise EOFError
                data += part
            return data
        def send(s, value):
            text, mask = json.dumps(value).encode(), os.urandom(4)
            size = struct.pack('!BH', 254, len(text)) if len(text) > 125 else bytes([128 + len(text)])
            s.sendall(b'\\x81' + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text)))
        def receive(s):
            first, size = exactly(s, 2)
            if size == 126: size, = struct.unpack('!H', exactly(s, 2))
            elif size == 127: size, = struct.unpack('!Q', exactly(s, 8))
            text = exactly(s, size)
            return json.loads(text) if first & 15 == 1 else {}
        def call(s, function, data):
            send(s, {'type': 'invokefunction', 'invocation_id': function, 'function_id': function, 'data': data})
            while True:
                answer = receive(s)
                if answer.get('type') == 'invocationresult' and answer.get('invocation_id') == function: return answer
        s = connect(sys.argv[1])
        send(s, {'type': 'invokefunction', 'function_id': 'engine::workers::register', 'action': {'type': 'void'},
            'data': {'name': 'iii-cli', 'isolation': 'none', 'runtime': 'engine', 'pid': 1}})
        for function, data in json.loads(sys.argv[2]):
            if function == 'register':
                send(s, {'type': 'registerfunction', 'id': data})
                continue
            answer = call(s, function, data)
            print(json.dumps(answer['error']['code'] if 'error' in answer else answer.get('result')))
        """

    /// Calls functions from inside the sandbox of a worker: results, or the codes of errors.
    private func calls(
        _ road: Road,
        from worker: String,
        at url: String = "ws://127.0.0.1:49134",
        _ calls: [(String, JSONValue)]
    ) async throws -> [JSONValue] {
        let list = JSONValue.array(calls.map { .array([.string($0.0), $0.1]) }).text()
        let run = try await road.iii("worker", "exec", worker, "--", "python3", "-c", Self.client, url, list)
        try #require(run.status == 0, "\(run.talk)\(road.engineTalk)")
        return try run.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    private static let sleeping = ["main.py": "import time\ntime.sleep(600)\n"]

    @Test func aStrangersBundleDoesOnlyWhatItIsGranted() async throws {
        try await Road.open { road in
            try await road.publishExample("roman-numerals")
            try await road.publishScript("steady", "1.0.0", "exec sleep 600")
            #expect(try await road.publish("stranger", "1.0.0", files: Self.sleeping).status == 0)
            try road.write(
                ["config.yaml": "workers: []\n", "secret/iii.worker.yaml": "name: mine\n"],
                in: road.project
            )
            try await RunningProject.open(road) { engine in
                for name in ["roman-numerals", "stranger"] {
                    let added = try await road.iii("worker", "add", name, "--no-wait")
                    try #require(added.status == 0, "\(added.talk)")
                }
                _ = try await engine.wait(for: "roman-numerals") { $0["status"] == "ready" }
                _ = try await engine.wait(for: "stranger") { $0["running"] == true }

                let refused = try await calls(
                    road,
                    from: "stranger",
                    [
                        ("worker::add", ["source": "steady"]),
                        ("worker::remove", ["names": ["roman-numerals"], "yes": true]),
                        ("worker::stop", ["name": "roman-numerals"]), ("worker::logs", ["name": "roman-numerals"]),
                        ("configuration::set", ["id": "roman-numerals", "value": 1]),
                        ("roman-numerals::write", ["number": 4]),
                        ("worker::validate", ["path": "secret"]),
                    ]
                )
                #expect(refused == Array(repeating: "FORBIDDEN", count: 7), "\(refused)")
                #expect(road.read("config.yaml")?.contains("steady") == false)

                // The engine's own address, allowed as any other, leads to no other rights.
                let plain = "workers:\n  - name: roman-numerals\n  - name: stranger\n"
                try road.write(
                    ["config.yaml": plain + "    network:\n      allow: [\"\(engine.address)\"]\n"],
                    in: road.project
                )
                _ = try await engine.wait(for: "stranger") {
                    $0["network"] == [.string(engine.address)] && $0["running"] == true
                }
                let around = try await calls(
                    road,
                    from: "stranger",
                    at: engine.url,
                    [("worker::add", ["source": "steady"])]
                )
                #expect(around == ["FORBIDDEN"])

                let status = try await road.iii("worker", "status", "stranger")
                #expect(status.output.contains("calls refused: "), "\(status.output)")
                let audit = try await road.iii("worker", "audit-calls", "stranger")
                #expect(audit.output.contains("worker::add"), "\(audit.output)\(audit.talk)")
                #expect(audit.talk.contains("may_call: ["), "\(audit.talk)")

                // A grant counts at once, and what it brings about is held like the worker itself.
                try road.write(
                    ["config.yaml": plain + "    may_call: [\"worker::add\"]\n"],
                    in: road.project
                )
                _ = try await engine.wait(for: "stranger") { $0["network"] == [] && $0["running"] == true }
                let folder = try await calls(
                    road,
                    from: "stranger",
                    [("worker::add", ["source": ["kind": "local", "path": .string(road.project.string)]])]
                )
                #expect(folder == ["FORBIDDEN"])
                let added = try await calls(
                    road,
                    from: "stranger",
                    [("worker::add", ["source": "steady", "wait": false])]
                )
                #expect(added.first?["name"] == "steady", "\(added)")
                #expect(
                    road.read("config.yaml")?.contains("isolation: namespaces") == true,
                    "\(road.read("config.yaml") ?? "")"
                )
                let steady = try await engine.wait(for: "steady") { $0["running"] == true }
                #expect(steady["isolation"] == "namespaces")
            }
        }
    }

    @Test func whatItKeepsWithTheEngineIsItsOwn() async throws {
        try await Road.open { road in
            #expect(try await road.publish("stranger", "1.0.0", files: Self.sleeping).status == 0)
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            try await RunningProject.open(road) { engine in
                #expect(try await road.iii("worker", "add", "stranger", "--no-wait").status == 0)
                _ = try await engine.wait(for: "stranger") { $0["running"] == true }
                let answers = try await calls(
                    road,
                    from: "stranger",
                    [
                        ("configuration::register", ["id": "other", "initial_value": 1]),
                        (
                            "configuration::register",
                            [
                                "id": "stranger",
                                "initial_value": ["a": "${HOME}", "b": "${PATH:none}", "c": "${X:$}{HOME}"],
                            ]
                        ),
                        ("configuration::get", ["id": "stranger"]), ("worker::list", [:]),
                        ("engine::workers::list", [:]), ("register", "worker::add"), ("register", "stranger::f"),
                        ("engine::functions::list", ["include_internal": false]),
                    ]
                )
                #expect(answers.first == "FORBIDDEN")
                #expect(answers[2]["value"] == ["a": "${HOME}", "b": "none", "c": "${HOME}"], "\(answers[2])")
                guard case .array(let rows)? = answers[3]["workers"] else {
                    Issue.record("\(answers)")
                    return
                }
                #expect(rows.map { $0["name"] } == ["stranger"])
            }
        }
    }

    @Test func anEngineForOtherMachinesIsGuarded() async throws {
        try await Road.open { road in
            try road.write(["config.yaml": "workers: []\n"], in: road.project)
            let refused = try await road.iii("--listen", "0.0.0.0:0")
            #expect(refused.status != 0 && refused.talk.contains("W163"), "\(refused.talk)")
            #expect(refused.talk.contains("--insecure-listen"), "\(refused.talk)")
        }
    }
}
