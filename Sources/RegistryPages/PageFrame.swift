// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import MarkupText
import RegistryAPI

/// What every page has around its content.
///
/// No page has a script, and none loads anything but the style sheet and the icon of the registry: a policy of the
/// content may forbid all else.
struct PageFrame {
    let title: String
    /// What stands in the field of the search.
    var search = ""
    /// Addresses of feeds of the page's subject, with their titles.
    var feeds: [(path: String, title: String)] = []

    func page(_ content: Markup) -> Markup {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>\(title)</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <link rel="stylesheet" href="\(RegistryRoute.styles.rawValue)?v=\(StyleSheet.version)">
        <link rel="icon" href="\(RegistryRoute.icon.rawValue)" type="image/svg+xml">\(feedLinks)</head>
        <body><a class="skip" href="#main">Skip to the content</a>
        <header><a class="home" href="/">iii workers</a>\(form)</header>
        <main id="main">\(content)</main>
        <footer><a href="\(RegistryRoute.feed.rawValue)">News as a feed</a>
        <a href="/openapi.json">API</a></footer></body></html>

        """
    }

    private var form: Markup {
        """
        <form action="/" method="get" role="search"><label for="search">Search workers</label>
        <input id="search" name="search" type="search" value="\(search)" maxlength="200">
        <button>Search</button></form>
        """
    }

    private var feedLinks: [Markup] {
        feeds.map { feed in
            "<link rel=\"alternate\" type=\"application/atom+xml\" href=\"\(feed.path)\" title=\"\(feed.title)\">"
        }
    }
}

/// The page that says why there is no other.
package struct ErrorPage {
    let message: String
    let fix: String

    package init(message: String, fix: String) {
        self.message = message
        self.fix = fix
    }

    package var markup: Markup {
        PageFrame(title: "Not here: iii workers").page(
            "<h1>Not here</h1><p dir=\"auto\">\(message)</p><p dir=\"auto\">\(fix)</p><p><a href=\"/\">All workers</a></p>"
        )
    }
}
