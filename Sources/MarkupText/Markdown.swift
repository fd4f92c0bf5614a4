// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CCommonMark
import Diagnostics

/// Markdown of strangers as HTML, by the reference implementation of GitHub's dialect.
///
/// What is HTML in it is left out. Links lead to `https:`, `http:` and `mailto:` and say that they are not ours; images
/// become links, so that a page makes no reader ask a stranger's server. Nothing has an id or a class. Marks that turn the
/// direction of text are left out, however they are written.
package enum Markdown {
    /// Tables are read where a text has at most so many `|`: the time that they take grows with the square of them.
    private static let mostTableMarks = 4000

    /// Renders at most `limit` bytes, to the end of a line.
    ///
    /// The highest heading gets `level`, those below follow, and `h6` is the lowest. Takes milliseconds for 64 KiB that
    /// people write and a third of a second for the worst that is known.
    package static func rendered(_ text: String, upTo limit: Int, headingsFrom level: Int) -> Markup {
        let source = cut(text, to: limit)
        guard areExtensionsRegistered, let parser = cmark_parser_new(CMARK_OPT_DEFAULT) else { return .empty }
        // Safety: the parser and the document are made here, used by nobody else, and freed once.
        defer { cmark_parser_free(parser) }
        var names = ["strikethrough"]
        if source.count(where: { $0 == UInt8(ascii: "|") }) <= mostTableMarks { names.append("table") }
        for name in names {
            if let extent = cmark_find_syntax_extension(name) { cmark_parser_attach_syntax_extension(parser, extent) }
        }
        source.withUnsafeBytes { bytes in
            cmark_parser_feed(parser, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard let document = cmark_parser_finish(parser) else { return .empty }
        defer { cmark_node_free(document) }
        tame(document, headingsFrom: level)
        return html(of: document, cmark_parser_get_syntax_extensions(parser))
    }

    private static let areExtensionsRegistered: Bool = {
        cmark_gfm_core_extensions_ensure_registered()
        return true
    }()

    private static func cut(_ text: String, to limit: Int) -> [UInt8] {
        if text.utf8.count <= limit { return Array(text.utf8) }
        let part = Array(text.utf8.prefix(limit))
        return Array(part[..<(part.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0)])
    }

    private static func html(
        of document: OpaquePointer,
        _ extensions: UnsafeMutablePointer<cmark_llist>?
    ) -> Markup {
        guard let text = cmark_render_html(document, CMARK_OPT_DEFAULT, extensions) else { return .empty }
        defer { cmark_get_default_mem_allocator().pointee.free(text) }
        // Here and not before: entities (`&#x202E;`) have become characters by now.
        return Markup(
            rendered: String(
                String.UnicodeScalarView(String(cString: text).unicodeScalars.filter { !$0.turnsDirection })
            )
        )
    }
}

// MARK: What documents may not hold

extension Markdown {
    private static func tame(_ document: OpaquePointer, headingsFrom level: Int) {
        let shift = Int32(level) - highestHeading(document)
        each(document, on: CMARK_EVENT_EXIT) { node in
            switch cmark_node_get_type(node) {
            case CMARK_NODE_HEADING:
                cmark_node_set_heading_level(node, min(6, max(1, cmark_node_get_heading_level(node) + shift)))
            case CMARK_NODE_LINK, CMARK_NODE_IMAGE: replaceLink(node)
            default: break
            }
        }
    }

    private static func highestHeading(_ document: OpaquePointer) -> Int32 {
        var highest: Int32 = 6
        each(document, on: CMARK_EVENT_ENTER) { node in
            if cmark_node_get_type(node) == CMARK_NODE_HEADING {
                highest = min(highest, cmark_node_get_heading_level(node))
            }
        }
        return highest
    }

    /// Walks through a document; when it is left, `body` may put something else in the place of a node.
    private static func each(
        _ document: OpaquePointer,
        on wanted: cmark_event_type,
        _ body: (OpaquePointer) -> Void
    ) {
        guard let iterator = cmark_iter_new(document) else { return }
        defer { cmark_iter_free(iterator) }
        while true {
            let event = cmark_iter_next(iterator)
            if event == CMARK_EVENT_DONE { return }
            if event == wanted, let node = cmark_iter_get_node(iterator) { body(node) }
        }
    }

    /// Puts a link that we write, or only its text, in the place of a link or an image.
    private static func replaceLink(_ node: OpaquePointer) {
        guard let new = cmark_node_new(CMARK_NODE_CUSTOM_INLINE) else { return }
        if let address = cmark_node_get_url(node).flatMap({ WebAddress(String(cString: $0)) }) {
            let start: Markup = "<a href=\"\(address.description)\" rel=\"nofollow ugc noopener noreferrer\">"
            cmark_node_set_on_enter(new, start.text)
            cmark_node_set_on_exit(new, "</a>")
        }
        if cmark_node_get_type(node) == CMARK_NODE_IMAGE, cmark_node_first_child(node) == nil,
            let label = cmark_node_new(CMARK_NODE_TEXT)
        {
            cmark_node_set_literal(label, "image")
            cmark_node_append_child(new, label)
        }
        while let child = cmark_node_first_child(node) { cmark_node_append_child(new, child) }
        if cmark_node_insert_before(node, new) == 0 {
            cmark_node_free(new)
            return
        }
        cmark_node_free(node)
    }
}
