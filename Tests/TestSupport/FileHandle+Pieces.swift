// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Foundation

extension FileHandle {
    /// Gives all that comes to `take`, piece by piece, and at the end nothing once.
    ///
    /// On a thread of its own: `readabilityHandler` may still be registered with the kernel when the handle is closed, which
    /// ends the program.
    package func forEachPiece(_ take: @escaping @Sendable (Data) -> Void) {
        Thread.detachNewThread {
            while true {
                let piece = self.availableData
                take(piece)
                if piece.isEmpty { return }
            }
        }
    }
}
