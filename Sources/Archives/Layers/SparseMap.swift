// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Where the pieces of a file with holes belong.
struct SparseMap: Hashable, Sendable {
    struct Piece: Hashable, Sendable {
        let offset: Int64
        let length: Int64
    }

    let pieces: [Piece]

    /// - Throws: `LayerFault.sparseMap` unless the pieces rise, lie within the file and fill `stored` bytes.
    init(_ numbers: [Int64], size: Int64, stored: Int64) throws(ArchiveFault) {
        guard numbers.count.isMultiple(of: 2) else { throw .layer(.sparseMap) }
        var pieces: [Piece] = []
        var (end, sum) = (Int64(0), Int64(0))
        for index in stride(from: 0, to: numbers.count, by: 2) {
            let (offset, length) = (numbers[index], numbers[index + 1])
            guard offset >= end, length >= 0, length <= size, offset <= size - length else { throw .layer(.sparseMap) }
            (end, sum) = (offset + length, sum + length)
            if length > 0 { pieces.append(Piece(offset: offset, length: length)) }
        }
        guard sum == stored else { throw .layer(.sparseMap) }
        self.pieces = pieces
    }
}

/// The records of PAX headers about a file with holes: three formats of GNU tar, by their numbers.
struct SparseRecords {
    private var major: Int64?
    private var name: [UInt8]?
    private var size: Int64?
    /// Offsets and lengths in turn, of the formats 0.0 and 0.1.
    private(set) var numbers: [Int64] = []

    /// Whether the map stands before the contents, as in format 1.0.
    var hasMapInData: Bool { major == 1 }
    var isSparse: Bool { size != nil }
    /// The path that such a header gives instead of its own.
    var path: [UInt8]? { name }
    /// Bytes of the file with its holes.
    var realSize: Int64? { size }

    mutating func take(_ key: String, _ value: ArraySlice<UInt8>) throws(ArchiveFault) {
        switch key {
        case "major": major = try LayerExtensions.number(value, "sparse format")
        case "name": name = Array(value)
        case "size", "realsize": size = try LayerExtensions.number(value, "sparse size")
        case "offset", "numbytes": numbers.append(try LayerExtensions.number(value, "sparse map"))
        case "map":
            for number in value.split(separator: UInt8(ascii: ",")) {
                numbers.append(try LayerExtensions.number(number, "sparse map"))
            }
        default: break
        }
    }
}

/// Reads the map before the contents in format 1.0: a count and that many pairs of numbers, a line each, in whole blocks.
struct SparseMapText {
    private var line: [UInt8] = []
    private var expected: Int64?
    private(set) var numbers: [Int64] = []

    /// Whether all of the map was read: what is left of the block is filling.
    var isDone: Bool { expected.map { numbers.count == $0 * 2 } ?? false }

    mutating func take(_ block: some Sequence<UInt8>) throws(ArchiveFault) {
        for byte in block where !isDone {
            if byte != 0x0A {
                line.append(byte)
                if line.count > 20 { throw .layer(.sparseMap) }
                continue
            }
            let number = try LayerExtensions.number(line[...], "sparse map")
            line.removeAll(keepingCapacity: true)
            if expected == nil {
                if number > Int64(LayerExtensions.sizeLimit) { throw .layer(.sparseMap) }
                expected = number
            } else {
                numbers.append(number)
            }
        }
    }
}
