// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText

/// JSON text with marks where the registry's public URL belongs, or only host and port of it.
///
/// The marks are the bytes 1 and 2, which JSON text cannot hold: a writer spells such a character `\u0001`.
enum AnswerText {
    /// What a mark stands for.
    enum Mark: UInt8 {
        case publicURL = 1
        case authority = 2
    }

    /// Puts marks where `word` stands, which must stand nowhere else in the text.
    static func marking(_ word: String, as mark: Mark, in text: String) -> String {
        var marked: [UInt8] = []
        let (bytes, word) = (Array(text.utf8), Array(word.utf8))
        marked.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == word.first, bytes[index...].starts(with: word) {
                marked.append(mark.rawValue)
                index += word.count
            } else {
                marked.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: marked, as: UTF8.self)
    }

    /// Appends a text with the public URL, or host and port, in their places.
    static func append(_ text: String, publicURL: PublicURL, to output: inout [UInt8]) {
        for byte in text.utf8 {
            switch Mark(rawValue: byte) {
            case .publicURL: output.append(contentsOf: publicURL.description.utf8)
            case .authority: output.append(contentsOf: publicURL.authority.utf8)
            case nil: output.append(byte)
            }
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
