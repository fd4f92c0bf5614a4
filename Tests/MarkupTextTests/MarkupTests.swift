// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import MarkupText

/// What is put into markup stays text.
struct MarkupTests {
    @Test func valuesAreEscapedAndMarkupIsNot() {
        let name = #"<script>alert("x" & 'y')</script>"#
        let inner: Markup = "<b>\(name)</b>"
        let outer: Markup = "<p title=\"\(name)\">\([inner, inner])\(7)</p>"
        let escaped = "&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;"
        #expect(outer.text == "<p title=\"\(escaped)\"><b>\(escaped)</b><b>\(escaped)</b>7</p>")
    }

    @Test func charactersThatMarkupCannotHoldAreReplaced() {
        let value = "a\u{0}b\u{1B}c\u{7F}d\u{FFFF}e\té\u{1F600}"
        let markup: Markup = "\(value)"
        #expect(markup.text == "a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}e\té\u{1F600}")
    }

    @Test(arguments: ["https://a.test/x?y=1#z", "HTTP://a", "mailto:a@b.test"])
    func addressesOfTheWebMayBeLinked(_ text: String) {
        #expect(WebAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", "a", "/a", "//a.test", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x",
        "https:", "https://", "https:a", " https://a", "https://a b", "https://a\nb", "java\u{0}script:x",
        "file:///etc",
        "https://" + String(repeating: "a", count: 2048),
    ])
    func otherAddressesMayNot(_ text: String) {
        #expect(WebAddress(text) == nil)
    }
}
