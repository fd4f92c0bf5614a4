// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import SystemPackage
import TestSupport
import Testing

/// What a browser makes of the pages: what publishers wrote is text there too, and nothing is missing or forbidden.
@Suite struct BrowserJourney {
    private static let isThere =
        FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium")
        || ProcessInfo.processInfo.environment["CI"] != nil

    private static let hostile =
        #"</title><script>document.title="owned"</script><img src=x onerror="document.title=1">"#

    @Test(.enabled(if: isThere, "needs chromium"))
    func aBrowserShowsTextsOfPublishersAsTexts() async throws {
        try await Road.open { road in
            let publication: [String: Any] = [
                "worker_name": "smoke", "version": "1.2.3", "type": "engine", "tag": "latest",
                "description": Self.hostile, "readme": "# Smoke\n\nSome *words*. \(Self.hostile)\n",
                "tags": [Self.hostile],
            ]
            let body = try JSONSerialization.data(withJSONObject: publication)
            try body.write(to: URL(fileURLWithPath: road.folder.appending("publication.json").string))
            try Shell.run(
                "curl -sS -f -o answer.json -H 'X-API-Key: \(road.key)' -d @publication.json \(road.url)/publish",
                in: road.folder
            )
            for (path, words) in [
                (
                    "/workers/smoke",
                    ["<title>smoke 1.2.3: iii workers</title>", "<em>words</em>", "iii worker add smoke"]
                ),
                ("/?search=smok", ["<a href=\"/workers/smoke\">smoke</a>"]), ("/workers/none", ["<h1>Not here</h1>"]),
            ] {
                let (page, log) = try Self.look(at: road.url + path, in: road.folder)
                for word in words { #expect(page.contains(word), "\(path): \(word)") }
                #expect(!page.contains("<script") && !page.contains("<img"), "\(path)")
                // What the page's own policy forbids, or what is not there, browsers write to their console.
                #expect(!log.contains("CONSOLE"), "\(path): \(log)")
            }
        }
    }

    /// The page as a browser has it in the end, and what the browser logged.
    private static func look(at url: String, in folder: FilePath) throws -> (page: String, log: String) {
        let page = try Shell.run(
            """
            timeout 300 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
                --user-data-dir=profile --enable-logging=stderr --dump-dom '\(url)' 2>browser.log
            """,
            in: folder
        )
        let log = try String(contentsOfFile: folder.appending("browser.log").string, encoding: .utf8)
        return (page, log)
    }
}
