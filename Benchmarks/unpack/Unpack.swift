// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import SystemPackage
import WorkerModel

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Unpacks a tar.gz from disk as `iii worker add` does, under all rules but the number of files, and checks its digest.
///
/// usage: bench-unpack ARCHIVE FOLDER      status 1 for an archive that is refused, with the reason
@main enum Unpack {
    static func main() async throws {
        let (archive, folder) = (FilePath(CommandLine.arguments[1]), FilePath(CommandLine.arguments[2]))
        var limits = ArchiveLimits.bundle
        limits.entries = 10_000
        let outcome = try await ArchivePipeline.read(FilePieces(path: archive), limits: limits) {
            () throws(ArchiveError) in
            try TreeExtractor(below: folder)
        }
        switch outcome.result {
        case .success(let listing): print("\(listing.files.count) files, sha256 \(outcome.digest)")
        case .failure(let error):
            print(error.message)
            exit(1)
        }
    }
}

/// The bytes of a file, a piece after the other.
private struct FilePieces: AsyncSequence, Sendable {
    let path: FilePath

    struct AsyncIterator: AsyncIteratorProtocol {
        let descriptor: FileDescriptor

        mutating func next() async throws -> [UInt8]? {
            // Safety: the system writes into the array and says how much.
            let piece = try [UInt8](unsafeUninitializedCapacity: 256 << 10) { buffer, count in
                count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            return piece.isEmpty ? nil : piece
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        do { return AsyncIterator(descriptor: try .open(path, .readOnly)) } catch {
            preconditionFailure("\(path): \(error)")
        }
    }
}
