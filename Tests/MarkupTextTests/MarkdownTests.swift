// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import MarkupText

/// Markdown of strangers is readable, and nothing in it is more than text with links.
struct MarkdownTests {
    private static func html(_ text: String, limit: Int = 1 << 16) -> String {
        Markdown.rendered(text, upTo: limit, headingsFrom: 3).text
    }

    @Test func rendersWhatReadmesHave() {
        let text = """
            # Title

            A *word*, `code` & **more**.

            ## Usage

            ```sh
            iii worker add <name>
            ```

            - one
            - two

            | a | b |
            |---|---|
            | 1 | ~~2~~ |
            """
        let html = Self.html(text)
        for part in [
            "<h3>Title</h3>", "<em>word</em>, <code>code</code> &amp; <strong>more</strong>", "<h4>Usage</h4>",
            "iii worker add &lt;name&gt;", "<li>one</li>", "<th>a</th>", "<td><del>2</del></td>",
        ] {
            #expect(html.contains(part), "\(part)")
        }
    }

    /// `U+202E` and its like make a page read as something else than what it says.
    @Test(arguments: [0x061C, 0x200E, 0x200F, 0x202A, 0x202D, 0x202E, 0x2066, 0x2069] as [UInt32])
    func marksOfDirectionDoNotSurvive(mark: UInt32) throws {
        let scalar = try #require(Unicode.Scalar(mark))
        let hexadecimal = String(mark, radix: 16)
        let text =
            "# a\(scalar)b\n\n`c\(scalar)d` &#x\(hexadecimal); [e\(scalar)f](https://x.test/\(scalar)) &#\(mark);\n"
        let html = Self.html(text)
        let markup: Markup = "<p title=\"\("a\(scalar)b")\">\("c\(scalar)d")</p>"
        #expect(!html.unicodeScalars.contains(scalar))
        #expect(html.contains("<code>cd</code>"))
        #expect(markup.text == "<p title=\"ab\">cd</p>")
    }

    @Test func headingsKeepTheirOrderBelowTheOnesOfThePage() {
        #expect(Self.html("## a\n\n### b\n\n###### c\n") == "<h3>a</h3>\n<h4>b</h4>\n<h6>c</h6>\n")
    }

    @Test func linksAreMarkedAsThoseOfStrangersAndImagesAreLinks() {
        let rel = "rel=\"nofollow ugc noopener noreferrer\""
        #expect(
            Self.html("[a *b*](https://x.test/?a=1&b=2 \"t\")")
                == "<p><a href=\"https://x.test/?a=1&amp;b=2\" \(rel)>a <em>b</em></a></p>\n"
        )
        #expect(
            Self.html("![logo](https://x.test/a.png)") == "<p><a href=\"https://x.test/a.png\" \(rel)>logo</a></p>\n"
        )
        #expect(Self.html("![](https://x.test/a.png)").contains(">image</a>"))
        #expect(Self.html("<https://x.test>").contains("href=\"https://x.test\""))
        #expect(Self.html("[![b](https://x.test/b.svg)](https://x.test)").contains("b"))
    }

    /// What publishers may try; none of it leaves a tag or an attribute of theirs.
    @Test(arguments: [
        "<script>alert(1)</script>", "a <img src=x onerror=alert(1)> b", "<a href=\"javascript:alert(1)\">x</a>",
        "[x](javascript:alert(1))", "[x](JaVa\\script:alert(1))", "[x](&#106;avascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)", "![x](javascript:alert(1))",
        "![\"onerror=alert(1) x=\"](https://a.test)",
        "[x](https://a.test/\"onmouseover=alert(1))", "[x](<https://a.test/\"><script>alert(1)</script>>)",
        "[x](https://a.test 'onclick=alert(1)')", "<!-- --!><script>alert(1)</script>", "```\"><script>\nx\n```",
        "```html onload=alert(1)\n<script>alert(1)</script>\n```", "<svg/onload=alert(1)>", "<iframe src=//a.test>",
        "&lt;script&gt;alert(1)&lt;/script&gt;", "[a]: javascript:alert(1)\n\n[a]", "<style>*{display:none}</style>",
        "| <script>alert(1)</script> |\n|---|\n| <img onerror=x> |", "\u{0}<scr\u{0}ipt>alert(1)</script>",
        "<form action=//a.test><button>x</button></form>", "<base href=//a.test>", "[x](//a.test)",
        "[x](\u{1}javascript:x)",
    ])
    func nothingOfAStrangerIsMarkup(_ text: String) {
        let allowed = ["p", "a", "em", "strong", "del", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"]
        for tag in Self.tags(Self.html(text)) {
            let name = tag.drop { $0 == "/" }.prefix { $0.isLetter }
            #expect(allowed.contains(String(name)), "<\(tag)>")
            if name == "a", !tag.hasPrefix("/") {
                #expect(tag.hasPrefix("a href=\"https://a.test"), "<\(tag)>")
                #expect(tag.count { $0 == "\"" } == 4 && tag.hasSuffix("noreferrer\""), "<\(tag)>")
            } else if name == "code" {
                #expect(tag.count { $0 == "\"" } <= 2 && !tag.contains("onload=alert(1)\""), "<\(tag)>")
            }
        }
    }

    /// What stands between `<` and `>`, comments left out.
    private static func tags(_ html: String) -> [Substring] {
        html.replacing("<!-- raw HTML omitted -->", with: "").split(separator: "<", omittingEmptySubsequences: false)
            .dropFirst().map { $0.prefix { $0 != ">" } }
    }

    @Test func longTextsEndAtALine() {
        let text = String(repeating: "word word\n\n", count: 100)
        let html = Self.html(text, limit: 105)
        #expect(html.components(of: "<p>") == 9 && html.hasSuffix("word word</p>\n"))
        #expect(Self.html(String(repeating: "x", count: 100), limit: 10) == "")
    }

    /// Each made some parser take minutes; the limit of the text keeps the worst below a second of a common machine.
    @Test(arguments: [
        "![[]()", "[", "[a](", "a|b\n-|-\n", "|", "> ", "- ", "`a``b", "*a **a ", "_", "<", "&", "[a][b]", "*a_ ",
        "<!--", "~~a ", "www.a", "\\", "1. ", "[^1]", "* * * a\n", "\t", "   > > ",
    ])
    func repeatingSomethingEnds(_ part: String) {
        let text = String(repeating: part, count: (64 << 10) / part.utf8.count)
        #expect(Self.html(text).utf8.count < 2 << 20)
    }
}

extension String {
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
