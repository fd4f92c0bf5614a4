// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Dispatch
import HostSystem
import Synchronization
import SystemPackage
import WorkerModel

/// Blocks on their way into a file: made several at once, hashed and written in their order.
///
/// All of it happens while whoever packs reads what comes next. So many blocks are on the way at most, so memory is bounded.
///
/// Safety: `@unchecked Sendable` since the file is used on the queue `writing` alone and the hasher on `hashing` alone.
final class BlockPipeline: @unchecked Sendable {
    private static let width = 8

    /// A block that is made, hashed and written on three threads.
    private final class Block: Sendable {
        private let made = DispatchGroup()
        private let contents = Mutex<[UInt8]>([])

        init() { made.enter() }

        func fill(_ bytes: [UInt8]) {
            contents.withLock { $0 = bytes }
            made.leave()
        }

        /// Waits until it is made.
        var bytes: [UInt8] {
            made.wait()
            return contents.withLock(\.self)
        }
    }

    /// A thread each, whatever else this program waits for.
    private let making = (0..<width).map { _ in DispatchQueue(label: "archive.block") }
    private let hashing = DispatchQueue(label: "archive.hash")
    private let writing = DispatchQueue(label: "archive.write")
    /// A block takes two places, which hashing and writing give back.
    private let room = DispatchSemaphore(value: 2 * width)
    private let failure = Mutex<ArchiveError?>(nil)
    private var count = 0
    private var file: OutputFile?
    private var hasher = DigestHasher()

    /// Makes the file, which must not exist, and begins it with `header`.
    init(_ path: FilePath, mode: UInt16, header: [UInt8]) throws(ArchiveError) {
        do throws(HostError) {
            file = try OutputFile(in: OutputFile.currentDirectory, named: path.string, path: path, mode: mode)
        } catch { throw .host(error) }
        try append { header }
    }

    /// Puts what `make` gives behind all that came before.
    ///
    /// `make` runs on another thread; nothing from it means that there is no memory.
    ///
    /// - Throws: `ArchiveError` of what came before.
    func append(_ make: @escaping @Sendable () -> [UInt8]) throws(ArchiveError) {
        if let error = failure.withLock(\.self) { throw error }
        for _ in 0..<2 { room.wait() }
        let block = Block()
        making[count % Self.width].async { block.fill(make()) }
        hashing.async { [self] in
            hasher.update(block.bytes)
            room.signal()
        }
        writing.async { [self] in
            write(block.bytes)
            room.signal()
        }
        count += 1
    }

    /// Waits until all is written, syncs the file where that is wanted, and closes it.
    ///
    /// - Returns: digest and size of the file.
    func finish(isSynced: Bool) throws(ArchiveError) -> (digest: Digest, size: ByteCount) {
        let size = try writing.sync { Result { () throws(ArchiveError) in try close(isSynced: isSynced) } }.get()
        return (hashing.sync { hasher.finalize() }, size)
    }

    private func write(_ bytes: [UInt8]) {
        if failure.withLock({ $0 != nil }) { return }
        do throws(ArchiveError) {
            if bytes.isEmpty { throw .outOfMemory }
            do throws(HostError) {
                try bytes.span.bytes.withUnsafeBytes { bytes throws(HostError) in try file?.append(bytes) }
            } catch { throw .host(error) }
        } catch { failure.withLock { $0 = error } }
    }

    private func close(isSynced: Bool) throws(ArchiveError) -> ByteCount {
        if let error = failure.withLock(\.self) { throw error }
        guard let file = file.take() else { preconditionFailure("a file is ended once") }
        let size = file.size
        do throws(HostError) {
            if isSynced { try file.sync() }
            try file.close()
        } catch { throw .host(error) }
        return size
    }
}
