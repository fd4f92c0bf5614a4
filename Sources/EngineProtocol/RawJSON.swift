// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import JSONText
package import NIOCore

/// The text of one JSON value, exactly as it came: order of keys, digits and escapes included.
///
/// It shares the memory of the message that it came in.
package struct RawJSON: Sendable, Hashable {
    /// Checked JSON without blanks around it.
    package let text: ByteBuffer

    /// Bytes that a scan has passed.
    init(checked text: ByteBuffer) { self.text = text }

    /// Checks that `text` is one JSON value.
    ///
    /// - Throws: `JSONFault`; also for `NaN` and its like.
    package init(parsing text: ByteBuffer, limits: ProtocolLimits = .standard) throws(JSONFault) {
        var scan = JSONScan(maximumDepth: limits.depth)
        let bytes = text.readableBytesUInt8Span
        scan.skipBlanks(in: bytes)
        let start = scan.index
        try scan.value(in: bytes)
        let end = scan.index
        scan.skipBlanks(in: bytes)
        guard scan.index == bytes.count, scan.isStandard else { throw scan.fault(.syntax) }
        self.text = text.slice(start..<end)
    }

    package init(_ value: JSONValue) { text = ByteBuffer(bytes: value.bytes()) }

    package static let null = RawJSON(checked: ByteBuffer(string: "null"))
    package static let emptyObject = RawJSON(checked: ByteBuffer(string: "{}"))

    package var byteCount: Int { text.readableBytes }
    package var isNull: Bool { first == UInt8(ascii: "n") }
    package var isObject: Bool { first == UInt8(ascii: "{") }
    package var isString: Bool { first == UInt8(ascii: "\"") }

    /// The characters of a string; nil where this is none, where escapes in it name half a character, and where it has
    /// more combining marks in a row than `StreamSafeText` allows: what comes of it is compared.
    package var string: String? {
        guard isString else { return nil }
        let inner = text.slice(1..<(text.readableBytes - 1))
        if !inner.readableBytesView.contains(UInt8(ascii: "\\")) {
            guard StreamSafeText.excess(in: inner.readableBytesView) == nil else { return nil }
            return String(validating: inner.readableBytesView, as: UTF8.self)
        }
        guard case .string(let string)? = value() else { return nil }
        return string
    }

    /// The value itself; nil where `JSONText` is stricter than this module (a key twice, half a character).
    package func value() -> JSONValue? {
        try? JSONValue(
            parsing: text.readableBytesView,
            limits: JSONLimits(bytes: text.readableBytes, depth: ProtocolLimits.standard.depth)
        )
    }

    /// The text of a member; nil where this is no object, or the member is missing or null.
    package func member(_ key: String) -> RawJSON? {
        guard isObject else { return nil }
        let bytes = text.readableBytesUInt8Span
        var scan = JSONScan(maximumDepth: .max, from: 1)
        var found: RawJSON?
        scan.skipBlanks(in: bytes)
        while scan.index < bytes.count, bytes[scan.index] == UInt8(ascii: "\"") {
            // The text was checked when it came, so the walk cannot fail.
            guard let name = try? scan.key(in: bytes) else { break }
            scan.skipBlanks(in: bytes)
            let start = scan.index
            guard (try? scan.value(in: bytes)) != nil else { break }
            let quoted = RawJSON(checked: text.slice((name.lowerBound - 1)..<(name.upperBound + 1)))
            if quoted.string == key { found = RawJSON(checked: text.slice(start..<scan.index)) }
            guard scan.take(UInt8(ascii: ","), in: bytes) else { break }
            scan.skipBlanks(in: bytes)
        }
        return found?.isNull == true ? nil : found
    }

    private var first: UInt8? { text.getInteger(at: text.readerIndex) }
}

extension RawJSON: CustomStringConvertible {
    package var description: String { String(buffer: text) }
}

extension ByteBuffer {
    /// A part of the readable bytes, counted from the reader index.
    func slice(_ range: Range<Int>) -> ByteBuffer {
        guard let slice = getSlice(at: readerIndex + range.lowerBound, length: range.count) else {
            preconditionFailure("ranges come from a scan of these bytes")
        }
        return slice
    }
}
