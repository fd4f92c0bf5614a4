// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import RegistryAPI
import RegistryClient
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Transport
import TransportTestSupport
import WorkerModel

/// A client whose registry answers from a closure.
func makeClient(
    _ transport: any Transport,
    base: String = "https://registry.example/api/",
    key: String? = "iii_secret",
    pacing: Pacing = .immediate()
) throws -> RegistryClient {
    RegistryClient(base: try RegistryBase(base), transport: transport, key: key.map { Redacted($0) }, pacing: pacing)
}

extension FakeTransport.Answer {
    static func json(_ status: Int = 200, _ text: String) -> FakeTransport.Answer {
        .respond(status: status, headers: ["Content-Type": "application/json"], body: Array(text.utf8))
    }
}

extension TransportRequest {
    var sentJSON: JSONValue? {
        guard case .bytes(let bytes) = body else { return nil }
        return try? JSONValue(parsing: bytes)
    }
}

/// Waits for nothing else.
private func untilCancelled() async {
    let (never, continuation) = AsyncStream.makeStream(of: Void.self)
    for await _ in never {}
    continuation.finish()
}

/// The error of `body`, which has to be one of the client.
func clientError(_ body: () async throws -> Void) async -> RegistryClientError? {
    do {
        try await body()
        Issue.record("nothing was thrown")
    } catch let error as RegistryClientError {
        return error
    } catch { Issue.record("\(error) was thrown") }
    return nil
}

let graph = """
    {"root":{"name":"pi","version":"0.2.0"},"graph":[{"name":"pi","type":"engine","version":"0.2.0","repo":"","config":{},
     "dependencies":{}}],"edges":[]}
    """

@Suite struct ResolveTests {
    private func request(_ selector: String = "^0.2") throws -> ResolveRequest {
        ResolveRequest(worker: try WorkerName(parsing: "pi"), selector: try VersionSelector(parsing: selector))
    }

    @Test func asksAndReads() async throws {
        let transport = FakeTransport { _ in .json(200, graph) }
        let answer = try await makeClient(transport).resolve(try request())
        #expect(answer.root.version == SemanticVersion(0, 2, 0) && answer.nodes.count == 1)
        let sent = try #require(transport.requests.first)
        #expect(sent.url.wireText == "https://registry.example/api/resolve" && sent.method == .post)
        #expect(sent.purpose == .registry && sent.credentials.isEmpty)
        #expect(sent.headers["Content-Type"] == "application/json")
        #expect(sent.sentJSON == ["worker": "pi", "version": "^0.2"])
    }

    @Test(arguments: [404, 405]) func asksAnOldServerForTheWorkerAlone(_ status: Int) async throws {
        let hash = String(repeating: "ab", count: 32)
        let transport = FakeTransport { request in
            if request.method == .post { return .respond(status: status, body: Array("<html>".utf8)) }
            return .json(
                200,
                #"{"type":"bundle","name":"pi","version":"0.2.1","archive_url":"https://e.org/a","sha256":"\#(hash)"}"#
            )
        }
        let answer = try await makeClient(transport).resolve(try request(">=0.2 <1"))
        #expect(
            transport.requests[1].url.wireText == "https://registry.example/api/download/pi?version=%3E%3D0.2%20%3C1"
        )
        #expect(answer.root.version == SemanticVersion(0, 2, 1))
        #expect(answer.nodes.map(\.kind) == [.bundle] && answer.edges.isEmpty)
    }

    @Test(arguments: [400, 410, 500, 200]) func asksNobodyElseForOtherReasons(_ status: Int) async throws {
        let transport = FakeTransport { _ in .respond(status: status, body: Array("<html>".utf8)) }
        let error = await clientError { _ = try await makeClient(transport).resolve(try request()) }
        #expect(error?.code == .registry)
        #expect(transport.requests.allSatisfy { $0.method == .post })
    }

    @Test(arguments: [("1.2.3", "1.2.3"), ("latest", "4.5.6")])
    func aPartOfAnOldServersEngineHasAVersion(_ selector: String, _ version: String) async throws {
        let transport = FakeTransport { request in
            switch request.url.path {
            case "/api/resolve": .respond(status: 404)
            case "/api/download/pi": .respond(status: 204)
            default: .json(200, #"{"worker":{"name":"pi","version":"4.5.6","type":"engine"}}"#)
            }
        }
        let answer = try await makeClient(transport).resolve(try request(selector))
        #expect(answer.nodes.map(\.version.description) == [version] && answer.nodes.map(\.kind) == [.engine])
    }

    @Test func anEngineWithoutVersionIsAnError() async throws {
        let transport = FakeTransport { request in .respond(status: request.url.path == "/api/download/pi" ? 204 : 404)
        }
        let error = await clientError { _ = try await makeClient(transport).resolve(try request("latest")) }
        #expect(error?.code == .registry)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String { "\(status) \(body)" }
        let status: Int
        let body: String
        let code: ErrorCode
        let message: String
        var hints: [String] = []
    }

    static let refusals: [Refusal] = [
        Refusal(
            status: 404,
            body: #"{"error":{"code":"worker_not_found","message":"no worker pi","fix":"publish it","available":[]}}"#,
            code: .workerNotFound,
            message: "cannot resolve `pi@^0.2`: no worker pi",
            hints: ["check the spelling of the name; `iii worker search pi` looks for names like it"]
        ),
        Refusal(
            status: 404,
            body: #"{"error":"no such thing"}"#,
            code: .workerNotFound,
            message: "cannot resolve `pi@^0.2`: no such thing",
            hints: ["check the spelling of the name; `iii worker search pi` looks for names like it"]
        ),
        Refusal(
            status: 422,
            body:
                #"{"error":{"code":"version_not_found","message":"no version","fix":"","available":["1.1.0","1.0.0"]}}"#,
            code: .versionNotFound,
            message: "cannot resolve `pi@^0.2`: no version",
            hints: ["available: 1.1.0, 1.0.0"]
        ),
        Refusal(
            status: 422,
            body: #"{"error":{"code":"version_not_found","message":"no","fix":"ask for 1.1.0","available":["1.1.0"]}}"#,
            code: .versionNotFound,
            message: "cannot resolve `pi@^0.2`: no",
            hints: ["available: 1.1.0"]
        ),
        Refusal(
            status: 422,
            body: """
                {"error":{"code":"version_conflict","message":"^1 and ^2","fix":"f","available":[],
                 "requested":["^2","^1"],"scope":"version","worker":"b","dependency_path":"pi -> a -> b"}}
                """,
            code: .versionConflict,
            message: "cannot resolve `pi@^0.2`: ^1 and ^2 (through pi -> a -> b)",
            hints: [
                "another version may need versions that go together: `iii worker info pi --versions` shows them"
            ]
        ),
        Refusal(
            status: 422,
            body: #"{"error":{"code":"dependency_cycle","message":"a cycle","fix":"break it","available":[]}}"#,
            code: .graphInvalid,
            message: "cannot resolve `pi@^0.2`: a cycle",
            hints: ["tell the publisher: what needs itself cannot be installed"]
        ),
        Refusal(
            status: 422,
            body: """
                {"error":{"code":"worker_not_found","message":"no skills","fix":"publish `skills`, or remove it","available":[],
                 "worker":"skills","dependency_path":"pi -> mcp -> skills"}}
                """,
            code: .workerNotFound,
            message: "cannot resolve `pi@^0.2`: no skills (through pi -> mcp -> skills)",
            hints: ["tell the publisher of `mcp`"]
        ),
        Refusal(
            status: 422,
            body: """
                {"error":{"code":"validation_error","message":"two problems","fix":"correct what `details` lists","available":[],
                 "details":[{"path":"version","reason":"is none"}]}}
                """,
            code: .registry,
            message: "cannot resolve `pi@^0.2`: two problems: `version` is none",
            hints: []
        ),
        Refusal(
            status: 403,
            body: #"{"error":{"code":"brand_new","message":"go away","fix":"leave","available":[]}}"#,
            code: .unauthorized,
            message: "cannot resolve `pi@^0.2`: go away",
            hints: ["leave"]
        ),
        Refusal(
            status: 418,
            body: "",
            code: .registry,
            message: "cannot resolve `pi@^0.2`: the registry answered 418",
            hints: ["try again in a few minutes"]
        ),
        Refusal(
            status: 422,
            body:
                "{\"error\":{\"code\":\"x\",\"message\":\"red \\u001b[31m\\u202e\\u0007text\",\"fix\":\"\\u001b]0;t\",\"available\":[]}}",
            code: .registry,
            message: "cannot resolve `pi@^0.2`: red [31mtext",
            hints: ["]0;t"]
        ),
    ]

    @Test(arguments: refusals) func saysWhatTheRegistrySays(_ refusal: Refusal) async throws {
        let transport = FakeTransport { _ in .json(refusal.status, refusal.body) }
        let error = await clientError { _ = try await makeClient(transport).resolve(try request()) }
        #expect(error?.code == refusal.code)
        #expect(error?.message == refusal.message)
        #expect(error?.hints == refusal.hints)
    }

    /// What the registry advises is meant for those who speak its language.
    @Test(arguments: RegistryErrorCode.allCases) func noAdviceNamesARoute(_ code: RegistryErrorCode) async throws {
        let fix = "look at `GET /w/pi/versions`, send `X-API-Key`, correct what `details` lists"
        let body = #"{"error":{"code":"\#(code.rawValue)","message":"no","fix":"\#(fix)","available":[]}}"#
        let transport = FakeTransport { _ in .json(code.status, body) }
        let client = try makeClient(transport)
        let name = try WorkerName(parsing: "pi")
        let version = try SemanticVersion(parsing: "1.0.0")
        let errors = [
            await clientError { _ = try await client.resolve(try request()) },
            await clientError { _ = try await client.versions(of: name) },
            await clientError { try await client.yank(name, version, reason: "x") },
        ]
        for error in errors {
            let hints = (error?.hints ?? []).joined()
            #expect(!hints.contains("GET") && !hints.contains("X-API-Key") && !hints.contains("details"), "\(hints)")
        }
    }

    @Test(arguments: [
        "", "null", "[]", "{", "\u{FEFF}{}", #"{"root":1}"#,
        #"{"root":{"name":"pi","version":"1.0.0"},"graph":[{}],"edges":[]}"#,
        #"{"root":{"name":"../x","version":"1.0.0"},"graph":[],"edges":[]}"#,
        #"{"root":{"name":"pi","version":"1.0.0"},"graph":[{"name":"a","type":"wasm","version":"1.0.0"}],"edges":[]}"#,
    ])
    func anAnswerThatMakesNoSenseIsAnError(_ body: String) async throws {
        let transport = FakeTransport { _ in .json(200, body) }
        let error = await clientError { _ = try await makeClient(transport).resolve(try request()) }
        #expect(error?.code == .registry)
        #expect(error?.message.hasPrefix("cannot resolve `pi@^0.2`: the registry's answer makes no sense, ") == true)
    }

    @Test(arguments: [200, 404, 500]) func answersHaveALimit(_ status: Int) async throws {
        let transport = FakeTransport { _ in
            .respond(status: status, body: Array(repeating: 0x20, count: (1 << 20) + 1))
        }
        let error = await clientError { _ = try await makeClient(transport).resolve(try request()) }
        #expect(error?.message == "cannot resolve `pi@^0.2`: the registry's answer is larger than 1 MiB")
    }

    @Test func anAnswerOfJustThatSizeIsRead() async throws {
        let body = graph + String(repeating: " ", count: (1 << 20) - graph.utf8.count)
        let transport = FakeTransport { _ in .json(200, body) }
        #expect(try await makeClient(transport).resolve(try request()).nodes.count == 1)
    }

    @Test func repeatsWhatMayPass() async throws {
        let waits = Mutex<[Duration]>([])
        let answers = Mutex<[FakeTransport.Answer]>([
            .fail(.cut), .respond(status: 503), .respond(status: 429, headers: ["Retry-After": "3"]), .json(200, graph),
        ])
        let transport = FakeTransport { _ in answers.withLock { $0.removeFirst() } }
        let client = try makeClient(transport, pacing: .immediate { wait in waits.withLock { $0.append(wait) } })
        #expect(try await client.resolve(try request()).nodes.count == 1)
        #expect(waits.withLock { $0 } == [.milliseconds(500), .seconds(1), .seconds(3)])
    }

    @Test func givesUpInTheEnd() async throws {
        let transport = FakeTransport { _ in .fail(.noConnection("the connection was refused")) }
        let error = await #expect(throws: TransportError.self) {
            try await makeClient(transport).resolve(try request())
        }
        #expect(error?.code == .registryUnreachable && transport.requests.count == 5)
        let failing = FakeTransport { _ in .json(503, #"{"error":{"code":"unavailable","message":"later"}}"#) }
        let refused = await clientError { _ = try await makeClient(failing).resolve(try request()) }
        #expect(refused?.message == "cannot resolve `pi@^0.2`: later" && failing.requests.count == 5)
    }

    @Test(arguments: [graph, #"{"name":"pi","type":"engine","version":"0.2.0"}"#])
    func aFileTakesThePlaceOfARegistry(_ text: String) async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("answer.json")
            let descriptor = try FileDescriptor.open(path, .writeOnly, options: .create, permissions: .ownerReadWrite)
            try descriptor.closeAfter { _ = try descriptor.writeAll(Array(text.utf8)) }
            let transport = FakeTransport { _ in throw CancellationError() }
            let client = try makeClient(transport, base: "file://\(path)")
            #expect(try await client.resolve(try request()).root.version == SemanticVersion(0, 2, 0))
            let error = await clientError { _ = try await client.versions(of: try WorkerName(parsing: "pi")) }
            #expect(error?.message.contains("names a file") == true)
        }
    }

    @Test func aFileThatIsMissingIsAnError() async throws {
        let client = try makeClient(
            FakeTransport { _ in throw CancellationError() },
            base: "file:///nonexistent/a.json"
        )
        let error = await clientError { _ = try await client.resolve(try request()) }
        #expect(error?.message == "cannot resolve `pi@^0.2`: `/nonexistent/a.json` cannot be read")
    }
}

@Suite struct LookTests {
    @Test func readsDetailAndVersions() async throws {
        let transport = FakeTransport { request in
            request.url.path.hasSuffix("/versions")
                ? .json(200, #"{"versions":[{"version":"1.0.0","tags":["latest"]}]}"#)
                : .json(200, #"{"worker":{"name":"pi","version":"1.0.0","type":"engine"}}"#)
        }
        let client = try makeClient(transport)
        let name = try WorkerName(parsing: "pi")
        #expect(try await client.versions(of: name).versions.map(\.primaryChannel) == [.latest])
        #expect(try await client.detail(of: name, .latest).kind == .engine)
        #expect(transport.requests.map(\.url.target) == ["/api/w/pi/versions", "/api/w/pi?version=latest"])
    }

    @Test func anUnknownWorkerIsToldApart() async throws {
        let transport = FakeTransport { _ in .respond(status: 404) }
        let error = await clientError {
            _ = try await makeClient(transport).versions(of: try WorkerName(parsing: "pi"))
        }
        #expect(error?.code == .workerNotFound && error?.message == "cannot look up `pi`: the registry answered 404")
    }
}

@Suite struct CountTests {
    @Test func countsEachWorkerOnce() async throws {
        let transport = FakeTransport { _ in .respond(status: 200) }
        // The time never runs out.
        let pacing = Pacing(sleep: { _ in await untilCancelled() }, jitter: { 0 })
        let client = try makeClient(transport, pacing: pacing)
        let workers = [
            (name: try WorkerName(parsing: "a"), version: SemanticVersion(1, 0, 0)),
            (try WorkerName(parsing: "b"), SemanticVersion(2, 0, 0)),
        ]
        await client.countDownloads(of: workers, isCI: true)
        #expect(
            Set(transport.requests.map(\.url.target))
                == ["/api/download/a?version=1.0.0&ci=true", "/api/download/b?version=2.0.0&ci=true"]
        )
    }

    @Test func neverFailsAndNeverWaitsLong() async throws {
        let client = try makeClient(Silence())
        // The time runs out at once; without a limit this would wait for ever.
        await client.countDownloads(of: [(try WorkerName(parsing: "a"), SemanticVersion(1, 0, 0))], isCI: false)
        let failing = try makeClient(FakeTransport { _ in .fail(.cut) })
        await failing.countDownloads(of: [(try WorkerName(parsing: "a"), SemanticVersion(1, 0, 0))], isCI: false)
    }

    /// A registry that never answers.
    private struct Silence: Transport {
        func send(_ request: TransportRequest) async throws -> TransportResponse {
            await untilCancelled()
            throw CancellationError()
        }
    }
}
