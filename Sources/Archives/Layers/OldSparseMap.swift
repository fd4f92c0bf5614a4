// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The map of holes in GNU's old format: four pieces in the header, twenty-one in each block that follows.
enum OldSparseMap {
    /// - Returns: whether no block follows.
    static func take(_ block: [UInt8], isHeader: Bool, into numbers: inout [Int64]) throws(ArchiveFault) -> Bool {
        let start = isHeader ? 386 : 0
        let end = isHeader ? 482 : 504
        for place in stride(from: start, to: end, by: 24) where block[place] != 0 {
            numbers.append(try LayerHeader.number(block[place..<place + 12], "sparse map"))
            numbers.append(try LayerHeader.number(block[place + 12..<place + 24], "sparse map"))
        }
        return block[end] == 0
    }

    static func realSize(_ header: [UInt8]) throws(ArchiveFault) -> Int64 {
        let size = try LayerHeader.number(header[483..<495], "sparse size")
        if size < 0 { throw .tar(.number(field: "sparse size")) }
        return size
    }
}
