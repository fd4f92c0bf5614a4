// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import Dispatch
import Synchronization

/// What is typed into this program, and the terminal that it is typed in.
package final class Keyboard: Sendable {
    package enum Event: Sendable {
        case bytes([UInt8])
        case end
        case size(rows: UInt16, columns: UInt16)
    }

    private let watch = Mutex<(any DispatchSourceSignal)?>(nil)

    package init() {}

    /// The size of the terminal, nil where there is none.
    package var size: (rows: UInt16, columns: UInt16)? {
        var (rows, columns): (UInt16, UInt16) = (0, 0)
        return iii_terminal_size(0, &rows, &columns) == 0 ? (rows, columns) : nil
    }

    /// Hands out what is typed, from a thread of its own, until the end of input.
    ///
    /// Where `isRaw`, the terminal passes every key on as it is, until `restore()`; changes of its size are told.
    package func read(isRaw: Bool, _ receive: @escaping @Sendable (Event) -> Void) {
        if isRaw {
            iii_terminal_raw(0)
            watch.withLock { watch in
                let source = DispatchSource.makeSignalSource(signal: SIGWINCH, queue: .global())
                source.setEventHandler { [self] in
                    if let size { receive(.size(rows: size.rows, columns: size.columns)) }
                }
                source.activate()
                watch = source
            }
        }
        let following: @Sendable () -> Void = {
            var piece = [UInt8](repeating: 0, count: 1 << 14)
            while true {
                let count = CHostSystem.read(0, &piece, piece.count)
                if count > 0 {
                    receive(.bytes(Array(piece.prefix(count))))
                } else if count == 0 || iii_errno() != EINTR {
                    return receive(.end)
                }
            }
        }
        // Without a thread nothing is typed.
        do throws(OwnThread.ThreadFailure) { try OwnThread.start(following) } catch { receive(.end) }
    }

    /// Gives the terminal back as it was.
    package func restore() {
        watch.withLock { source in
            guard source != nil else { return }
            source?.cancel()
            source = nil
            iii_terminal_restore(0)
        }
    }
}
