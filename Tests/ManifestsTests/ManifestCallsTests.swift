// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import Manifests

/// `calls:` of a manifest: what its user will be asked to grant.
@Suite struct ManifestCallsTests {
    private func manifest(_ calls: String) throws -> WorkerManifest {
        try WorkerManifest(parsing: Array("name: a\nscripts: {start: python main.py}\ncalls: \(calls)\n".utf8))
    }

    @Test(arguments: [
        ("[shell::run]", ["shell::run"]), ("[]", []), ("", []),
        ("[\"b::*\", \"a::x\", \"b::*\"]", ["b::*", "a::x"]), ("\n  - \"*\"", ["*"]),
    ])
    func patternsAreReadInTheirOrder(calls: String, expected: [String]) throws {
        let manifest = try manifest(calls)
        #expect(manifest.calls.map(\.description) == expected)
        #expect(try manifest.checkedAsBundle(named: nil, version: nil).calls == manifest.calls)
        #expect(try manifest.checkedAsLocal().calls == manifest.calls)
        #expect(manifest.problems.isEmpty, "\(manifest.problems.map(\.message))")
    }

    @Test(arguments: [
        ("shell::run", "`calls` must be a list"), ("[\"\"]", "`calls[0]` names no functions: it is empty"),
        ("[a, 1]", "`calls[1]` must be text"), ("[\"a b\"]", "`calls[0]` names no functions: it has blanks"),
        ("[\"${HOME}::x\"]", "`calls[0]` names no functions: it has a `$`, which begins a placeholder"),
        ("[{\"worker::add\": {isolation: none}}]", "`calls[0]` must be text"),
        ("[\(String(repeating: "a,", count: 257))]", "`calls` has more than 256 entries"),
    ])
    func whatIsNoPatternIsRefused(calls: String, problem: String) throws {
        let manifest = try manifest(calls)
        #expect(
            manifest.problems.contains { $0.severity == .error && $0.message.contains(problem) },
            "\(manifest.problems.map(\.message))"
        )
        #expect(throws: ManifestError.self) { try manifest.checkedAsBundle(named: nil, version: nil) }
        #expect(throws: ManifestError.self) { try manifest.checkedAsLocal() }
    }

    @Test func aPartOfAnotherEngineIsNoted() throws {
        let text =
            "name: a\nscripts: {start: python main.py}\ndependencies: {iii-state: \"*\", iii-telemetry: \"*\", b: \"*\"}\n"
        let findings = try WorkerManifest(parsing: Array(text.utf8)).findings()
        #expect(findings.isFit)
        #expect(findings.problems.map(\.path) == ["dependencies.iii-state"])
        #expect(findings.problems.first?.sentence == "is part of another engine: with this one the worker waits for it")
    }
}
