// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A text in which `${NAME}` and `${NAME:default}` are hidden from the parser.
///
/// Their braces, colons and commas mean nothing to YAML: in `{port: ${PORT:3000}}` the parser would see maps. It is shown
/// a private character for each of them, as many characters as there are bytes, so that its marks stay right. What comes
/// of them is put in once it has told where each scalar ends: no value can become more than the text of one scalar.
///
/// A placeholder stands on one line and has a name. `$` that is written as an escape (`"\x24{NAME}"`) begins none.
struct YAMLPlaceholders {
    /// Characters by which YAML would take a placeholder apart, and the one by which it is found again.
    private static let hidden = Set("${}[]:,#".utf8)
    /// The planes for private use.
    private static let planes: Range<UInt32> = 0xF0000..<0x110000

    /// What the parser reads.
    let text: [UInt8]
    /// The first of 128 characters that the text has not, neither as such nor as an escape; the low seven bits of each are
    /// the byte that it hides.
    private let area: UInt32

    /// Hides what `body` has; nil where that is nothing.
    ///
    /// - Throws: `YAMLError` for a text that uses the private planes from end to end.
    init?(hiddenIn body: ArraySlice<UInt8>) throws(YAMLError) {
        let places = Self.places(in: body)
        if places.isEmpty { return nil }
        let used = Self.areas(usedBy: body)
        guard let area = Self.planes.reversed().first(where: { $0 & 0x7F == 0 && !used.contains($0 >> 7) }) else {
            throw YAMLError(.noPrivateCharacters, at: .start)
        }
        var text: [UInt8] = []
        text.reserveCapacity(body.count + 32 * places.count)
        var rest = body.startIndex
        for place in places {
            text += body[rest..<place.lowerBound]
            for byte in body[place] {
                if Self.hidden.contains(byte), let encoded = Unicode.Scalar(area + UInt32(byte)).flatMap(UTF8.encode) {
                    text += encoded
                } else {
                    text.append(byte)
                }
            }
            rest = place.upperBound
        }
        self.text = text + body[rest...]
        self.area = area
    }

    /// A text of the parser with its placeholders as they were written.
    func restored(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(restored(scalar)) }
        return String(result)
    }

    /// A text of the parser with the values of its placeholders; names that have none are added to `unset`, once each.
    ///
    /// A variable that is set to nothing counts as set. A value is text, whatever stands in it.
    func filled(_ text: String, _ value: (String) -> String?, unset: inout [String]) -> String {
        var result = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar.value == area + 0x24, let end = rest.firstIndex(where: { $0.value == area + 0x7D }) else {
                result.append(restored(scalar))
                continue
            }
            let inner = restored(String(rest[..<end].dropFirst())).unicodeScalars
            let name = String(inner.prefix { $0 != ":" })
            let colon = inner.firstIndex(of: ":")
            if let text = value(name) ?? colon.map({ String(inner[inner.index(after: $0)...]) }) {
                result += text.unicodeScalars
            } else if !unset.contains(name) {
                unset.append(name)
            }
            rest = rest[end...].dropFirst()
        }
        return String(result)
    }

    private func restored(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        scalar.value & ~0x7F == area ? Unicode.Scalar(UInt8(scalar.value & 0x7F)) : scalar
    }

    private static func places(in body: ArraySlice<UInt8>) -> [Range<Int>] {
        var places: [Range<Int>] = []
        var index = body.startIndex
        while let start = body[index...].firstIndex(of: UInt8(ascii: "$")) {
            index = start + 1
            guard let end = end(in: body, from: start) else { continue }
            places.append(start..<end)
            index = end
        }
        return places
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

    /// The areas of which a text has characters, or what could be the escape of one.
    private static func areas(usedBy body: ArraySlice<UInt8>) -> Set<UInt32> {
        var used: Set<UInt32> = []
        for index in body.indices where body[index] >= 0xF3 || body[index] == UInt8(ascii: "\\") {
            if body[index] >= 0xF3 {
                let value = body[index...].prefix(4).reduce(0) { $0 << 6 | UInt32($1 & 0x3F) }
                used.insert((value & 0x1F_FFFF) >> 7)
            } else if body[(index + 1)...].first == UInt8(ascii: "U") {
                let digits = String(decoding: body[(index + 2)...].prefix(8), as: UTF8.self)
                if let value = UInt32(digits, radix: 16) { used.insert(value >> 7) }
            }
        }
        return used
    }
}
