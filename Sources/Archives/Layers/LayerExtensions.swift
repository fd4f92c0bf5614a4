// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// What extended headers said about the entry that comes next.
struct LayerExtensions {
    /// The longest extended header, in bytes: it may hold the attributes of a file.
    static let sizeLimit = 1 << 20

    var path: [UInt8]?
    var target: [UInt8]?
    var size: Int64?
    var user: Int64?
    var group: Int64?
    var modified: LayerEntry.Time?
    var attributes: [LayerEntry.Attribute] = []
    var sparse = SparseRecords()

    /// Takes the data of GNU's headers for names that are too long.
    mutating func take(longName data: [UInt8], isLink: Bool) {
        let name = Array(data.prefix { $0 != 0 })
        if isLink { target = name } else { path = name }
    }

    /// Takes the data of a PAX header: records `LENGTH KEY=VALUE\n`.
    ///
    /// - Throws: `ArchiveFault` for a broken record, and for one that would tell the path of everything that follows.
    mutating func take(records data: [UInt8], isGlobal: Bool) throws(ArchiveFault) {
        var rest = data[...]
        while !rest.isEmpty {
            let (key, value) = try Self.record(&rest)
            if isGlobal {
                if ["path", "linkpath", "size"].contains(key) { throw .tar(.extendedRecord(key: key)) }
            } else {
                try take(key, value)
            }
        }
    }

    private static func record(_ rest: inout ArraySlice<UInt8>) throws(ArchiveFault) -> (String, ArraySlice<UInt8>) {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard (1...7).contains(digits.count), let length = Int(String(decoding: digits, as: UTF8.self)),
            length <= rest.count, length > digits.count + 2
        else { throw .tar(.extendedHeader) }
        let record = rest.prefix(length)
        rest = rest.dropFirst(length)
        let body = record.dropFirst(digits.count + 1).dropLast()
        guard record[digits.endIndex] == 0x20, record.last == 0x0A, let equals = body.firstIndex(of: UInt8(ascii: "=")),
            equals > body.startIndex
        else { throw .tar(.extendedHeader) }
        guard StreamSafeText.excess(in: body[..<equals]) == nil else { throw .tar(.extendedHeader) }
        return (String(decoding: body[..<equals], as: UTF8.self), body[(equals + 1)...])
    }

    private mutating func take(_ key: String, _ value: ArraySlice<UInt8>) throws(ArchiveFault) {
        switch key {
        case "path": path = value.isEmpty ? nil : Array(value)
        case "linkpath": target = value.isEmpty ? nil : Array(value)
        case "size": size = try Self.number(value, key)
        case "uid": user = try Self.number(value, key)
        case "gid": group = try Self.number(value, key)
        case "mtime": modified = try Self.time(value)
        // A record without a value takes back what was said before, and that is nothing.
        case _ where key.hasPrefix("SCHILY.xattr.") && !value.isEmpty:
            attributes.append(.init(name: String(key.dropFirst("SCHILY.xattr.".count)), value: Array(value)))
        case _ where key.hasPrefix("GNU.sparse."):
            try sparse.take(String(key.dropFirst("GNU.sparse.".count)), value)
        // Times that nobody restores, names of users, comments, marks of tools.
        default: break
        }
    }

    static func number(_ text: ArraySlice<UInt8>, _ field: String) throws(ArchiveFault) -> Int64 {
        guard (1...18).contains(text.count), text.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int64(String(decoding: text, as: UTF8.self))
        else { throw .tar(.number(field: field)) }
        return number
    }

    /// Seconds with a fraction: `1700000000.25`, `-1.5`.
    private static func time(_ text: ArraySlice<UInt8>) throws(ArchiveFault) -> LayerEntry.Time {
        let isNegative = text.first == UInt8(ascii: "-")
        let parts = text.dropFirst(isNegative ? 1 : 0).split(
            separator: UInt8(ascii: "."),
            omittingEmptySubsequences: false
        )
        guard parts.count <= 2 else { throw .tar(.number(field: "mtime")) }
        let seconds = try number(parts[0], "mtime")
        let digits = parts.count == 2 ? parts[1].prefix(9) : []
        let fraction = digits.isEmpty ? 0 : try number(digits, "mtime")
        var nanoseconds = Int32(truncatingIfNeeded: fraction)
        for _ in digits.count..<9 { nanoseconds *= 10 }
        guard isNegative else { return .init(seconds: seconds, nanoseconds: nanoseconds) }
        return nanoseconds == 0
            ? .init(seconds: -seconds) : .init(seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds)
    }
}
