// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import MarkupText
import RegistryAPI
import WorkerModel

/// The page: what it is and how to get it first, then what it does, then its history.
extension WorkerView {
    /// The most bytes of Markdown that are rendered, of the README and of each skill.
    private static let longestText = 64 << 10

    private var name: String { detail.name.description }
    private var version: String { detail.version.description }
    /// Whether this is what is had without naming a version.
    private var isLatest: Bool { versions.first { $0.version == detail.version }?.channels.contains(.latest) ?? false }

    package var markup: Markup {
        let frame = PageFrame(
            title: "\(name) \(version): iii workers",
            feeds: [(RegistryPath.workerFeed(of: detail.name).description, "New versions of \(name)")]
        )
        return frame.page("\(opening)\(install)\(contents)\(readme)\(interface)\(skillTexts)\(facts)\(history)\(needs)")
    }

    // MARK: Opening

    private var opening: Markup {
        let experimental: Markup = detail.isExperimental ? " <span class=\"mark\">experimental</span>" : .empty
        return """
            <h1>\(name) <span class="soft">\(version)</span>\(experimental)</h1>
            <p dir="auto">\(detail.description)</p>\(notices)\(TagList(detail.tags).markup)
            """
    }

    private var notices: [Markup] {
        var notices: [Markup] = []
        if let yanked = detail.yanked {
            notices.append(
                "<p class=\"notice\" dir=\"auto\">This version is yanked: \(yanked.reason)</p>"
            )
        }
        if let deprecated = detail.deprecated {
            let replacement: Markup =
                deprecated.replacement.map {
                    " Use <a href=\"\(RegistryPath.page($0).description)\">\($0.description)</a>."
                }
                ?? .empty
            notices.append("<p class=\"notice\" dir=\"auto\">Deprecated. \(deprecated.message)\(replacement)</p>")
        }
        if !isLatest, let latest = versions.first(where: { $0.channels.contains(.latest) }) {
            notices.append(
                "<p>The latest release is <a href=\"\(path)\">\(latest.version.description)</a>.</p>"
            )
        }
        return notices
    }

    private var path: String { RegistryPath.page(detail.name).description }

    private var install: Markup {
        """
        <h2 id="install">Install</h2><pre><code>iii worker add \(isLatest ? name : "\(name)@\(version)")</code></pre>
        <p class="soft">From this registry: set <code>III_API_URL=\(registry)</code>.</p>\(pull)
        """
    }

    /// How clients of images get the same.
    private var pull: Markup {
        if deliveries.isEmpty { return .empty }
        let program = detail.kind == .image ? "podman" : "oras"
        let host = registry.split(separator: "/").last.map(String.init) ?? registry
        return "<pre><code>\(program) pull \(host)/\(name):\(version)</code></pre>"
    }

    private var delivered: Markup {
        if deliveries.isEmpty { return .empty }
        let rows: [Markup] = deliveries.map { row in
            """
            <tr><td>\(row.platform ?? "any")</td><td>\(row.size)</td><td>\(row.layers)</td><td><code>\(row.digest)</code></td></tr>
            """
        }
        return """
            <h3>Platforms</h3><div class="scroll" tabindex="0"><table><thead><tr><th scope="col">Platform</th>
            <th scope="col">Size</th><th scope="col">Layers</th><th scope="col">Digest</th></tr></thead><tbody>\(rows)</tbody></table></div>
            """
    }

    private var contents: Markup {
        var items: [(id: String, title: String)] = []
        if !detail.readme.isEmpty { items.append(("readme", "README")) }
        if hasInterface { items.append(("interface", "Interface")) }
        if !skills.isEmpty { items.append(("skills", "Skills")) }
        items += [("facts", "Facts"), ("versions", "Versions"), ("dependents", "Needed by")]
        let links: [Markup] = items.map { "<li><a href=\"#\($0.id)\">\($0.title)</a></li>" }
        return "<nav aria-label=\"On this page\"><ul>\(links)</ul></nav>"
    }

    // MARK: Texts

    private var readme: Markup {
        if detail.readme.isEmpty { return .empty }
        return
            "<section aria-labelledby=\"readme\"><h2 id=\"readme\">README</h2>\(texts.markup(of: detail.readme))</section>"
    }

    private var skillTexts: Markup {
        if skills.isEmpty { return .empty }
        var budget = 4 * Self.longestText
        let items: [Markup] = skills.map { skill in
            budget -= skill.content.utf8.count
            if budget < 0 { return "<p><code>\(skill.path)</code></p>" }
            return "<details><summary><code>\(skill.path)</code></summary>\(texts.markup(of: skill.content))</details>"
        }
        return "<section aria-labelledby=\"skills\"><h2 id=\"skills\">Skills</h2>\(items)</section>"
    }

    /// Markdown as it stands on the page.
    static func rendered(_ markdown: String) -> Markup {
        let isCut = markdown.utf8.count > longestText
        let rest: Markup = isCut ? "<p class=\"soft\">The rest is too long to be shown here.</p>" : .empty
        let text = Markdown.rendered(markdown, upTo: longestText, headingsFrom: 3)
        return "<div class=\"text\" dir=\"auto\">\(text)\(rest)</div>"
    }

    // MARK: Facts

    private var facts: Markup {
        var rows: [Markup] = []
        func add(_ title: String, _ value: Markup) { rows.append("<dt>\(title)</dt><dd dir=\"auto\">\(value)</dd>") }
        add("Kind", "\(detail.kind.rawValue)")
        if let author = detail.author { add("Owner", "\(author.name)") }
        if let date = detail.publishedAt { add("Published", Self.day(date)) }
        add("Downloads", "\(detail.totalDownloads), \(weeklyDownloads) in the last week")
        if !detail.license.isEmpty { add("License", "\(detail.license)") }
        if !detail.repository.isEmpty { add("Repository", Self.link(detail.repository)) }
        if let targets = detail.supportedTargets {
            add("Targets", "\(targets.map(\.description).joined(separator: ", "))")
        }
        if !detail.calls.isEmpty { add("Asks to call", Self.codes(detail.calls)) }
        if let image = detail.image { add("Image", "<code>\(image)</code>") }
        if deliveries.isEmpty, !detail.platforms.isEmpty {
            add("Platforms", "\(detail.platforms.joined(separator: ", "))")
        }
        return """
            <section aria-labelledby="facts"><h2 id="facts">Facts</h2><dl>\(rows)</dl>\(delivered)\(configuration)\(dependencies)</section>
            """
    }

    private static func codes(_ texts: [String]) -> Markup {
        let codes: [Markup] = texts.enumerated().map { "\($0.offset == 0 ? "" : ", ")<code>\($0.element)</code>" }
        return "\(codes)"
    }

    private var configuration: Markup {
        if detail.config == .emptyObject { return .empty }
        return "<h3>Default configuration</h3><pre tabindex=\"0\"><code>\(detail.config.text(.indented))</code></pre>"
    }

    private var dependencies: Markup {
        if detail.dependencies.isEmpty { return .empty }
        let rows: [Markup] = detail.dependencies.map { dependency in
            let path = RegistryPath.page(dependency.name).description
            return """
                <tr><td><a href="\(path)">\(dependency.name.description)</a></td><td><code>\(dependency.selector)</code></td></tr>
                """
        }
        return """
            <h3>Needs</h3><div class="scroll"><table><thead><tr><th scope="col">Worker</th><th scope="col">Versions</th></tr></thead>
            <tbody>\(rows)</tbody></table></div>
            """
    }

    static func day(_ date: String) -> Markup { "<time datetime=\"\(date)\">\(String(date.prefix(10)))</time>" }

    /// A link where the text is an address of the web, else the text.
    private static func link(_ text: String) -> Markup {
        guard let address = WebAddress(text) else { return "\(text)" }
        return "<a href=\"\(address.description)\" rel=\"nofollow ugc noopener noreferrer\">\(text)</a>"
    }

    // MARK: History

    /// The most versions that the page lists; `GET /w/{name}/versions` has all.
    private static let mostVersions = 100

    private var history: Markup {
        let rows: [Markup] = versions.prefix(Self.mostVersions).map { row in
            let path = RegistryPath.page(detail.name, selector: .exact(row.version)).description
            let channels: [Markup] = row.channels.map { "<span class=\"mark\">\($0.description)</span> " }
            let yanked: Markup = row.yanked.map { "yanked: \($0.reason)" } ?? .empty
            let current: Markup = row.version == detail.version ? " aria-current=\"page\"" : ""
            return """
                <tr><td><a href="\(path)"\(current)>\(row.version.description)</a></td><td>\(channels)</td>
                <td>\(row.publishedAt.map(Self.day) ?? .empty)</td><td dir="auto">\(yanked)</td></tr>
                """
        }
        let rest: Markup =
            versions.count > Self.mostVersions
            ? "<p><a href=\"\(RegistryPath.versions(of: detail.name).description)\">All \(versions.count) versions</a></p>"
            : .empty
        return """
            <section aria-labelledby="versions"><h2 id="versions">Versions</h2><div class="scroll"><table><thead><tr>
            <th scope="col">Version</th><th scope="col">Channels</th><th scope="col">Published</th>
            <th scope="col">Notes</th></tr></thead><tbody>\(rows)</tbody></table></div>\(rest)</section>
            """
    }

    private var needs: Markup {
        let rows: [Markup] = dependents.map { dependent in
            let name: Markup =
                (try? WorkerName(parsing: dependent.name)).map { name -> Markup in
                    "<a href=\"\(RegistryPath.page(name).description)\">\(name.description)</a>"
                } ?? "\(dependent.name)"
            return "<li>\(name) \(dependent.version) needs <code>\(dependent.range)</code></li>"
        }
        let list: Markup = rows.isEmpty ? "<p>No published worker needs it.</p>" : "<ul>\(rows)</ul>"
        let more: Markup =
            hasMoreDependents
            ? "<p><a href=\"\(RegistryPath.dependents(of: detail.name).description)\">All of them</a></p>" : .empty
        return """
            <section aria-labelledby="dependents"><h2 id="dependents">Needed by</h2>\(list)\(more)</section>
            """
    }
}
