// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import MarkupText
import RegistryAPI
import Testing
import WorkerModel

@testable import RegistryPages

/// Pages show what publishers wrote, and nothing that they wrote is more than text.
struct PageTests {
    /// Texts that close, open and call whatever they can reach.
    private static let hostile =
        #"</title></textarea></code>--><script>alert(1)</script>"'><img src=x onerror=alert(1)>&lt;b&gt;"#

    private static func detail(_ text: String, version: String = "1.0.0") -> JSONValue {
        let function: JSONValue = [
            "name": .string(text), "description": .string(text), "request_schema": ["type": .string(text)],
            "response_schema": [:], "metadata": [:],
        ]
        let trigger: JSONValue = [
            "name": .string(text), "description": .string(text), "invocation_schema": ["a": [.string(text)]],
            "return_schema": .null,
        ]
        return [
            "worker": [
                "name": "smoke", "version": .string(version), "type": "image", "description": .string(text),
                "license": .string(text), "repo": .string(text), "config": [text: .string(text)],
                "readme": .string(text),
                "tags": [.string(text)], "experimental": true, "dependencies": [["name": "state", "version": "^1"]],
                "calls": [.string(text), "shell::run"],
                "functions": [function], "triggers": [trigger], "image": .string(text), "total_downloads": 7,
                "author": ["name": .string(text), "pfp": .null, "verified": true],
                "published_at": .string(text), "yanked": ["reason": .string(text)],
                "deprecated": ["message": .string(text), "replacement": "other"],
            ]
        ]
    }

    static func view(_ text: String, versions: Int = 2, texts: RenderedTexts = RenderedTexts()) throws -> WorkerView {
        let rows = (0..<versions).map { number -> JSONValue in
            [
                "version": .string("\(number + 1).0.0"), "tags": number == 0 ? ["latest", "next"] : [],
                "published_at": .string(text), "yanked": ["reason": .string(text)],
            ]
        }
        return try WorkerView(
            detail: detail(text),
            versions: ["versions": .array(rows)],
            skills: ["skills": [["path": .string(text), "content": .string(text)]], "prompts": []],
            dependents: [
                "dependents": [["name": .string(text), "version": .string(text), "range": .string(text)]],
                "pagination": ["has_more": true],
            ],
            downloads: ["weekly_downloads": 3],
            registry: "https://registry.test",
            texts: texts
        )
    }

    /// What links lead to: our own paths, places of the page, or what was checked.
    private static func expectSafe(_ page: StrictHTML) {
        for link in page.all("a") + page.all("link") {
            let target = link.attributes["href"] ?? ""
            let isOurs = target.hasPrefix("/") && !target.hasPrefix("//") || target.hasPrefix("#")
            #expect(isOurs || target.hasPrefix("https://a.test"), "\(target)")
            if !isOurs { #expect(link.attributes["rel"] == "nofollow ugc noopener noreferrer") }
        }
        for word in ["script", "style", "img", "iframe", "object", "embed", "svg", "base"] {
            #expect(page.all(word).isEmpty, "\(word)")
        }
    }

    @Test(arguments: [
        hostile, "javascript:alert(1)", "\u{0}\u{1B}[2J\u{202E}", "[x](javascript:alert(1)) <script>alert(1)</script>",
        "https://a.test/\" onclick=\"alert(1)", "\"/><form action=\"https://evil.test\">", "{{7*7}} ${7*7} <%= 7 %>",
        "",
        "]]><!DOCTYPE html><html>", "https://a.test/x", String(repeating: "<", count: 5000),
    ])
    func nothingThatPublishersWriteIsMarkup(_ text: String) throws {
        let page = StrictHTML(try Self.view(text).markup.text)
        Self.expectSafe(page)
        #expect(page.all("h1").count == 1 && page.all("main").count == 1)
        let row = WorkerRow(
            name: try WorkerName(parsing: "smoke"),
            version: try SemanticVersion(parsing: "1.0.0"),
            kind: .bundle
        )
        var listed = row
        listed.description = text
        listed.tags = [text]
        listed.author = WorkerDetail.Author(name: text, isVerified: true)
        listed.deprecated = DeprecationNotice(message: text)
        var question = ListQuestion(search: text)
        question.tag = text
        question.cursor = text
        let list = StrictHTML(
            ListPage(question, WorkerPage(workers: [listed], nextCursor: text, pageSize: 20)).markup.text
        )
        Self.expectSafe(list)
        Self.expectSafe(StrictHTML(ErrorPage(message: text, fix: text).markup.text))
    }

    @Test func pageOfAWorkerHasWhatOneLooksFor() throws {
        let page = StrictHTML(try Self.view("some text").markup.text)
        for part in [
            "iii worker add smoke", "III_API_URL=https://registry.test", "This version is yanked: some text",
            "Deprecated. some text", "README", "Interface", "Skills", "Needed by", "7, 3 in the last week",
        ] {
            #expect(page.text.contains(part), "\(part)")
        }
        let targets = Set(page.all("a").compactMap { $0.attributes["href"] })
        for target in [
            "/workers/other", "/workers/state", "/?tag=some%20text", "/workers/smoke?version=2.0.0",
            "/w/smoke/dependents", "/feed.atom",
        ] {
            #expect(targets.contains(target), "\(target)")
        }
        // What links inside the page lead to is there, once.
        let ids = page.elements.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
        for target in targets where target.hasPrefix("#") {
            #expect(ids.contains(String(target.dropFirst())), "\(target)")
        }
    }

    @Test func olderVersionsAreInstalledByTheirNumber() throws {
        let view = try WorkerView(
            detail: Self.detail("x", version: "2.0.0"),
            versions: [
                "versions": [
                    ["version": "2.0.0", "tags": []], ["version": "1.0.0", "tags": ["latest"]],
                ]
            ],
            skills: ["skills": []],
            dependents: ["dependents": [], "pagination": ["has_more": false]],
            downloads: ["weekly_downloads": 0],
            registry: "https://registry.test",
            texts: RenderedTexts()
        )
        let text = StrictHTML(view.markup.text).text
        #expect(text.contains("iii worker add smoke@2.0.0") && text.contains("The latest release is 1.0.0"))
        #expect(text.contains("No published worker needs it"))
    }

    @Test func longListsEnd() throws {
        let page = StrictHTML(try Self.view("x", versions: 500).markup.text)
        #expect(page.all("tr").count < 120)
        #expect(page.text.contains("All 500 versions"))
        let long = StrictHTML(try Self.view(String(repeating: "word word\n", count: 8000)).markup.text)
        #expect(long.text.contains("The rest is too long to be shown here"))
        #expect(long.text.utf8.count < 4 << 20)
    }

    /// People who hear pages, or who use no mouse, find their way: labels, one main part, headings without gaps.
    @Test func pagesAreOfUseToEverybody() throws {
        for markup in [
            try Self.view("# Title\n\n## Part\n").markup,
            ListPage(ListQuestion(), WorkerPage(workers: [], nextCursor: nil, pageSize: 20)).markup,
            ErrorPage(message: "a", fix: "b").markup,
        ] {
            let page = StrictHTML(markup.text)
            #expect(page.all("html").first?.attributes["lang"] == "en")
            #expect(page.all("a").first?.attributes["href"] == "#main")
            #expect(page.all("main").first?.attributes["id"] == "main")
            let labels = Set(page.all("label").compactMap { $0.attributes["for"] })
            #expect(page.all("input").allSatisfy { labels.contains($0.attributes["id"] ?? "") })
            #expect(page.all("nav").allSatisfy { $0.attributes["aria-label"] != nil })
            let levels = page.elements.compactMap {
                $0.name.count == 2 && $0.name.hasPrefix("h") ? Int($0.name.dropFirst()) : nil
            }
            #expect(levels.first == 1)
            for (above, below) in zip(levels, levels.dropFirst()) { #expect(below <= above + 1, "\(levels)") }
        }
    }
}
