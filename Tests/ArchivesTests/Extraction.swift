// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import Archives

/// The ways to read an archive that the suites go through.
enum Extraction {
    static let engines = InflateEngine.allCases.filter(\.isAvailable)

    /// Reads an archive in pieces of so many bytes.
    static func read<Sink: ArchiveSink>(
        _ archive: [UInt8],
        into sink: Sink,
        limits: ArchiveLimits = .bundle,
        engine: InflateEngine = .fastest,
        pieces: Int = .max
    ) throws(ArchiveError) -> Sink.Output {
        var reader = try ArchiveReader(sink: sink, limits: limits, engine: engine)
        var rest = archive[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
            try piece.span.bytes.withUnsafeBytes { bytes throws(ArchiveError) in try reader.feed(bytes) }
        }
        return try reader.finish()
    }

    /// Reads an archive by the pipeline, in pieces of so many bytes.
    static func pipe<Sink: ArchiveSink>(
        _ archive: [UInt8],
        limits: ArchiveLimits = .bundle,
        engine: InflateEngine = .fastest,
        pieces: Int = 1000,
        into makeSink: @escaping @Sendable () throws(ArchiveError) -> Sink
    ) async throws -> ArchivePipeline.Outcome<Sink.Output> {
        let body = AsyncStream<ArraySlice<UInt8>> { continuation in
            var rest = archive[...]
            while !rest.isEmpty {
                continuation.yield(rest.prefix(pieces))
                rest = rest.dropFirst(pieces)
            }
            continuation.finish()
        }
        return try await ArchivePipeline.read(body, limits: limits, engine: engine, into: makeSink)
    }
}

/// What is wrong with an archive, and which entry.
struct Refusal: Equatable, CustomStringConvertible {
    let fault: ArchiveFault
    let entry: String?

    init?(_ error: (any Error)?) {
        guard case .refused(let fault, let entry) = error as? ArchiveError else { return nil }
        self.init(fault, entry)
    }

    init(_ fault: ArchiveFault, _ entry: String?) {
        self.fault = fault
        self.entry = entry
    }

    var description: String { "\(entry ?? "the archive"): \(fault)" }
}
