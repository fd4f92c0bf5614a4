// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import MarkupText
import Synchronization
import Testing
import WorkerModel

@testable import RegistryPages

/// What costs much to render is rendered once, and what is kept has a bound.
struct RenderedTextsTests {
    private final class Renderer: Sendable {
        let rendered = Mutex<[String]>([])

        func callAsFunction(_ text: String) -> Markup {
            rendered.withLock { $0.append(text) }
            return "<p>\(text)</p>"
        }
    }

    @Test func aTextIsRenderedOnce() {
        let renderer = Renderer()
        let texts = RenderedTexts { renderer($0) }
        for _ in 0..<3 {
            for text in ["one", "two"] { #expect(texts.markup(of: text).text == "<p>\(text)</p>") }
        }
        #expect(renderer.rendered.withLock(\.self) == ["one", "two"])
    }

    @Test func whatIsKeptHasABound() {
        let renderer = Renderer()
        let texts = RenderedTexts(limit: .kibibytes(1)) { renderer($0) }
        // Of these two fit.
        let long = ["a", "b", "c"].map { String(repeating: $0, count: 100) }
        for text in long + [long[2], long[0]] { _ = texts.markup(of: text) }
        #expect(renderer.rendered.withLock(\.self) == long + [long[0]])
        // One that is beyond the bound alone is told all the same, and again.
        let huge = String(repeating: "x", count: 2000)
        for _ in 0..<2 { #expect(texts.markup(of: huge).text == "<p>\(huge)</p>") }
    }

    /// Two views of one page share what it took to make the first.
    @Test func pagesAskForTheirTexts() throws {
        let renderer = Renderer()
        let texts = RenderedTexts { renderer($0) }
        let pages = try (0..<2).map { _ in try PageTests.view("# Title", texts: texts).markup.text }
        #expect(pages[0] == pages[1] && pages[0].contains("<p># Title</p>"))
        // The README is the text of the one skill, too.
        #expect(renderer.rendered.withLock(\.self) == ["# Title"])
    }
}
