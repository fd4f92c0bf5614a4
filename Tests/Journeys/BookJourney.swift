// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// The page for beginners, followed word by word in a clean home.
@Suite(.timeLimit(.minutes(20))) struct BookJourney {
    /// A command of a page and what it is said to print; `…` stands for anything.
    struct Step: Sendable {
        let command: String
        let output: [String]
        let isInSecondTerminal: Bool
    }

    /// The commands of the fenced blocks `console`: a line that begins with `$ `, and what it prints below it.
    static func steps(of page: String) -> [Step] {
        var steps: [Step] = []
        var block: String?
        for line in page.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("```") {
                block = block == nil ? String(line.dropFirst(3)) : nil
            } else if let block, block.hasPrefix("console") {
                if line.hasPrefix("$ ") {
                    let isSecond = block.hasSuffix("second-terminal")
                    steps.append(Step(command: String(line.dropFirst(2)), output: [], isInSecondTerminal: isSecond))
                } else if let last = steps.popLast() {
                    steps.append(
                        Step(
                            command: last.command,
                            output: last.output + [line],
                            isInSecondTerminal: last.isInSecondTerminal
                        )
                    )
                }
            }
        }
        return steps
    }

    /// Whether the lines of an output are those that a page shows.
    static func fits(_ lines: ArraySlice<String>, _ shown: ArraySlice<String>) -> Bool {
        guard let first = shown.first else { return lines.isEmpty }
        if first == "…" {
            return fits(lines, shown.dropFirst()) || (!lines.isEmpty && fits(lines.dropFirst(), shown))
        }
        guard let line = lines.first else { return false }
        let parts = first.components(separatedBy: "…")
        var rest = Substring(line)
        for (number, part) in parts.enumerated() {
            if number == 0 {
                guard rest.hasPrefix(part) else { return false }
                rest = rest.dropFirst(part.count)
            } else if part.isEmpty {
                rest = number == parts.count - 1 ? "" : rest
            } else if let found = rest.range(of: part) {
                rest = rest[found.upperBound...]
            } else {
                return false
            }
        }
        return rest.isEmpty && fits(lines.dropFirst(), shown.dropFirst())
    }

    @Test func outputsAreComparedWithWhatAPageShows() {
        func fits(_ output: String, _ shown: String...) -> Bool {
            Self.fits(output.split(separator: "\n").map(String.init)[...], shown[...])
        }
        #expect(fits("a\nb\nc", "…", "c") && fits("a\nb", "a", "b") && fits("", "…") && fits("port 80 x", "port … x"))
        #expect(!fits("a\nb", "a") && !fits("a", "a", "b") && !fits("port 80 y", "port … x") && !fits("a", "b"))
    }

    @Test func theFirstPageDoesWhatItSays() async throws {
        let page = try String(contentsOfFile: Programs.repository.appending("docs/start.md").string, encoding: .utf8)
        let steps = Self.steps(of: page)
        #expect(steps.count > 15)
        try await Road.open { road in
            try await offerPrograms(road)
            try await follow(steps, on: road)
        }
    }

    /// Offers the programs of this build, as those of a release.
    private func offerPrograms(_ road: Road) async throws {
        let top = "iii-99.0.0-x86_64-unknown-linux-gnu"
        // On a machine where it was installed it may not listen where another engine does.
        try Shell.run(
            """
            mkdir -p dist/\(top)/bin dist/\(top)/libexec/iii && cd dist
            cp '\(Programs.folder.appending("iii-guest"))' \(top)/libexec/iii/
            printf '%s\\n' '#!/bin/sh' '[ $# -gt 0 ] || set -- --listen 127.0.0.1:0' 'exec "\(Programs.folder.appending("iii"))" "$@"' > \(top)/bin/iii
            chmod +x \(top)/bin/iii
            tar -czf \(top).tar.gz \(top) && sha256sum \(top).tar.gz > SHA256SUMS
            """,
            in: road.folder
        )
        let arguments = ["import-programs", "dist", "--data", road.data.string]
        _ = try await Programs.run("iii-registry", arguments, in: road.folder, variables: [:]).succeeded(arguments)
    }

    /// Types the commands into one shell, and what belongs into a second terminal beside it.
    private func follow(_ steps: [Step], on road: Road) async throws {
        let user = road.folder.appending("user")
        try road.write(["key.txt": road.key + "\n"], in: user)
        var script = "set -u\nfailed() { echo \"@failed $?\"; exit 0; }\n"
        for (number, step) in steps.enumerated() {
            let command = step.command.replacing("https://registry.example.com", with: road.url)
            script += "echo '@step \(number)'\n"
            if step.isInSecondTerminal {
                script += """
                    { \(command) > '\(user)/second' 2>&1 & } || failed
                    trap 'kill $!; wait $!' EXIT
                    until grep -qs 'is ready' '\(user)/second'; do kill -0 $! || failed; sleep 0.05; done
                    cat '\(user)/second'

                    """
            } else {
                script += "\(command) || failed\n"
            }
        }
        try road.write(["page.sh": script + "echo '@end'\n"], in: user)
        let said = try Shell.run(
            "env -i HOME='\(user)' PATH=/usr/bin:/bin LANG=C.UTF-8 sh page.sh < /dev/null 2>&1",
            in: user
        )
        let parts = said.components(separatedBy: "@step ")
        #expect(parts.count == steps.count + 1 && said.hasSuffix("@end\n"), "\(said)")
        for part in parts.dropFirst() {
            var lines = part.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            guard let number = Int(lines.removeFirst()), steps.indices.contains(number) else { continue }
            lines.removeAll { $0.isEmpty || $0 == "@end" }
            let shown = steps[number].output.map { $0.replacing("https://registry.example.com", with: road.url) }
            #expect(
                Self.fits(lines[...], shown.filter { !$0.isEmpty }[...]),
                "\(steps[number].command)\n\(lines.joined(separator: "\n"))"
            )
        }
    }

    /// Links of the book lead somewhere.
    @Test func linksOfTheBookLeadSomewhere() throws {
        let folder = Programs.repository.appending("docs")
        var pages = try FileManager.default.contentsOfDirectory(atPath: folder.string).filter { $0.hasSuffix(".md") }
            .map { folder.appending($0) }
        pages += ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map {
            Programs.repository.appending($0)
        }
        for page in pages {
            let text = try String(contentsOfFile: page.string, encoding: .utf8)
            for link in text.matches(of: /\]\(([^)#\s]+)(#[^)]*)?\)/).map({ String($0.1) }) where !link.contains("://")
            {
                let target = page.removingLastComponent().pushing(FilePath(link)).lexicallyNormalized()
                #expect(FileManager.default.fileExists(atPath: target.string), "\(page): \(link)")
            }
        }
    }
}
