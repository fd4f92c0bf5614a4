// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryService
import RegistryStorage
import Testing

/// Skill documents are replaced whole, and read as they were sent.
struct SkillTests {
    private static func skills(_ registry: ServiceFixture, _ version: String? = nil) async throws -> JSONValue {
        try JSONValue(parsing: try await registry.service.skills("w", version: version))
    }

    private static func run(_ body: @Sendable (ServiceFixture, Caller) async throws -> Void) async throws {
        try await ServiceFixture.run { (registry) async throws in
            let caller = try await registry.caller()
            try await registry.publish(Requests.binary("w", "1.0.0", tag: "latest"), by: caller)
            try await registry.publish(Requests.binary("w", "1.1.0", tag: "next"), by: caller)
            try await body(registry, caller)
        }
    }

    @Test func snapshotReadsBackAndIsReplaced() async throws {
        try await Self.run { (registry, caller) async throws in
            #expect(try await Self.skills(registry) == ["name": "w", "version": "1.0.0", "skills": [], "prompts": []])
            let sent: JSONValue = [
                "version": "next",
                "skills": ["SKILL.md": "# \u{1F600}\u{0}\n", "skills/a-b/c.MD": "  x  "],
                "prompts": ["review": ["description": "d", "args_schema": ["type": "object", "n": 1]]],
            ]
            let answer = try JSONValue(parsing: try await registry.service.skills.replace("w", sent, by: caller))
            #expect(answer["version"] == "1.1.0")
            let read = try await Self.skills(registry, "1.1.0")
            #expect(
                read["skills"] == [
                    ["path": "SKILL.md", "content": "# \u{1F600}\u{0}\n"],
                    ["path": "skills/a-b/c.MD", "content": "  x  "],
                ]
            )
            #expect(
                read["prompts"] == [["name": "review", "description": "d", "args_schema": ["type": "object", "n": 1]]]
            )
            #expect(try await Self.skills(registry)["skills"] == [])
            _ = try await registry.service.skills.replace("w", ["version": "1.1.0", "skills": [:]], by: caller)
            let cleared = try await Self.skills(registry, "next")
            #expect(cleared == ["name": "w", "version": "1.1.0", "skills": [], "prompts": []])
        }
    }

    static let refused: [(JSONValue, [String])] = [
        ([], ["$"]),
        (["version": "1.0.0"], ["$.skills"]),
        (["skills": [:]], ["$.version"]),
        (
            ["version": "^^", "skills": ["a": "x", "b.md": ""], "extra": 1],
            ["$.extra", "$.version", "$.skills.a", "$.skills.b.md"]
        ),
        (["version": "1.0.0", "skills": ["../a.md": "x"]], ["$.skills.../a.md"]),
        (["version": "1.0.0", "skills": ["a/../b.md": "x"]], ["$.skills.a/../b.md"]),
        (["version": "1.0.0", "skills": ["/a.md": "x"]], ["$.skills./a.md"]),
        (["version": "1.0.0", "skills": ["a.md": 1]], ["$.skills.a.md"]),
        (
            ["version": "1.0.0", "skills": ["a.md": .string(String(repeating: "x", count: 256 << 10 + 1))]],
            ["$.skills.a.md"]
        ),
        (["version": "1.0.0", "prompts": [["description": "x"]]], ["$.prompts[0].name"]),
        (["version": "1.0.0", "prompts": "x"], ["$.prompts"]),
    ]

    @Test(arguments: refused) func everyProblemIsTold(_ request: JSONValue, _ paths: [String]) async throws {
        try await Self.run { (registry, caller) async throws in
            do {
                _ = try await registry.service.skills.replace("w", request, by: caller)
                Issue.record("was accepted")
            } catch RegistryServiceError.invalidRequest(let problems) {
                #expect(problems.map(\.path) == paths)
            }
            #expect(try await Self.skills(registry)["skills"] == [])
        }
    }
}
