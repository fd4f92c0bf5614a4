// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import RegistryStorage
import Testing
import WorkerModel

struct NamePatternTests {
    @Test(arguments: [
        ("*", "a", true), ("shell", "shell", true), ("shell", "shells", false), ("acme-*", "acme-", true),
        ("acme-*", "acme-pdf", true), ("acme-*", "acme", false), ("*-test", "a-test", true),
        ("*-test", "a-tests", false),
        ("a*b*c", "abc", true), ("a*b*c", "a1b2b3c", true), ("a*b*c", "a1c2b", false),
        ("**", "x", true),
        ("*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
    ])
    func matchesNames(_ pattern: String, _ name: String, _ expected: Bool) throws {
        #expect(try NamePattern(parsing: pattern).matches(WorkerName(parsing: name)) == expected)
    }

    @Test(arguments: ["", "A*", "a b", "a.b", "a?", "é", String(repeating: "a", count: 65)])
    func refusesWhatNoNameMatches(_ text: String) {
        let error = #expect(throws: NamePatternError.self) { try NamePattern(parsing: text) }
        #expect(error?.code == .invalidName)
    }

    @Test(arguments: [
        ("*", "acme-*", true), ("acme-*", "acme-pdf-*", true), ("acme-*", "acme-*", true), ("acme-*", "*", false),
        ("acme-*", "acme*", false), ("acme", "acme", true), ("acme", "*", false), ("*-x", "a-*", false),
        ("a*b", "a*c*b", true),
    ])
    func coversWhatIsNarrower(_ pattern: String, _ other: String, _ expected: Bool) throws {
        #expect(try NamePattern(parsing: pattern).covers(NamePattern(parsing: other)) == expected)
    }
}
