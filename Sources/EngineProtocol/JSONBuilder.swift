// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import NIOCore

/// Writes JSON text member by member, taking values over as text where they came as text.
package struct JSONBuilder {
    package private(set) var buffer: ByteBuffer
    private var needsComma = false

    package init(capacity: Int = 256) {
        buffer = ByteBuffer()
        buffer.reserveCapacity(capacity)
    }

    /// The text of one object.
    package static func object(_ body: (inout JSONBuilder) -> Void) -> RawJSON {
        var builder = JSONBuilder()
        builder.object(body)
        return RawJSON(checked: builder.buffer)
    }

    package mutating func object(_ body: (inout JSONBuilder) -> Void) {
        open(UInt8(ascii: "{"))
        body(&self)
        close(UInt8(ascii: "}"))
    }

    package mutating func array<Element>(
        _ elements: some Sequence<Element>,
        _ write: (inout JSONBuilder, Element) -> Void
    ) {
        open(UInt8(ascii: "["))
        for element in elements { write(&self, element) }
        close(UInt8(ascii: "]"))
    }

    package mutating func value(_ text: String) {
        separate()
        buffer.writeJSONString(text)
    }

    package mutating func value(_ raw: RawJSON) {
        separate()
        buffer.writeImmutableBuffer(raw.text)
    }

    /// A value that `write` writes; it has to be whole.
    mutating func raw(_ write: (inout ByteBuffer) -> Void) {
        separate()
        write(&buffer)
    }

    /// A key; what is written next is its value.
    package mutating func key(_ key: StaticString) {
        separate()
        buffer.writeInteger(UInt8(ascii: "\""))
        buffer.writeStaticString(key)
        buffer.writeStaticString("\":")
        needsComma = false
    }

    package mutating func member(_ key: StaticString, _ text: String) {
        self.key(key)
        value(text)
    }

    package mutating func member(_ key: StaticString, _ raw: RawJSON) {
        self.key(key)
        value(raw)
    }

    package mutating func member(_ key: StaticString, _ number: some FixedWidthInteger) { literal(key, "\(number)") }

    package mutating func member(_ key: StaticString, _ bool: Bool) { literal(key, bool ? "true" : "false") }

    /// A member that says null where there is nothing.
    package mutating func nullable(_ key: StaticString, _ text: String?) {
        if let text { member(key, text) } else { literal(key, "null") }
    }

    package mutating func nullable(_ key: StaticString, _ raw: RawJSON?) { member(key, raw ?? .null) }

    /// A member that is left out where there is nothing.
    package mutating func optional(_ key: StaticString, _ text: String?) {
        if let text { member(key, text) }
    }

    package mutating func optional(_ key: StaticString, _ raw: RawJSON?) {
        if let raw { member(key, raw) }
    }

    private mutating func literal(_ key: StaticString, _ text: String) {
        self.key(key)
        separate()
        buffer.writeString(text)
    }

    private mutating func separate() {
        if needsComma { buffer.writeInteger(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func open(_ byte: UInt8) {
        separate()
        buffer.writeInteger(byte)
        needsComma = false
    }

    private mutating func close(_ byte: UInt8) {
        buffer.writeInteger(byte)
        needsComma = true
    }
}

extension ByteBuffer {
    /// Writes a string in quotes, escaping what JSON asks for and nothing else.
    mutating func writeJSONString(_ text: String) {
        writeInteger(UInt8(ascii: "\""))
        if Self.isPlain(text) { writeString(text) } else { for byte in text.utf8 { writeEscaped(byte) } }
        writeInteger(UInt8(ascii: "\""))
    }

    /// Whether a string needs no escapes.
    private static func isPlain(_ text: String) -> Bool {
        func scan(_ bytes: some Sequence<UInt8>) -> Bool {
            for byte in bytes where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                return false
            }
            return true
        }
        return text.utf8.withContiguousStorageIfAvailable { scan($0) } ?? scan(text.utf8)
    }

    private mutating func writeEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): writeMultipleIntegers(UInt8(ascii: "\\"), byte)
        case 0x0A: writeStaticString("\\n")
        case 0x0D: writeStaticString("\\r")
        case 0x09: writeStaticString("\\t")
        case 0..<0x20: writeString("\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16))
        default: writeInteger(byte)
        }
    }
}
