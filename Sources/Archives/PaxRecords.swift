// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics

/// What an extended header of POSIX (`x` or `g`) says that concerns us: the path and the size of the next entry.
struct PaxRecords: Equatable {
    var path: [UInt8]?
    var size: Int64?
    /// Whether the entry is said to be a link.
    var namesLink = false

    /// Keys that may stand in a header and are dropped: owner, times, comments.
    ///
    /// Extended attributes and ACLs too, under whatever prefix a writer has for them.
    private static let dropped: Set<String> = [
        "atime", "ctime", "mtime", "uid", "gid", "uname", "gname", "comment", "charset",
    ]

    /// Reads records `LENGTH KEY=VALUE\n` that fill `bytes` exactly.
    ///
    /// - Throws: `TarFault` for records that are broken, come twice, or change what the entry is (sparse files).
    init(parsing bytes: [UInt8], isGlobal: Bool) throws(ArchiveFault) {
        var rest = bytes[...]
        var keys: Set<String> = []
        while !rest.isEmpty {
            let (key, value) = try Self.record(from: &rest)
            guard keys.insert(key).inserted else { throw .tar(.extendedRecord(key: key)) }
            try take(key, value, isGlobal: isGlobal)
        }
    }

    private static func record(
        from rest: inout ArraySlice<UInt8>
    ) throws(ArchiveFault) -> (key: String, value: ArraySlice<UInt8>) {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard (1...6).contains(digits.count), digits.first != 0x30 else { throw .tar(.extendedHeader) }
        let length = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard length <= rest.count, length > digits.count + 2 else { throw .tar(.extendedHeader) }
        let record = rest.prefix(length)
        let body = record.dropFirst(digits.count).dropFirst().dropLast()
        guard record[digits.endIndex] == 0x20, record.last == 0x0A, let equals = body.firstIndex(of: UInt8(ascii: "="))
        else { throw .tar(.extendedHeader) }
        guard let key = String(validating: body[..<equals], as: UTF8.self), !key.isEmpty, key.isStreamSafe else {
            throw .tar(.extendedHeader)
        }
        rest = rest.dropFirst(length)
        return (key, body[(equals + 1)...])
    }

    private mutating func take(_ key: String, _ value: ArraySlice<UInt8>, isGlobal: Bool) throws(ArchiveFault) {
        switch key {
        case "path" where !isGlobal:
            if value.isEmpty { throw .tar(.extendedRecord(key: key)) }
            path = Array(value)
        case "size" where !isGlobal:
            guard let text = String(validating: value, as: UTF8.self), text.utf8.count <= 18,
                text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(text)
            else { throw .tar(.number(field: "size")) }
            size = number
        case "linkpath" where !isGlobal: namesLink = true
        case _ where key.hasPrefix("GNU.sparse."): throw .kind(.sparse)
        case "hdrcharset":
            guard value.elementsEqual("ISO-IR 10646 2000 UTF-8".utf8) else { throw .tar(.extendedRecord(key: key)) }
        case _ where Self.dropped.contains(key) || Self.isAttribute(key): break
        default: throw .tar(.extendedRecord(key: key))
        }
    }

    private static func isAttribute(_ key: String) -> Bool {
        let prefixes = ["SCHILY.xattr.", "SCHILY.acl.", "LIBARCHIVE.xattr.", "RHT.security.", "SUN.acl"]
        let exact = ["SCHILY.fflags", "SCHILY.dev", "SCHILY.ino", "SCHILY.nlink", "LIBARCHIVE.creationtime"]
        return exact.contains(key) || prefixes.contains { key.hasPrefix($0) }
    }
}
