// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import MarkupText
package import RegistryAPI
import WorkerModel

/// The page with all workers, or with those that a search finds.
package struct ListPage {
    let question: ListQuestion
    let answer: WorkerPage

    package init(_ question: ListQuestion, _ answer: WorkerPage) {
        self.question = question
        self.answer = answer
    }

    private var search: String { question.search ?? "" }

    package var markup: Markup {
        let frame = PageFrame(
            title: heading + ": iii workers",
            search: search,
            feeds: [(RegistryRoute.feed.rawValue, "New versions of workers")]
        )
        return frame.page("<h1 dir=\"auto\">\(heading)</h1>\(choices)\(rows)\(more)")
    }

    private var heading: String {
        switch (search.isEmpty, question.tag) {
        case (true, nil): "Workers"
        case (true, let tag?): "Workers tagged “\(tag)”"
        case (false, nil): "Workers for “\(search)”"
        case (false, let tag?): "Workers for “\(search)” tagged “\(tag)”"
        }
    }

    /// The ways to narrow the list and to sort it, each a link that keeps the rest of the question.
    private var choices: Markup {
        var kinds = [choice("All kinds", question.kind == nil) { $0.kind = nil }]
        for kind in WorkerKind.allCases {
            kinds.append(choice(kind.rawValue, question.kind == kind) { $0.kind = kind })
        }
        var orders: [Markup] = []
        for order in ListQuestion.Order.allCases where order != .relevance || !search.isEmpty {
            let isChosen = question.order == order || question.order == nil && order == standardOrder
            orders.append(choice("by \(order.rawValue)", isChosen) { $0.order = order })
        }
        return "<nav aria-label=\"Kind\"><ul>\(kinds)</ul></nav><nav aria-label=\"Order\"><ul>\(orders)</ul></nav>"
    }

    private var standardOrder: ListQuestion.Order { search.isEmpty ? .downloads : .relevance }

    private func choice(_ title: String, _ isChosen: Bool, _ change: (inout ListQuestion) -> Void) -> Markup {
        var other = question
        other.cursor = nil
        change(&other)
        let current: Markup = isChosen ? " aria-current=\"true\"" : ""
        return "<li><a href=\"\(RegistryPath.home(other).description)\"\(current)>\(title)</a></li>"
    }

    private var rows: Markup {
        if answer.workers.isEmpty { return "<p>Nothing was found.</p>" }
        return "<ul class=\"list\">\(answer.workers.map(row))</ul>"
    }

    private func row(_ worker: WorkerRow) -> Markup {
        let notice: Markup =
            worker.deprecated.map { "<p class=\"notice\" dir=\"auto\">Deprecated. \($0.message)</p>" } ?? .empty
        let author: Markup = worker.author.map { " · by \($0.name)" } ?? .empty
        return """
            <li><h2><a href="\(RegistryPath.page(worker.name).description)">\(worker.name.description)</a>
            <span class="soft">\(worker.version.description)</span></h2>
            <p dir="auto">\(worker.description)</p>\(notice)<p class="facts">\(worker.kind.rawValue)\(author)
             · \(worker.totalDownloads) downloads</p>\(TagList(worker.tags).markup)</li>
            """
    }

    private var more: Markup {
        guard let cursor = answer.nextCursor else { return .empty }
        var next = question
        next.cursor = cursor
        return "<p><a rel=\"next\" href=\"\(RegistryPath.home(next).description)\">More workers</a></p>"
    }
}

/// Discovery tags as links to the workers that share them.
struct TagList {
    /// The most tags that are shown.
    private static let most = 30

    let tags: [String]

    init(_ tags: [String]) { self.tags = Array(tags.prefix(Self.most)) }

    var markup: Markup {
        if tags.isEmpty { return .empty }
        let items: [Markup] = tags.map { tag in
            var question = ListQuestion()
            question.tag = tag
            return "<li><a href=\"\(RegistryPath.home(question).description)\" dir=\"auto\">\(tag)</a></li>"
        }
        return "<ul class=\"tags\" aria-label=\"Tags\">\(items)</ul>"
    }
}
