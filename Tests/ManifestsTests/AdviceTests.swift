// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing

@testable import Manifests

/// Whoever follows an advice gets a manifest that is accepted.
@Suite struct AdviceTests {
    private func problems(_ text: String) throws -> [ManifestProblem] {
        try WorkerManifest(parsing: Array(text.utf8)).findings().problems
    }

    private static let start = "name: a\ndeploy: bundle\nscripts:\n  start: node a.js\n"

    @Test(arguments: [
        ("version: 0.1", "version: 0.1.0"), ("version: 1", "version: 1.0.0"), ("version: '2.5'", "version: 2.5.0"),
        ("version: v1.2.3", "version: 1.2.3"), ("version: 1.0-rc.1", "version: 1.0.0-rc.1"),
        (
            "version: 1.0.0\nrepository: git@github.com:acme/w.git",
            "version: 1.0.0\nrepository: https://github.com/acme/w.git"
        ),
        ("version: 1.0.0\nrepo: git+https://github.com/acme/w", "version: 1.0.0\nrepo: https://github.com/acme/w"),
        ("version: 1.0.0\nenv:\n  PORT: 80", "version: 1.0.0\nenv:\n  PORT: \"80\""),
    ])
    func whatIsAdvisedIsAccepted(_ wrong: String, _ right: String) throws {
        let found = try problems(Self.start + wrong + "\n")
        #expect(found.count == 1, "one fault is said once: \(found.map(\.message))")
        let advice = right.split(separator: "\n").last?.split(separator: ": ").last ?? ""
        #expect(found.first?.sentence.contains("write \(advice)") == true, "\(found.map(\.message))")
        #expect(try problems(Self.start + right + "\n").isEmpty)
    }

    @Test(arguments: [
        ("verison: 1.0.0", "did you mean `version`?"), ("script:\n  start: x", "did you mean `scripts`?"),
        ("scripts:\n  strat: x", "did you mean `scripts.start`?"), ("memory: 64", "did you mean `resources.memory`?"),
        ("resources:\n  cpu: 2", "did you mean `resources.cpus`?"),
        ("dependancies: {}", "did you mean `dependencies`?"),
        ("targets: [x86_64-linux]", "did you mean `x86_64-unknown-linux-gnu`"),
    ])
    func aTypoIsPutRight(_ line: String, _ hint: String) throws {
        let found = try problems("name: a\ndeploy: binary\n" + line + "\n")
        #expect(found.count == 1 && found.first?.severity == .error, "\(found.map(\.message))")
        #expect(found.first?.sentence.contains(hint) == true, "\(found.map(\.message))")
    }

    @Test(arguments: ["javascript:alert(1)", "file:///etc", "https://", "http:///x", "acme/w", "https://a b"])
    func aRepositoryIsAWebAddress(_ text: String) throws {
        let found = try problems(Self.start + "repository: '\(text)'\n")
        #expect(found.map(\.path) == ["repository"], "\(found.map(\.message))")
    }
}
