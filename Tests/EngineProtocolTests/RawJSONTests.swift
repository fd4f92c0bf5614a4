// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import EngineProtocol
import NIOCore
import Testing

@Suite struct RawJSONTests {
    @Test(arguments: [
        "null", "true", "-0.50e+3", "12345678901234567890123", "[]", "{}", "[1,[2,{\"a\":true}]]", "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"", "\"\\udc00 half\"", "\"é€😀\"", "\"a string of more than eight bytes \\\" and \\\\ more\"",
        "{\"a\":1,\"a\":2}", "{ \"a\" : [ 1 , 2 ] }", "\"\u{7F}\"", "1E400",
    ])
    func keepsEveryByteOfAValue(text: String) throws {
        #expect(try RawJSON(parsing: ByteBuffer(string: text)).description == text)
        #expect(try RawJSON(parsing: ByteBuffer(string: " \n\(text)\t ")).description == text)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "01", "-", "1.", ".5", "1e", "+1", "0x1", "NaN", "[Infinity]", "-Infinity", "[1,]",
        "[1 2]", "{\"a\"}", "{a:1}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
        "\"12345678\u{1}\"", "\"a\nb\"", "1 2", "[", "{", "{\"a\":", "'a'", "\u{FEFF}1", "[1]]", "\"1234567\\",
    ])
    func refusesWhatIsNoJSON(text: String) {
        #expect(throws: JSONFault.self) { try RawJSON(parsing: ByteBuffer(string: text)) }
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xE2, 0x82],
            [0xF0, 0x9F, 0x98], [0x80],
        ] as [[UInt8]]
    )
    func refusesWhatIsNoUTF8(bytes: [UInt8]) {
        for padding in ["", "1234567", "123456789"] {
            let text = [0x22] + Array(padding.utf8) + bytes + [0x22]
            #expect(throws: JSONFault.self) { try RawJSON(parsing: ByteBuffer(bytes: text)) }
        }
    }

    @Test(arguments: [(512, true), (513, false), (100_000, false)]) func holdsItsDepth(levels: Int, fits: Bool) {
        let arrays = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        #expect(((try? RawJSON(parsing: ByteBuffer(string: arrays))) != nil) == fits)
        let objects = String(repeating: "{\"a\":", count: levels - 1) + "{}" + String(repeating: "}", count: levels - 1)
        #expect(((try? RawJSON(parsing: ByteBuffer(string: objects))) != nil) == fits)
    }

    /// A special byte is found wherever in a word of eight it stands, whatever stands beside it.
    @Test func findsSpecialBytesInEveryPlace() throws {
        for special in [UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x00, 0x1F, 0x80, 0xFF] {
            for place in 0..<24 {
                var text = Array(repeating: UInt8(ascii: "#"), count: 32)
                text[place] = special
                let bytes = [0x22] + text + [0x22]
                #expect(throws: JSONFault.self, "\(special) at \(place)") {
                    try RawJSON(parsing: ByteBuffer(bytes: bytes))
                }
            }
        }
        for plain in [UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "["), UInt8(ascii: "]"), 0x20, 0x7F] {
            let bytes = [0x22] + Array(repeating: plain, count: 33) + [0x22]
            #expect(try RawJSON(parsing: ByteBuffer(bytes: bytes)).byteCount == 35)
        }
    }

    @Test func readsStrings() throws {
        #expect(try RawJSON(parsing: ByteBuffer(string: "\"plain é\"")).string == "plain é")
        #expect(try RawJSON(parsing: ByteBuffer(string: "\"a\\n\\u00e9\"")).string == "a\né")
        #expect(try RawJSON(parsing: ByteBuffer(string: "\"\\ud800\"")).string == nil)
        #expect(try RawJSON(parsing: ByteBuffer(string: "1")).string == nil)
    }
}
