// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// `${NAME}` and `${NAME:default}`, which somebody fills in before a text is parsed for good.
///
/// Until then their braces, colons and commas mean nothing: in `{port: ${PORT:3000}}` the parser would see maps. It is
/// shown a private character for each of them, as many characters as there are bytes, so that its marks stay right.
enum YAMLPlaceholders {
    /// Characters by which YAML would take a placeholder apart.
    private static let hidden = Set("{}[]:,#".utf8)
    /// A character of a private area and the byte that it hides: their low seven bits.
    private static let area: ClosedRange<UInt32> = 0x10FF00...0x10FF7F
    /// How every character from U+10F000 on begins in UTF-8.
    private static let areaLead: [UInt8] = [0xF4, 0x8F]

    /// The text with hidden placeholders; nil where it has none, or has characters of that area itself.
    static func hiding(in body: ArraySlice<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        var index = body.startIndex
        var rest = index
        while let start = body[index...].firstIndex(of: UInt8(ascii: "$")) {
            if let end = end(in: body, from: start) {
                result += body[rest...start]
                for byte in body[(start + 1)..<end] { append(byte, to: &result) }
                rest = end
            }
            index = max(rest, start + 1)
        }
        if result.isEmpty || hasAreaItself(body) { return nil }
        return result + body[rest...]
    }

    /// A text of the parser with its placeholders as they were written.
    static func restored(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isHidden = area.contains(scalar.value)
            result.append(isHidden ? Unicode.Scalar(UInt8(scalar.value & 0x7F)) : scalar)
        }
        return String(result)
    }

    /// Behind the brace that closes what begins at `start`, on the same line, with a name.
    private static func end(in body: ArraySlice<UInt8>, from start: Int) -> Int? {
        let inner = start + 2
        guard inner < body.endIndex, body[start + 1] == UInt8(ascii: "{"),
            let close = body[inner...].firstIndex(where: { [0x0A, 0x0D, UInt8(ascii: "}")].contains($0) }),
            body[close] == UInt8(ascii: "}"), close > inner, body[inner] != UInt8(ascii: ":")
        else { return nil }
        return close + 1
    }

    private static func append(_ byte: UInt8, to result: inout [UInt8]) {
        guard hidden.contains(byte) else { return result.append(byte) }
        let value = area.lowerBound + UInt32(byte)
        result += areaLead + [0x80 | UInt8(value >> 6 & 0x3F), 0x80 | UInt8(value & 0x3F)]
    }

    private static func hasAreaItself(_ body: ArraySlice<UInt8>) -> Bool {
        zip(body, body.dropFirst()).contains { $0 == areaLead[0] && $1 == areaLead[1] }
    }
}
