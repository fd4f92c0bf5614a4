// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import TestSupport

/// One change of a request that somebody might make to find two readers apart.
enum RequestMutation {
    private static let bytes: [UInt8] = [
        0x00, 0x09, 0x0A, 0x0B, 0x0D, 0x20, 0x21, 0x22, 0x23, 0x25, 0x28, 0x2C, 0x2F, 0x3A, 0x3B, 0x3D, 0x40, 0x5B,
        0x5C,
        0x7B, 0x7F, 0x80, 0xA0, 0xC3, 0xFF,
    ]
    private static let lines = [
        "Connection: close", "Connection: Close", "connection: keep-alive, x", "Proxy-Connection: close",
        "Content-Length: 0", "Content-Length: 5", "Content-Length : 0", "Content-Length: 9223372036854775808",
        "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "transfer-encoding: identity",
        "Transfer-Encoding: \u{B}chunked", "Host: b", "Host:", " folded: x", "X: y\rZ: z", "X: y\nZ: z", "X(y): z",
        "X@: z",
        "Expect: 100-continue", "Expect: x", "Upgrade: h2c", "Range: bytes=1-2", "If-None-Match: *", "X: \u{7F}",
        "é: x",
        "X: é", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA", "Keep-Alive: timeout=5", "Accept: text/html",
        ":authority: a",
    ]
    private static let texts = [
        "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/01.1", "http/1.1", "//", "/../", "/%2e/", "%00", "?", "#", "\r\n",
        "\n",
        "\r\n\r\n", "0", "00", "99999999999999999999",
    ]

    static func apply(to bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let place = Int(generator.next() % UInt64(max(1, bytes.count)))
        func pick<Value>(_ values: [Value]) -> Value { values[Int(generator.next() % UInt64(values.count))] }
        switch generator.next() % 8 {
        case 0: bytes[place] = pick(Self.bytes)
        case 1: bytes.insert(pick(Self.bytes), at: place)
        case 2: bytes.remove(at: place)
        case 3: bytes[place] ^= 0x20
        case 4, 5: insertLine(pick(lines), into: &bytes, &generator)
        case 6: bytes.insert(contentsOf: pick(texts).utf8, at: place)
        default: replaceWord(with: pick(texts), in: &bytes, at: place)
        }
    }

    private static func insertLine(_ line: String, into bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let ends = bytes.indices.filter { bytes[$0] == 0x0A }
        guard !ends.isEmpty else { return }
        bytes.insert(contentsOf: Array((line + "\r\n").utf8), at: ends[Int(generator.next() % UInt64(ends.count))] + 1)
    }

    private static func replaceWord(with text: String, in bytes: inout [UInt8], at place: Int) {
        let isWord = { (byte: UInt8) in byte > 0x20 && byte < 0x7F }
        let start = bytes[..<place].lastIndex { !isWord($0) }.map { $0 + 1 } ?? 0
        let end = bytes[place...].firstIndex { !isWord($0) } ?? bytes.endIndex
        if start < end { bytes.replaceSubrange(start..<end, with: text.utf8) }
    }
}
