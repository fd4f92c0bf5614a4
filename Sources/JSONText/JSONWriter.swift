// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// How a value is written.
package enum JSONStyle: Sendable {
    /// One line, no blanks, keys in their order.
    case compact
    /// One line, no blanks, keys sorted by their bytes.
    case sorted
    /// Two blanks a level, keys sorted by their bytes, ending without a line end.
    case pretty
    /// Two blanks a level, keys in their order, ending without a line end.
    case indented

    fileprivate var isSorted: Bool { self == .sorted || self == .pretty }
    fileprivate var isIndented: Bool { self == .pretty || self == .indented }
}

extension JSONValue {
    /// The value as UTF-8.
    package func bytes(_ style: JSONStyle = .compact) -> [UInt8] {
        var writer = JSONWriter(style: style)
        writer.write(self, level: 0)
        return writer.output
    }

    /// The value as text.
    package func text(_ style: JSONStyle = .compact) -> String { String(decoding: bytes(style), as: UTF8.self) }
}

private struct JSONWriter {
    let style: JSONStyle
    var output: [UInt8] = []

    init(style: JSONStyle) { self.style = style }

    mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let bool): output.append(contentsOf: (bool ? "true" : "false").utf8)
        case .number(let number): output.append(contentsOf: number.description.utf8)
        case .string(let string): write(string)
        case .array(let elements):
            list("[", "]", elements, level: level) { $0.write($1, level: level + 1) }
        case .object(let object):
            list("{", "}", ordered(object), level: level) { writer, member in
                writer.write(member.key)
                writer.output.append(contentsOf: (writer.style.isIndented ? ": " : ":").utf8)
                writer.write(member.value, level: level + 1)
            }
        }
    }

    private func ordered(_ object: JSONObject) -> [JSONObject.Member] {
        if !style.isSorted { return object.members }
        return object.members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    private mutating func list<Element>(
        _ open: String,
        _ close: String,
        _ elements: [Element],
        level: Int,
        _ write: (inout JSONWriter, Element) -> Void
    ) {
        output.append(contentsOf: open.utf8)
        for (index, element) in elements.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            breakLine(level: level + 1)
            write(&self, element)
        }
        if !elements.isEmpty { breakLine(level: level) }
        output.append(contentsOf: close.utf8)
    }

    private mutating func breakLine(level: Int) {
        guard style.isIndented else { return }
        output.append(0x0A)
        output.append(contentsOf: repeatElement(0x20, count: 2 * level))
    }

    private mutating func write(_ string: String) {
        output.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
            case 0x0A: output += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 0x0D: output += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
            case 0x09: output += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
            case 0..<0x20, 0x7F:
                let hex = String(byte, radix: 16)
                output.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).utf8)
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
