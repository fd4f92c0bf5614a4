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

@Suite struct PublishTests {
    private func request() throws -> PublishRequest {
        let artifacts = PublishRequest.Artifacts.bundle(.init(digest: .sha256([])))
        return PublishRequest(
            name: try WorkerName(parsing: "pi"),
            version: SemanticVersion(1, 0, 0),
            artifacts: artifacts
        )
    }

    @Test func sendsTheKeyAndReadsTheAnswer() async throws {
        let transport = FakeTransport { _ in .json(200, #"{"version":{"version":"1.0.0","tag":"latest"}}"#) }
        let answer = try await makeClient(transport).publish(try request())
        #expect(answer.channel == .latest)
        let sent = try #require(transport.requests.first)
        let json = try request().json
        #expect(sent.url.path == "/api/publish" && sent.sentJSON == json)
        #expect(
            sent.credentials.map(\.name) == ["X-API-Key"] && sent.credentials.map(\.value.exposed) == ["iii_secret"]
        )
        #expect(!"\(sent)".contains("iii_secret") && !String(reflecting: sent).contains("iii_secret"))
    }

    @Test func needsAKeyBeforeAnythingIsSent() async throws {
        let transport = FakeTransport { _ in .respond(status: 200) }
        let error = await clientError { _ = try await makeClient(transport, key: nil).publish(try request()) }
        #expect(error?.code == .unauthorized && error?.hints.first?.contains("III_API_KEY") == true)
        #expect(transport.requests.isEmpty)
    }

    @Test func listsEveryProblem() async throws {
        let body = """
            {"error":{"code":"validation_error","message":"the request is not valid","fix":"","available":[],"details":[
             {"path":"$.version","reason":"is no version"},{"path":"a/../b","reason":"climbs","code":"W181"}]}}
            """
        let transport = FakeTransport { _ in .json(422, body) }
        let error = await clientError { _ = try await makeClient(transport).publish(try request()) }
        #expect(error?.code == .publishRefused)
        #expect(
            error?.message
                == "cannot publish `pi` 1.0.0: the request is not valid: `$.version` is no version; `a/../b` climbs"
        )
        #expect(error?.details.contains { $0.key == "a/../b" } == true)
    }

    @Test(arguments: [
        (401, #"{"error":{"code":"unauthorized","message":"no key"}}"#, ErrorCode.unauthorized),
        (403, #"{"error":{"code":"forbidden","message":"not yours"}}"#, .unauthorized),
        (403, "", .unauthorized),
        (413, #"{"error":{"code":"too_large","message":"too large"}}"#, .publishRefused),
        (400, #"{"error":{"code":"invalid_json","message":"no JSON"}}"#, .publishRefused),
        (422, #"{"error":"Unrecognized key: \"dependencies\""}"#, .publishRefused),
        (409, "", .versionExists),
        (404, "", .registry),
        (500, "", .registry),
    ])
    func tellsRefusalsApart(_ status: Int, _ body: String, _ code: ErrorCode) async throws {
        let transport = FakeTransport { _ in .json(status, body) }
        let error = await clientError { _ = try await makeClient(transport).publish(try request()) }
        #expect(error?.code == code)
        #expect(transport.requests.count == (status >= 500 ? 5 : 1))
    }

    @Test(arguments: [(#","identical":true"#, true), (#","identical":false"#, false), ("", nil)] as [(String, Bool?)])
    func saysWhetherTheVersionIsTheSame(_ field: String, _ isIdentical: Bool?) async throws {
        let body = #"{"error":{"code":"version_exists","message":"there","fix":"","available":[]\#(field)}}"#
        let transport = FakeTransport { _ in .json(409, body) }
        let error = await clientError { _ = try await makeClient(transport).publish(try request()) }
        #expect(error?.code == .versionExists && error?.isIdentical == isIdentical)
    }

    /// The answer of the first try is lost; the registry carried it out, or did not.
    @Test(
        arguments: [
            (409, #"{"error":{"code":"version_exists","message":"there","identical":true}}"#, nil),
            (409, #"{"error":{"code":"version_exists","message":"there","identical":false}}"#, .versionExists),
            (200, #"{"version":{"version":"1.0.0"}}"#, nil), (500, "", .registry),
        ] as [(Int, String, ErrorCode?)]
    )
    func isSentAgainWhenTheAnswerIsLost(_ status: Int, _ body: String, _ code: ErrorCode?) async throws {
        for lost in [FakeTransport.Answer.fail(.cut), .respond(status: 502), .fail(.timedOut(.answer))] {
            let count = Mutex(0)
            let transport = FakeTransport { _ in
                let isFirst = count.withLock { count in
                    count += 1
                    return count == 1
                }
                return isFirst ? lost : .json(status, body)
            }
            var found: ErrorCode?
            do { _ = try await makeClient(transport).publish(try request()) } catch let error as RegistryClientError {
                found = error.code
            }
            #expect(found == code)
            #expect(transport.requests.count == (status == 500 ? 5 : 2))
        }
    }

    /// Who is told at once that the same version is there has not published it.
    @Test func whatNeverArrivedIsNotPublishedByUs() async throws {
        let count = Mutex(0)
        let transport = FakeTransport { _ in
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            return isFirst
                ? .fail(.noConnection("refused"))
                : .json(409, #"{"error":{"code":"version_exists","message":"there","identical":true}}"#)
        }
        let error = await clientError { _ = try await makeClient(transport).publish(try request()) }
        #expect(error?.code == .versionExists && error?.isIdentical == true)
    }

    @Test func givesUpInTheEnd() async throws {
        let cut = FakeTransport { _ in .fail(.cut) }
        await #expect(throws: TransportError.self) { try await makeClient(cut).publish(try request()) }
        #expect(cut.requests.count == 5)
    }

    @Test func anAnswerAboutAnotherVersionIsAnError() async throws {
        let transport = FakeTransport { _ in .json(200, #"{"version":{"version":"1.0.1"}}"#) }
        let error = await clientError { _ = try await makeClient(transport).publish(try request()) }
        #expect(error?.code == .registry)
    }
}

@Suite struct UploadTests {
    private let digest = Digest.sha256(Array("x".utf8))

    /// Runs `body` with a file of the given bytes.
    private func withFile(_ bytes: [UInt8], _ body: (FilePath) async throws -> Void) async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("blob")
            let descriptor = try FileDescriptor.open(path, .writeOnly, options: .create, permissions: .ownerReadWrite)
            try descriptor.closeAfter { _ = try descriptor.writeAll(bytes) }
            try await body(path)
        }
    }

    @Test func sendsWhatIsMissing() async throws {
        let bytes = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        try await withFile(bytes) { path in
            let transport = FakeTransport { .respond(status: $0.method == .head ? 404 : 201) }
            let seen = Mutex<[ByteCount]>([])
            let result = try await makeClient(transport).upload(
                path,
                digest: digest,
                size: ByteCount(bytes.count)
            ) { sent in seen.withLock { $0.append(sent) } }
            #expect(result == .sent)
            #expect(transport.requests.map(\.method) == [.head, .put])
            #expect(transport.requests.map(\.url.path) == Array(repeating: "/api/blobs/sha256/\(digest)", count: 2))
            #expect(transport.requests.map(\.credentials.count) == [0, 1])
            guard case .bytes(let sent) = transport.requests[1].body else { return }
            #expect(sent == bytes)
            #expect(seen.withLock { $0.last } == ByteCount(bytes.count))
        }
    }

    @Test func skipsWhatIsThere() async throws {
        try await withFile([1]) { path in
            let transport = FakeTransport { _ in .respond(status: 200) }
            let result = try await makeClient(transport).upload(path, digest: digest, size: ByteCount(1))
            #expect(result == .wasThere)
            #expect(transport.requests.map(\.method) == [.head])
        }
    }

    @Test func goesOnWhereItWasCut() async throws {
        try await withFile([1, 2, 3]) { path in
            let answers = Mutex<[FakeTransport.Answer]>([
                .respond(status: 404), .fail(.cut), .json(200, state(offset: 2)), .respond(status: 500),
                .json(200, state(offset: 1)), .respond(status: 409), .json(200, state(offset: 0)),
                .respond(status: 200),
            ])
            let transport = FakeTransport { _ in answers.withLock { $0.removeFirst() } }
            let result = try await makeClient(transport).upload(path, digest: digest, size: ByteCount(3))
            #expect(result == .sent)
            let sent = transport.requests.filter { [.put, .patch].contains($0.method) }
            #expect(sent.map(\.method) == [.put, .patch, .patch, .put])
            #expect(sent.map { $0.headers["Upload-Offset"] } == [nil, "2", "1", nil])
            #expect(bodies(of: sent) == [[1, 2, 3], [3], [2, 3], [1, 2, 3]])
        }
    }

    /// What a command that was interrupted has sent is not sent again by the next one.
    @Test func goesOnWhereAnEarlierRunStopped() async throws {
        let bytes = (0..<(1 << 20) + 10).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try await withFile(bytes) { path in
            let transport = FakeTransport { request in
                switch request.method {
                case .head: .respond(status: 404)
                case .post: .json(200, state(offset: 1 << 20))
                default: .respond(status: 201)
                }
            }
            let result = try await makeClient(transport).upload(path, digest: digest, size: ByteCount(bytes.count))
            #expect(result == .sent)
            #expect(transport.requests.map(\.method) == [.head, .post, .patch])
            #expect(transport.requests.last?.headers["Upload-Offset"] == "1048576")
            #expect(bodies(of: transport.requests.suffix(1)) == [Array(bytes.suffix(10))])
        }
    }

    @Test func readsTheFileAgainWhereARegistryDoesNotTellWhatCame() async throws {
        try await withFile([1, 2, 3]) { path in
            let tries = Mutex(0)
            let transport = FakeTransport { request in
                guard request.method == .put else { return .respond(status: 404) }
                let number = tries.withLock { tries in
                    tries += 1
                    return tries
                }
                return number < 3 ? .fail(.cut) : .respond(status: 200)
            }
            let result = try await makeClient(transport).upload(path, digest: digest, size: ByteCount(3))
            #expect(result == .sent)
            #expect(
                bodies(of: transport.requests.filter { $0.method == .put }) == [[1, 2, 3], [1, 2, 3], [1, 2, 3]]
            )
        }
    }

    private func state(offset: Int) -> String { #"{"sha256":"\#(digest)","stored":false,"offset":\#(offset)}"# }

    private func bodies(of requests: [TransportRequest]) -> [[UInt8]] {
        requests.map { request in
            guard case .bytes(let bytes) = request.body else { return [] }
            return bytes
        }
    }

    @Test(arguments: [2, 4]) func noticesAFileOfAnotherLength(_ size: Int) async throws {
        try await withFile([1, 2, 3]) { path in
            let transport = FakeTransport { .respond(status: $0.method == .head ? 404 : 200) }
            let error = await clientError {
                _ = try await makeClient(transport).upload(path, digest: digest, size: ByteCount(size))
            }
            #expect(error?.message.hasSuffix("changed while it was sent") == true)
        }
    }

    @Test(arguments: [
        (422, #"{"error":{"code":"digest_mismatch","message":"other bytes"}}"#, ErrorCode.publishRefused),
        (413, "", .publishRefused),
        (401, "", .unauthorized),
        (507, #"{"error":{"code":"storage_full","message":"full"}}"#, .registry),
    ])
    func tellsRefusalsApart(_ status: Int, _ body: String, _ code: ErrorCode) async throws {
        try await withFile([1]) { path in
            let transport = FakeTransport { $0.method == .head ? .respond(status: 404) : .json(status, body) }
            let error = await clientError {
                _ = try await makeClient(transport).upload(path, digest: digest, size: ByteCount(1))
            }
            #expect(error?.code == code)
            #expect(transport.requests.count == 2)
        }
    }

    /// nginx answers what is larger than 1 MB with a page of its own, before the registry hears of it.
    @Test(arguments: ["", "<html><head><title>413 Request Entity Too Large</title></head></html>", "{}"])
    func refusalOfAProxyNamesItsSetting(_ body: String) async throws {
        try await withFile([1]) { path in
            let transport = FakeTransport { $0.method == .head ? .respond(status: 404) : .json(413, body) }
            let error = await clientError {
                _ = try await makeClient(transport).upload(path, digest: digest, size: ByteCount(1))
            }
            #expect(error?.code == .publishRefused)
            #expect(
                error?.message.hasSuffix("a proxy before the registry does not let so much through (it answered 413)")
                    == true
            )
            #expect(error?.hints.count == 1 && error?.hints.first?.contains("`client_max_body_size 512m;`") == true)
        }
    }
}
