// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import BlobStorage
import Diagnostics
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONText
import Logging
import NIOCore
import RegistryAPI
import RegistryDatabase
import RegistryServer
import RegistryService
import RegistryStorage
import Synchronization
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// A server over a registry in a folder of its own, with keys of two accounts.
struct ServerFixture: Sendable {
    let folder: FilePath
    let store: any RegistryStore
    let service: RegistryService
    let server: RegistryServer
    let log: CollectedLog
    /// A key that may publish, one that may not, and one of another account.
    let key: String
    let readerKey: String
    let strangerKey: String

    static func run(
        limits: ServerLimits = .standard,
        settings: RegistrySettings = RegistrySettings(),
        over wrap: @Sendable (any BlobStore) -> any BlobStore = { $0 },
        _ body: @Sendable (ServerFixture) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { folder in
            let fixture = try await ServerFixture(folder, limits, settings, wrap)
            try await body(fixture)
            try await fixture.store.close()
        }
    }

    private init(
        _ folder: FilePath,
        _ limits: ServerLimits,
        _ settings: RegistrySettings,
        _ wrap: @Sendable (any BlobStore) -> any BlobStore
    ) async throws {
        let (now, url) = (Timestamp(milliseconds: 1_785_578_400_000), try PublicURL(parsing: "https://registry.test"))
        self.folder = folder
        log = CollectedLog()
        store = try SQLiteRegistryStore.open(folder.appending("registry.sqlite"), at: now)
        service = RegistryService(
            store: store,
            blobs: wrap(try FolderBlobStore(folder.appending("blobs"))),
            publicURL: { url },
            surroundings: Surroundings(now: { now }, elapsed: { .zero }),
            uploadQuota: limits.uploadQuota,
            uploadsAtOnce: limits.uploadsAtOnce
        )
        var settings = settings
        settings.limits = limits
        server = try RegistryServer(service: service, settings: settings, log: log.output)
        let keys = service.keys
        key = try await keys.create(for: try AccountName(parsing: "acme")).text.exposed
        readerKey = try await keys.create(for: try AccountName(parsing: "acme"), scopes: [.tags]).text.exposed
        strangerKey = try await keys.create(for: try AccountName(parsing: "mallory")).text.exposed
    }

    /// Runs `body` against the routes, without a network.
    func routes(_ body: @Sendable (TestedServer) async throws -> Void) async throws {
        try await server.application(at: .standard).test(.router) { client in
            try await body(TestedServer(client: client, fixture: self))
        }
    }

    /// Runs `body` against the server at a port of its own.
    func live(_ body: @Sendable (TestedServer) async throws -> Void) async throws {
        try await server.application(at: .standard).test(.ahc()) { client in
            try await body(TestedServer(client: client, fixture: self))
        }
    }
}

/// A server to be asked.
struct TestedServer: Sendable {
    let client: any TestClientProtocol
    let fixture: ServerFixture

    /// A key of the fixture, or none.
    enum Who: Sendable { case nobody, publisher, reader, stranger, wrong }

    @discardableResult
    func ask(
        _ method: HTTPRequest.Method,
        _ path: String,
        as who: Who = .nobody,
        headers: HTTPFields = [:],
        _ body: [UInt8]? = nil
    ) async throws -> Answer {
        var headers = headers
        switch who {
        case .nobody: break
        case .publisher: headers[.testKey] = fixture.key
        case .reader: headers[.testKey] = fixture.readerKey
        case .stranger: headers[.testKey] = fixture.strangerKey
        case .wrong: headers[.testKey] = "iii_wrong"
        }
        let body = body.map { ByteBuffer(bytes: $0) }
        return Answer(
            response: try await client.executeRequest(uri: path, method: method, headers: headers, body: body)
        )
    }

    @discardableResult
    func publish(_ request: JSONObject, as who: Who = .publisher) async throws -> Answer {
        try await ask(.post, "/publish", as: who, JSONValue.object(request).bytes())
    }

    func resolve(_ request: JSONValue) async throws -> Answer { try await ask(.post, "/resolve", request.bytes()) }

    /// Where the registry says that the upload of these bytes goes on.
    func offset(of bytes: [UInt8], as who: Who = .publisher) async throws -> Int {
        let question = UploadQuestion(digest: .sha256(bytes), size: ByteCount(bytes.count))
        let answer = try await ask(.post, "/blobs", as: who, question.json.bytes())
        #expect(answer.status == 200)
        return Int(try UploadState(json: answer.json).offset.bytes)
    }

    @discardableResult
    func patch(
        _ digest: Digest,
        at offset: Int,
        of length: Int? = nil,
        as who: Who = .publisher,
        _ bytes: [UInt8]
    ) async throws -> Answer {
        var headers: HTTPFields = [.uploadOffset: String(offset)]
        headers[.uploadLength] = length.map { String($0) }
        return try await ask(.patch, "/blobs/sha256/\(digest)", as: who, headers: headers, bytes)
    }

    func upload(_ bytes: [UInt8]) async throws -> Digest {
        let digest = Digest.sha256(bytes)
        // In parts, since the client of these tests waits for no answer longer than 15 seconds.
        for start in stride(from: 0, to: max(bytes.count, 1), by: 16 << 20) {
            let part = Array(bytes[start..<min(start + 16 << 20, bytes.count)])
            let answer = try await patch(digest, at: start, of: bytes.count, part)
            #expect([200, 202].contains(answer.status))
        }
        return digest
    }
}

struct Answer: Sendable {
    let response: TestResponse

    var status: Int { response.status.code }
    var bytes: [UInt8] { Array(response.body.readableBytesView) }
    var json: JSONValue { (try? JSONValue(parsing: bytes)) ?? .null }
    /// `error.code`.
    var code: String? { if case .string(let code) = json["error"]?["code"] { code } else { nil } }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { response.headers[$0] } }
}

extension HTTPField.Name {
    static let uploadOffset = HTTPField.Name("Upload-Offset") ?? .range
    static let uploadLength = HTTPField.Name("Upload-Length") ?? .contentRange
    static let testKey = HTTPField.Name("X-API-Key") ?? .authorization
}

/// The lines of a log, as values.
final class CollectedLog: Sendable {
    private let lines = Mutex<[JSONValue]>([])
    private let stream: AsyncStream<JSONValue>
    private let continuation: AsyncStream<JSONValue>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    var all: [JSONValue] { lines.withLock { $0 } }

    /// Every line is there when what wrote it goes on.
    var output: LogOutput {
        LogOutput(level: .info, capacity: 0, now: { Timestamp(milliseconds: 0) }) { bytes in
            for text in bytes.split(separator: 0x0A) {
                let line = (try? JSONValue(parsing: Array(text))) ?? .string("not a line of JSON")
                self.lines.withLock { $0.append(line) }
                self.continuation.yield(line)
            }
            return bytes.count
        }
    }

    var logger: Logger { output.logger }

    /// The next line that satisfies `condition`, however long it takes.
    func first(where condition: (JSONValue) -> Bool) async -> JSONValue? {
        for await line in stream where condition(line) { return line }
        return nil
    }
}

/// Requests that are in order, to be changed by a test.
enum Requests {
    static let digest = String(repeating: "ab", count: 32)

    static func binary(_ name: String = "smoke", _ version: String = "1.2.3", tag: String? = "latest") -> JSONObject {
        var request: JSONObject = [
            "worker_name": .string(name), "version": .string(version), "type": "binary",
            "binaries": [
                "x86_64-unknown-linux-gnu": ["url": "https://cdn.test/smoke.tar.gz", "sha256": .string(digest)]
            ],
        ]
        request["tag"] = tag.map { .string($0) }
        return request
    }

    static func engine(
        _ name: String,
        _ version: String = "1.0.0",
        needs dependencies: [(String, String)] = []
    ) -> JSONObject {
        [
            "worker_name": .string(name), "version": .string(version), "type": "engine", "tag": "latest",
            "dependencies": .array(dependencies.map { ["name": .string($0.0), "version": .string($0.1)] }),
        ]
    }
}
