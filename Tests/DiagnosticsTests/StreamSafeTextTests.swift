// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing

/// The rule on combining marks, which keeps what text costs in proportion to its length.
@Suite struct StreamSafeTextTests {
    private static func run(_ mark: String, _ count: Int) -> String { "e" + String(repeating: mark, count: count) }

    @Test(arguments: ["\u{300}", "\u{31B}", "\u{5B0}", "\u{93C}", "\u{302A}", "\u{1D165}", "\u{20D0}", "\u{E0100}"])
    func thirtyMarksPassAndThirtyOneDoNot(mark: String) {
        // Variation selectors are no marks to sorting: any number of them costs nothing.
        let isMark = mark.unicodeScalars.allSatisfy { $0.properties.canonicalCombiningClass != .notReordered }
        #expect(Self.run(mark, 30).isStreamSafe)
        #expect(Self.run(mark, 31).isStreamSafe == !isMark)
        #expect((Self.run(mark, 30) + Self.run(mark, 30)).isStreamSafe)
    }

    @Test(arguments: ["\u{344}", "\u{F73}", "\u{F75}", "\u{F81}"])
    func charactersThatBecomeTwoMarksCountTwice(mark: String) {
        #expect(Self.run(mark, 15).isStreamSafe)
        #expect(!Self.run(mark, 16).isStreamSafe)
    }

    @Test func marksOfSeveralKindsAreOneRun() {
        #expect(!("e" + String(repeating: "\u{300}\u{323}\u{5B0}", count: 11)).isStreamSafe)
    }

    @Test func thePlaceIsThatOfTheMarkThatIsOneTooMany() {
        let text = "naïve " + Self.run("\u{301}", 40)
        #expect(StreamSafeText.excess(in: text.utf8) == "naïve e".utf8.count + 2 * 30)
        #expect(StreamSafeText.excess(in: Array(text.utf8)[...]) == "naïve e".utf8.count + 2 * 30)
    }

    @Test(arguments: ["", "plain", "Ünïcödé", "日本語", "👩‍👩‍👧‍👦", "हिन्दी", "ข้อความ", "ệ̃̂", "a\u{300}b\u{301}"])
    func whatPeopleWritePasses(text: String) {
        #expect(String(repeating: text, count: 100).isStreamSafe)
    }

    @Test func bytesThatAreNoUTF8AreLetters() {
        let marks = Array(String(repeating: "\u{300}", count: 30).utf8)
        for noise: [UInt8] in [[0xFF], [0xCC], [0xE0, 0x80], [0xF0, 0x9F, 0x92], [0x80], [0xCC, 0x20]] {
            #expect(StreamSafeText.excess(in: marks + noise + marks) == nil)
        }
    }
}

@Suite struct PrintableTextTests {
    @Test func limitsCountBytes() {
        let accents = PrintableText("e" + String(repeating: "\u{301}", count: 400_000)).description
        #expect(accents.utf8.count <= 4096 + "…".utf8.count)
        #expect(PrintableText(String(repeating: "日", count: 10), limit: 10).description == "日日日…")
        #expect(PrintableText("日日日", limit: 9).description == "日日日")
    }

    @Test func marksBeyondAllLanguagesAreLeftOut() {
        let shown = PrintableText("e" + String(repeating: "\u{301}", count: 500) + "x", limit: 1000).description
        #expect(shown.unicodeScalars.count == 32)
        #expect(shown.unicodeScalars.last == "x")
    }

    @Test func listsSayHowManyTheyLeaveOut() {
        #expect(PrintableText.firstLines(of: ["a", "b"]) == ["a", "b"])
        #expect(PrintableText.firstLines(of: ["a", "b", "c"], upTo: 2) == ["a", "b", "… and 1 more"])
    }
}
