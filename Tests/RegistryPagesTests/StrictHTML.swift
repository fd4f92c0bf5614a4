// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

/// HTML as these pages write it: everything is closed, every attribute is quoted, and each tag and attribute is known.
///
/// Reads more strictly than browsers do, so that what a stranger's text could open shows as something unknown.
struct StrictHTML {
    struct Element {
        let name: String
        let attributes: [String: String]
    }

    private static let voids: Set<String> = ["meta", "link", "input", "br", "hr"]
    private static let known: [String: Set<String>] = [
        "html": ["lang"], "head": [], "title": [], "meta": ["charset", "name", "content"],
        "link": ["rel", "href", "type", "title"], "body": [], "a": ["class", "href", "rel", "aria-current", "dir"],
        "header": [], "main": ["id"], "footer": [], "form": ["action", "method", "role"], "label": ["for"],
        "input": ["id", "name", "type", "value", "maxlength"], "button": [], "h1": ["dir"], "h2": ["id"], "h3": [],
        "h4": [],
        "h5": [], "h6": [], "p": ["dir", "class"], "nav": ["aria-label"], "ul": ["class", "aria-label"], "ol": [],
        "li": [],
        "span": ["class", "dir"], "pre": ["tabindex", "lang"], "code": ["class"], "section": ["aria-labelledby"],
        "div": ["class", "dir"], "dl": [], "dt": [], "dd": ["dir"], "time": ["datetime"], "table": [], "thead": [],
        "tbody": [],
        "tr": [], "th": ["scope"], "td": ["dir"], "details": [], "summary": [], "em": [], "strong": [], "del": [],
        "blockquote": [], "br": [], "hr": [],
    ]

    private(set) var elements: [Element] = []
    /// What is not in tags, as it is written.
    private(set) var text = ""

    init(_ page: String) {
        var rest = page[...]
        var open: [String] = []
        if rest.hasPrefix("<!doctype html>") { rest = rest.dropFirst("<!doctype html>".count) }
        while let start = rest.firstIndex(of: "<") {
            text += rest[..<start]
            if rest[start...].hasPrefix("<!-- raw HTML omitted -->") {
                rest = rest[start...].dropFirst("<!-- raw HTML omitted -->".count)
                continue
            }
            guard let end = rest[start...].firstIndex(of: ">") else {
                Issue.record("a tag has no end: \(rest[start...].prefix(60))")
                return
            }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("/") {
                let last = open.popLast()
                #expect(last == String(tag.dropFirst()), "<\(tag)> closes <\(last ?? "")>")
            } else if let element = Self.element(tag) {
                elements.append(element)
                if !Self.voids.contains(element.name), !tag.hasSuffix("/") { open.append(element.name) }
            }
        }
        text += rest
        #expect(open == [], "not closed")
    }

    private static func element(_ tag: Substring) -> Element? {
        let name = String(tag.prefix { $0.isLetter || $0.isNumber })
        guard let allowed = known[name] else {
            Issue.record("an unknown tag: <\(tag.prefix(100))>")
            return nil
        }
        var attributes: [String: String] = [:]
        var rest = tag.dropFirst(name.count)
        while true {
            rest = rest.drop { $0 == " " || $0 == "\n" || $0 == "/" }
            if rest.isEmpty { break }
            let key = String(rest.prefix { $0.isLetter || $0 == "-" })
            rest = rest.dropFirst(key.count)
            guard rest.hasPrefix("=\""), let end = rest.dropFirst(2).firstIndex(of: "\"") else {
                Issue.record("an attribute without a quoted value: <\(tag.prefix(100))>")
                return nil
            }
            #expect(allowed.contains(key), "<\(tag.prefix(100))> has `\(key)`")
            attributes[key] = String(rest.dropFirst(2)[..<end])
            rest = rest[rest.index(after: end)...]
        }
        return Element(name: name, attributes: attributes)
    }

    func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }
}
