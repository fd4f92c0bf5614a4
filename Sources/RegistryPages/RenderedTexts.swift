// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import MarkupText
import Synchronization
package import WorkerModel

/// Markdown that was rendered, kept for the next reader of it.
///
/// A text is found by itself, so nothing kept is ever out of date. The worst text that an author can think of takes a third
/// of a second once, not at every view.
package final class RenderedTexts: Sendable {
    private struct State {
        var texts: [String: Markup] = [:]
        var size = 0
    }

    private let limit: ByteCount
    private let render: @Sendable (String) -> Markup
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: bytes of texts and of what they became that are kept; beyond it everything is forgotten.
    ///   - render: makes markup of a text.
    package init(
        limit: ByteCount = .mebibytes(32),
        render: @escaping @Sendable (String) -> Markup = { WorkerView.rendered($0) }
    ) {
        self.limit = limit
        self.render = render
    }

    func markup(of text: String) -> Markup {
        if let known = state.withLock({ $0.texts[text] }) { return known }
        // Without the lock, which others need meanwhile.
        let markup = render(text)
        let cost = text.utf8.count + markup.text.utf8.count + 256
        state.withLock { state in
            // One that is too large alone would push out all others at every view.
            if cost > limit.bytes { return }
            if state.size + cost > limit.bytes { state = State() }
            if state.texts.updateValue(markup, forKey: text) == nil { state.size += cost }
        }
        return markup
    }
}
