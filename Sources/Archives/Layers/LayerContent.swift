// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What is being read of a file's contents.
struct LayerContent {
    let entry: LayerEntry
    let pieces: [SparseMap.Piece]
    let stored: Int64
    var hasBegun = false
    var index = 0
    /// Bytes of the piece that were read.
    var done: Int64 = 0

    init(entry: LayerEntry, pieces: [SparseMap.Piece], stored: Int64) {
        self.entry = entry
        self.pieces = pieces
        self.stored = stored
    }
}
