// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Dispatch
import HostSystem
import Synchronization
import WorkerModel

/// A file that is hashed and written on a thread of its own, while whoever writes makes the next bytes.
///
/// One write is under way at most, so memory is bounded by what two of them hold.
///
/// Safety: `@unchecked Sendable` since the file is used on the queue alone.
final class WriteBehind: @unchecked Sendable {
    private let queue = DispatchQueue(label: "archive")
    private let room = DispatchSemaphore(value: 1)
    private let failure = Mutex<HostError?>(nil)
    private var file: OutputFile?

    init(_ file: consuming OutputFile) { self.file = consume file }

    /// Appends pieces in their order.
    ///
    /// - Throws: `HostError` of an earlier write; that of this one comes with the next call.
    func write(_ pieces: [[UInt8]]) throws(HostError) {
        room.wait()
        queue.async { [self] in
            perform(pieces)
            room.signal()
        }
        if let error = failure.withLock(\.self) { throw error }
    }

    /// Waits until all is written, syncs the file where that is wanted, and closes it.
    ///
    /// - Returns: digest and size of the file.
    func finish(isSynced: Bool) throws(HostError) -> (digest: Digest, size: ByteCount) {
        try queue.sync { Result { () throws(HostError) in try end(isSynced: isSynced) } }.get()
    }

    private func perform(_ pieces: [[UInt8]]) {
        if failure.withLock({ $0 != nil }) { return }
        do throws(HostError) {
            for piece in pieces {
                try piece.span.bytes.withUnsafeBytes { bytes throws(HostError) in try file?.write(bytes) }
            }
        } catch { failure.withLock { $0 = error } }
    }

    private func end(isSynced: Bool) throws(HostError) -> (digest: Digest, size: ByteCount) {
        if let error = failure.withLock(\.self) { throw error }
        guard let file = file.take() else { preconditionFailure("a file is ended once") }
        if isSynced { try file.sync() }
        let size = file.size
        return (try file.finish(), size)
    }
}
