// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import Diagnostics

/// Which word was meant by one that nobody knows.
struct LikenessTests {
    @Test(arguments: [
        ("tex-stats", ["text-stats"]), ("text_stats", ["text-stats"]), ("TEXT-STATS", ["text-stats"]),
        ("txet-stats", ["text-stats"]), ("text-stat", ["text-stats"]), ("pdkfit", ["pdfkit"]), ("ap", ["app"]),
        ("mailer", ["mailer", "mail"]), ("mali", ["mail"]), ("nothing", []), ("", []), ("x", []),
        ("größe", ["grösse"]),
    ])
    func whatComesNearIsNamedNearestFirst(word: String, meant: [String]) {
        let known = ["text-stats", "pdfkit", "mail", "mailer", "app", "grösse"]
        #expect(Likeness.nearest(to: word, among: known) == meant)
    }

    @Test func theHintNamesAtMostThree() {
        #expect(Likeness.hint(for: "ap", among: ["app"]) == "did you mean `app`?")
        #expect(Likeness.hint(for: "apps", among: ["app", "apes"]) == "did you mean `apes` or `app`?")
        #expect(
            Likeness.hint(for: "aaaa", among: ["aaab", "aaac", "aaad", "aaae"])
                == "did you mean `aaab`, `aaac` or `aaad`?"
        )
        #expect(Likeness.hint(for: "zebra", among: ["app"]) == nil)
    }

    @Test func veryLongWordsTakeNoTime() {
        let long = String(repeating: "ab", count: 100_000)
        #expect(Likeness.nearest(to: long, among: Array(repeating: long + "c", count: 100)).count == 100)
    }
}
