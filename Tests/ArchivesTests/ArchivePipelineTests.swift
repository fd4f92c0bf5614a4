// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import Synchronization
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import Archives

struct ArchivePipelineTests {
    /// About two MiB in 40 files, more than all slabs hold.
    private static let archive: [UInt8] = {
        var generator = SeededGenerator(seed: 1)
        let tar = TarBytes.archive { tar in
            for number in 0..<40 {
                let contents = (0..<50_000).map { _ in UInt8.random(in: 0...63, using: &generator) }
                tar.file(Array("d\(number % 4)/f\(number)".utf8), contents)
            }
        }
        return GzipBytes.pack(tar, level: 1)
    }()

    @Test(arguments: Extraction.engines, [37, 16_384, 1 << 22])
    func givesWhatTheReaderGives(_ engine: InflateEngine, pieces: Int) async throws {
        let expected = try Extraction.read(Self.archive, into: ArchiveInspector(), engine: engine).listing
        try await withTemporaryDirectory { root in
            let outcome = try await Extraction.pipe(Self.archive, engine: engine, pieces: pieces) {
                () throws(ArchiveError) in try TreeExtractor(below: root)
            }
            #expect(try outcome.result.get() == expected)
            #expect(outcome.digest == .sha256(Self.archive))
            #expect(outcome.size == ByteCount(Self.archive.count))
            #expect(try Tree(below: root) == Tree(expected))
        }
    }

    /// A body that counts what is taken from it and ends as it is told.
    private struct Body: AsyncSequence, Sendable {
        enum End { case normal, error, never }
        struct Cut: Error {}

        let chunks: [[UInt8]]
        let end: End
        let taken = Counter()

        final class Counter: Sendable {
            let value = Atomic<Int>(0)
        }

        struct AsyncIterator: AsyncIteratorProtocol {
            let body: Body
            var index = 0

            mutating func next() async throws -> [UInt8]? {
                if index < body.chunks.count {
                    defer { index += 1 }
                    body.taken.value.add(1, ordering: .relaxed)
                    return body.chunks[index]
                }
                switch body.end {
                case .normal: return nil
                case .error: throw Cut()
                case .never:
                    // Ends when the task is cancelled, and then as if all had come.
                    await withCancellationWait()
                    return nil
                }
            }
        }

        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
    }

    @Test func stopsAtTheLimitOfCompressedBytes() async throws {
        var limits = ArchiveLimits.bundle
        limits.compressed = ByteCount(5000)
        let body = Body(chunks: [[UInt8]](repeating: [UInt8](repeating: 7, count: 1000), count: 100), end: .normal)
        let error = await #expect(throws: ArchiveError.self) {
            try await ArchivePipeline.read(body, limits: limits) { ArchiveInspector() }
        }
        #expect(error?.code == .download)
        #expect(body.taken.value.load(ordering: .relaxed) == 6)
    }

    @Test func passesOnWhatTheBodyThrows() async throws {
        for count in [0, 1, 10_000, Self.archive.count] {
            let body = Body(chunks: [Array(Self.archive.prefix(count))], end: .error)
            await #expect(throws: Body.Cut.self) {
                try await ArchivePipeline.read(body, limits: .bundle) { ArchiveInspector() }
            }
        }
    }

    @Test func endsWhenItsTaskIsCancelled() async throws {
        let body = Body(chunks: [Array(Self.archive.prefix(100_000))], end: .never)
        let task = Task { try await ArchivePipeline.read(body, limits: .bundle) { ArchiveInspector() } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    /// A sink whose disk fills up.
    private struct FullDisk: ArchiveSink {
        static let error = HostError(.write, "/full", .noSpace)

        mutating func begin(_ entry: ArchiveEntry) {}
        mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) { throw .host(Self.error) }
        mutating func end() {}
        mutating func finish() -> Int { 0 }
    }

    @Test func throwsWhatTheMachineRefusesAndTakesNoMore() async throws {
        let pieces = stride(from: 0, to: Self.archive.count, by: 1000).map {
            Array(Self.archive[$0..<min($0 + 1000, Self.archive.count)])
        }
        let body = Body(chunks: pieces, end: .normal)
        let error = await #expect(throws: ArchiveError.self) {
            try await ArchivePipeline.read(body, limits: .bundle) { FullDisk() }
        }
        #expect(error?.code == .storageFull)
        // Six slabs can be under way; one that is full tells the writer.
        #expect(body.taken.value.load(ordering: .relaxed) < pieces.count)
    }

    @Test func throwsWhatKeepsTheSinkFromBeingMade() async throws {
        let error = await #expect(throws: ArchiveError.self) {
            try await Extraction.pipe(Self.archive) { () throws(ArchiveError) in
                try TreeExtractor(below: "/nowhere/at/all")
            }
        }
        #expect(error?.code == .storageIO)
    }

    @Test func writerWaitsForAnEmptySlab() async throws {
        let channel = SlabChannel(slabs: 2)
        for _ in 0..<2 {
            let slab = try #require(await channel.emptySlab())
            slab.count = 1
            channel.send(slab)
        }
        async let third = channel.emptySlab()
        let first = try #require(await channel.next())
        channel.recycle(first)
        let reused = await third
        #expect(reused === first)
        #expect(reused?.count == 0)
        async let fourth = channel.emptySlab()
        channel.abandon(because: .outOfMemory)
        #expect(await fourth == nil)
        #expect(channel.abandonment != nil)
    }

    @Test func readerGetsAllBeforeTheEnd() async throws {
        let channel = SlabChannel(slabs: 2)
        let slab = try #require(await channel.emptySlab())
        channel.send(slab)
        channel.finish(.complete)
        channel.finish(.broken)
        #expect(await channel.next() === slab)
        #expect(await channel.next() == nil)
        #expect(channel.end == .complete)
    }
}

/// Returns once the task is cancelled.
private func withCancellationWait() async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    await withTaskCancellationHandler {
        for await _ in stream {}
    } onCancel: {
        continuation.finish()
    }
}
