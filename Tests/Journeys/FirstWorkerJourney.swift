// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing

/// From nothing to a worker that is published, added and called, as README.md tells it to somebody new.
@Suite(.timeLimit(.minutes(20))) struct FirstWorkerJourney {
    /// A language, the programs that it takes, and how its project is built; nil where the sources are what runs.
    struct Language: Sendable, CustomTestStringConvertible {
        let name: String
        let tools: [String]
        var build: String?

        var testDescription: String { name }
    }

    static let languages = [
        Language(name: "python", tools: ["python3"]),
        Language(name: "javascript", tools: ["node"]),
        // `npm install` would fetch the same compiler.
        Language(name: "typescript", tools: ["node", "tsc"], build: "tsc"),
        Language(name: "rust", tools: ["cargo"], build: "cargo build --release --offline"),
        Language(name: "swift", tools: ["swift"], build: "swift build -c release --static-swift-stdlib"),
    ]

    @Test(arguments: languages)
    func answersAfterFiveCommands(_ language: Language) async throws {
        let missing = language.tools.filter { tool in Self.place(of: tool) == nil }
        let isExpected = ProcessInfo.processInfo.environment["CI"] != nil
        try #require(missing.isEmpty || !isExpected, "this machine lacks \(missing)")
        if !missing.isEmpty { return }
        try await Road.open { road in
            let commands = [
                "iii worker init hello -l \(language.name)",
                language.build.map { "cd hello && \($0)" },
                "iii worker publish hello --boot",
            ]
            for command in commands.compactMap(\.self) { try Self.type(command, road.folder, road) }
            try await RunningProject.open(road) { _ in
                try Self.type("iii worker add hello", road.project, road)
                let answer = try Self.type("iii trigger hello::greet name=Ada", road.project, road)
                #expect(try JSONValue(parsing: answer) == ["message": "Hello, Ada!"])
                let umlauts = try Self.type("iii trigger hello::greet name='\u{1F600} \"Zoë\"'", road.project, road)
                #expect(try JSONValue(parsing: umlauts) == ["message": "Hello, \u{1F600} \"Zoë\"!"])
            }
            let published = try road.get("/w/hello")["worker"]
            #expect(published?["functions"]?.text().contains("Greets somebody by name.") == true)
        }
    }

    /// What is not built is told by `check`, by `pack` and in the plan, before anything is published.
    @Test func whatIsNotBuiltIsTold() async throws {
        try await Road.open { road in
            for (language, words) in [("typescript", "`dist/main.js`, which is not there"), ("rust", "not built yet")] {
                let begun = try await road.author("init", language, "-l", language)
                #expect(
                    begun.status == 0 && begun.talk.contains("hint: build it in `\(language)` with"),
                    "\(begun.talk)"
                )
                let checked = try await road.author("check", language)
                #expect((checked.output + checked.talk).contains(words), "\(checked.output)\(checked.talk)")
                let planned = try await road.author("publish", language, "--dry-run")
                #expect(planned.talk.contains(language == "rust" ? "build it first" : words), "\(planned.talk)")
            }
        }
    }

    /// Runs a line as somebody types it.
    @discardableResult
    private static func type(_ line: String, _ folder: FilePath, _ road: Road) throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let home = ProcessInfo.processInfo.environment["HOME"] ?? "/root"
        // Tools of languages are found through the home of whoever runs the tests.
        let variables =
            "HOME='\(home)' PATH='\(Programs.folder):\(path)' III_HOME='\(road.home)' III_API_URL='\(road.url)'"
            + " III_API_KEY='\(road.key)'"
        let quoted = line.replacing("'", with: #"'\''"#)
        return try Shell.run("env \(variables) sh -c '\(quoted)' 2>talk || { cat talk >&2; exit 1; }", in: folder)
    }

    private static func place(of tool: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.map { "\($0)/\(tool)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
