// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import HostSystem
import NIOCore
import Synchronization
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import ArtifactStore

/// A store in a temporary home, and archives to put into it.
struct Fixture: Sendable {
    let root: FilePath
    var store: ArtifactStore { ArtifactStore(home: IIIHome(root: root.appending("home"))) }

    static func with(_ body: (Fixture) async throws -> Void) async throws {
        try await withTemporaryDirectory { try await body(Fixture(root: $0)) }
    }

    /// The bytes of an archive of these files; a name that ends with `*` is executable.
    func pack(_ files: [String: String]) throws -> [UInt8] {
        let packed = files.map { name, contents in
            PackedFile(
                path: name.hasSuffix("*") ? String(name.dropLast()) : name,
                source: .bytes(Array(contents.utf8)),
                isExecutable: name.hasSuffix("*")
            )
        }
        let path = root.appending("packed.tar.gz")
        _ = try TarGzipWriter.write(packed, to: path, limits: .bundle)
        return try read(path)
    }

    static let bundleFiles = ["iii.worker.yaml": "name: w\n", "bin/run*": "#!/bin/sh\n", "assets/a/b.txt": "text"]

    func read(_ path: FilePath) throws -> [UInt8] { try #require(try HostFiles.read(path, upTo: .mebibytes(64))) }

    /// Nothing is left of an install that failed, but the folders of the store.
    func expectNothingStored() throws {
        #expect(try HostFiles.entries(of: store.trees).isEmpty)
        #expect(try HostFiles.entries(of: store.listings).isEmpty)
        try expectNothingStaged()
    }

    func expectNothingStaged() throws { #expect(try HostFiles.entries(of: store.staging).isEmpty) }
}

/// An archive on its way, in pieces.
struct Body: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    struct Cut: Error {}

    let bytes: [UInt8]
    var pieces = 1000
    /// Thrown after the bytes.
    var error: (any Error & Sendable)?
    /// Called once before the last piece.
    var beforeEnd: @Sendable () async -> Void = {}
    let taken = Counter()

    final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        let body: Body
        var rest: ArraySlice<UInt8>

        mutating func next() async throws -> ByteBuffer? {
            if rest.count <= body.pieces { await body.beforeEnd() }
            if rest.isEmpty, let error = body.error { throw error }
            if rest.isEmpty { return nil }
            body.taken.value.add(1, ordering: .relaxed)
            defer { rest = rest.dropFirst(body.pieces) }
            return ByteBuffer(bytes: rest.prefix(body.pieces))
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self, rest: bytes[...]) }
}

extension ArtifactKey {
    static func bundle(_ bytes: [UInt8]) -> ArtifactKey { .bundle(.sha256(bytes)) }

    static func binary(_ bytes: [UInt8], of worker: String) throws -> ArtifactKey {
        .binary(
            .sha256(bytes),
            of: try WorkerName(parsing: worker),
            for: try TargetTriple(parsing: "x86_64-unknown-linux-gnu")
        )
    }
}
