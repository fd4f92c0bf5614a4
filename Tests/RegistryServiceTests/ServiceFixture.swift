// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import BlobStorage
import Diagnostics
import JSONText
import RegistryAPI
import RegistryDatabase
import RegistryService
import RegistryStorage
import Synchronization
import SystemPackage
import TestSupport
import WorkerModel

/// A registry in a folder of its own, with real SQLite, real blob files, and a clock that stands still.
struct ServiceFixture: Sendable {
    let folder: FilePath
    let store: any RegistryStore
    let blobs: any BlobStore
    let service: RegistryService
    let clock: TestClock
    let publicURL: @Sendable () -> PublicURL

    static func run(_ body: @Sendable (ServiceFixture) async throws -> Void) async throws {
        try await withTemporaryDirectory { folder in
            let fixture = try ServiceFixture(folder)
            try await body(fixture)
            try await fixture.store.close()
        }
    }

    init(_ folder: FilePath, publicURL: String = "https://registry.test") throws {
        let (clock, url) = (TestClock(), try PublicURL(parsing: publicURL))
        self.folder = folder
        self.clock = clock
        self.publicURL = { url }
        store = try SQLiteRegistryStore.open(folder.appending("registry.sqlite"), at: clock.now)
        blobs = try FolderBlobStore(folder.appending("blobs"))
        service = RegistryService(
            store: store,
            blobs: blobs,
            publicURL: { url },
            surroundings: Surroundings(now: { clock.now }, elapsed: { clock.elapsed })
        )
    }

    func caller(_ account: String = "acme", scopes: Set<KeyScope> = Keys.standardScopes) async throws -> Caller {
        let key = try await service.keys.create(for: try AccountName(parsing: account), scopes: scopes)
        return try await service.keys.caller(key.text, from: "test")
    }

    @discardableResult
    func publish(_ request: JSONObject, by caller: Caller? = nil) async throws -> PublishAnswer {
        let caller = if let caller { caller } else { try await self.caller() }
        return try await service.publish(.object(request), by: caller)
    }

    func upload(_ bytes: [UInt8]) async throws -> Digest {
        let digest = Digest.sha256(bytes)
        let upload = try await blobs.beginUpload(upTo: .mebibytes(64))
        try await upload.append(bytes)
        _ = try await upload.finish(expecting: digest, at: clock.now)
        return digest
    }

    /// Packs files and uploads the archive.
    func uploadArchive(_ files: [String: String]) async throws -> Digest {
        let path = folder.appending("archive.tar.gz")
        let packed = files.map { PackedFile(path: $0.key, source: .bytes(Array($0.value.utf8)), isExecutable: false) }
        _ = try TarGzipWriter.write(packed, to: path, limits: .binary)
        return try await upload(try TestFiles.read(path))
    }

    /// A zip file, as Python makes it.
    func zip(_ files: [String: String]) throws -> [UInt8] {
        let lines = files.map { "z.writestr('\($0.key)', '\($0.value)')" }.joined(separator: "; ")
        try Shell.run(
            "python3 -c \"import zipfile; z = zipfile.ZipFile('a.zip', 'w', zipfile.ZIP_DEFLATED); \(lines); z.close()\"",
            in: folder
        )
        return try TestFiles.read(folder.appending("a.zip"))
    }

    func detail(_ name: String, _ version: String? = nil) async throws -> JSONValue {
        try JSONValue(parsing: try await service.details(name, version: version))["worker"] ?? .null
    }

    func resolve(_ name: String, _ selector: String = "latest") async throws -> JSONValue {
        let request = try ResolveRequest(json: ["worker": .string(name), "version": .string(selector)])
        return try JSONValue(parsing: try await service.resolve(request))
    }

    func download(_ name: String, _ version: String? = nil) async throws -> JSONValue? {
        let answer = try await service.download(name, version: version, counting: nil)
        return try answer.body.map { try JSONValue(parsing: $0.body) }
    }
}

/// A store whose transactions end, after all that was asked in them, in a full disk.
struct FailingStore: RegistryStore {
    let store: any RegistryStore

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any RegistryReadSession) throws -> Value
    ) async throws -> Value {
        try await store.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any RegistrySession) throws -> Value
    ) async throws -> Value {
        try await store.write { session in
            _ = try body(session)
            throw RegistryStorageError.storageFull
        }
    }

    var generation: UInt64 { store.generation }

    func close() async throws { try await store.close() }
}

/// Time that goes only where a test moves it.
final class TestClock: Sendable {
    private let state = Mutex((now: Timestamp(milliseconds: 1_785_578_400_000), elapsed: Duration.zero))

    var now: Timestamp { state.withLock { $0.now } }
    var elapsed: Duration { state.withLock { $0.elapsed } }

    /// Time passes.
    func advance(by duration: Duration) {
        state.withLock { $0 = ($0.now.adding(duration), $0.elapsed + duration) }
    }

    /// Somebody sets the clock.
    func set(forward duration: Duration) { state.withLock { $0.now = $0.now.adding(duration) } }
}

enum TestFiles {
    static func read(_ path: FilePath) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            let size = try Int(file.seek(offset: 0, from: .end))
            try file.seek(offset: 0, from: .start)
            return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                // Safety: read fills at most the buffer and says how much.
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
    }
}

/// Requests that are in order, to be changed by a test.
enum Requests {
    static let digest = String(repeating: "ab", count: 32)

    static func binary(_ name: String = "smoke", _ version: String = "1.2.3", tag: String? = nil) -> JSONObject {
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
        tag: String? = "latest",
        needs dependencies: [(String, String)] = []
    ) -> JSONObject {
        var request: JSONObject = [
            "worker_name": .string(name), "version": .string(version), "type": "engine",
            "dependencies": .array(dependencies.map { ["name": .string($0.0), "version": .string($0.1)] }),
        ]
        request["tag"] = tag.map { .string($0) }
        return request
    }

    static func bundle(_ digest: Digest, _ name: String = "pi", _ version: String = "1.0.0") -> JSONObject {
        [
            "worker_name": .string(name), "version": .string(version), "type": "bundle",
            "sha256": .string(digest.description), "tag": "latest",
        ]
    }
}

/// The problems that publishing finds, as `path reason`.
func problems(of publish: () async throws -> some Any) async -> [PublicationProblem] {
    do {
        _ = try await publish()
        return []
    } catch RegistryServiceError.invalidPublication(let problems) {
        return problems
    } catch { return [PublicationProblem(path: "unexpected", reason: "\(error)")] }
}
