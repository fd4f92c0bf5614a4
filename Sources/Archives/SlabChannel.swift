// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Synchronization

/// Hands filled slabs from one task to another and empty ones back; both wait for the other without holding a thread.
///
/// One writer, one reader. The number of slabs is fixed, so a fast writer waits for the reader.
final class SlabChannel: Sendable {
    /// How the writer left.
    enum End: Sendable {
        /// All was sent.
        case complete
        /// Something went wrong on the writer's side; what was sent is not all.
        case broken
    }

    private struct State {
        var empty: [Slab]
        var filled: [Slab] = []
        var end: End?
        /// Why nobody takes slabs any more.
        var abandonment: ArchiveError?
        var writer: CheckedContinuation<Slab?, Never>?
        var reader: CheckedContinuation<Slab?, Never>?
    }

    private let state: Mutex<State>

    init(slabs: Int) { state = Mutex(State(empty: (0..<slabs).map { _ in Slab() })) }

    // MARK: The writer

    /// An empty slab to fill, nil once the reader has gone.
    func emptySlab() async -> Slab? {
        await withCheckedContinuation { continuation in
            let ready: Slab?? = state.withLock { state in
                if state.abandonment != nil { return .some(nil) }
                if let slab = state.empty.popLast() { return slab }
                state.writer = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    /// Hands a filled slab on.
    func send(_ slab: Slab) {
        let reader = state.withLock { state in
            if state.reader == nil { state.filled.append(slab) }
            return state.reader.take()
        }
        reader?.resume(returning: slab)
    }

    /// Tells the reader that nothing more comes.
    ///
    /// Of several calls the first counts.
    func finish(_ end: End) {
        let reader = state.withLock { state in
            if state.end == nil { state.end = end }
            return state.reader.take()
        }
        reader?.resume(returning: nil)
    }

    /// Why the reader has gone, nil while it is there.
    var abandonment: ArchiveError? { state.withLock { $0.abandonment } }

    // MARK: The reader

    /// The next filled slab, nil after the last.
    func next() async -> Slab? {
        await withCheckedContinuation { continuation in
            let ready: Slab?? = state.withLock { state in
                if !state.filled.isEmpty { return state.filled.removeFirst() }
                if state.end != nil { return .some(nil) }
                state.reader = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    /// Gives a slab back that was read.
    func recycle(_ slab: Slab) {
        slab.count = 0
        slab.endsLayer = false
        let writer = state.withLock { state in
            if state.writer == nil { state.empty.append(slab) }
            return state.writer.take()
        }
        writer?.resume(returning: slab)
    }

    /// How the writer left; nil while it is there.
    var end: End? { state.withLock { $0.end } }

    /// Tells the writer that nobody reads any more.
    func abandon(because error: ArchiveError) {
        let writer = state.withLock { state in
            state.abandonment = error
            return state.writer.take()
        }
        writer?.resume(returning: nil)
    }
}
