// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText

/// JSON text with marks where the registry's public URL belongs.
///
/// A mark is the byte 1, which JSON text cannot hold: a writer spells that character `\u0001`.
enum AnswerText {
    private static let mark: UInt8 = 1

    /// Puts marks where `word` stands, which must stand nowhere else in the text.
    static func marking(_ word: String, in text: String) -> String {
        var marked: [UInt8] = []
        let (bytes, word) = (Array(text.utf8), Array(word.utf8))
        marked.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == word.first, bytes[index...].starts(with: word) {
                marked.append(mark)
                index += word.count
            } else {
                marked.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: marked, as: UTF8.self)
    }

    /// Appends a text with the public URL in its places.
    static func append(_ text: String, publicURL: PublicURL, to output: inout [UInt8]) {
        for byte in text.utf8 {
            if byte == mark { output.append(contentsOf: publicURL.description.utf8) } else { output.append(byte) }
        }
    }

    /// A ready object with more members at its end.
    static func adding(_ members: JSONObject, to text: String) -> [UInt8] {
        var output = Array(text.utf8.dropLast())
        if output.count > 1 { output.append(UInt8(ascii: ",")) }
        output.append(contentsOf: JSONValue.object(members).bytes().dropFirst())
        return output
    }
}
