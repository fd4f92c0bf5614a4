// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing

@testable import Commands

/// Tables line up and fit by the columns of a terminal, whatever their letters are.
@Suite struct TextTableTests {
    private let rows = [
        ["NAME", "KIND", "DESCRIPTION"],
        ["漢字", "bundle", "wide letters"],
        ["cafe\u{301}", "b", "an accent of its own"],
        ["👍🏽", "b", "one sign of two"],
    ]

    @Test func lettersOfTwoColumnsAndOfNoneLineUp() {
        #expect(
            TextTable.lines(rows) == [
                "NAME  KIND    DESCRIPTION",
                "漢字  bundle  wide letters",
                "cafe\u{301}  b       an accent of its own",
                "👍🏽    b       one sign of two",
            ]
        )
    }

    @Test func theLastColumnGoesOnBelowItself() {
        let lines = TextTable.lines(
            [["NAME", "NOTES"], ["a", "yanked: counts words twice and once more"]],
            width: 24
        )
        #expect(lines == ["NAME  NOTES", "a     yanked: counts", "      words twice and", "      once more"])
    }

    @Test func theWidestOfTheOthersGivesWay() {
        let wide = String(repeating: "x", count: 60)
        let lines = TextTable.lines([["a-name-that-is-never-cut", wide, "short", "yanked"]], width: 60)
        #expect(lines.count == 1 && lines[0].hasPrefix("a-name-that-is-never-cut  xxx"))
        #expect(lines[0].contains("…") && lines[0].hasSuffix("yanked") && lines[0].columns <= 60)
    }

    @Test(arguments: [40, 60, 80, 120])
    func noLineIsWiderThanTheTerminal(width: Int) {
        let text = "日本語の説明がここに入ります and then some words that go on and on, " + String(repeating: "長", count: 70)
        let lines = TextTable.lines([["NAME", "KIND", "NOTES"], ["worker", "bundle", text]], width: width)
        #expect(lines.allSatisfy { $0.columns <= width }, "\(lines)")
        #expect(lines.joined().filter { $0 == "長" }.count == 70)
    }

    @Test(arguments: [("abc", 3), ("漢字", 4), ("e\u{301}", 1), ("ｆ", 2), ("한", 2), ("❤️", 2), ("", 0)])
    func columnsAreCountedAsTerminalsDo(text: String, columns: Int) {
        #expect(text.columns == columns)
    }
}
