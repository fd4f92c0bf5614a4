// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

@Suite("Names of repositories and tags")
struct RepositoryNameTests {
    @Test(
        "names are read as the distribution specification writes them",
        arguments: ["pi", "iiidev/python", "a.b_c__d--e/f0"]
    )
    func good(text: String) throws { #expect(try RepositoryName(parsing: text).description == text) }

    @Test(
        "other texts are no names",
        arguments: [
            "", "/", "a/", "/a", "a//b", "A", "a..b", "..", "a/../b", "a.", "-a", "a___b", "a/./b", "a b", "a%2f", "é",
            String(repeating: "a", count: 256),
        ]
    )
    func bad(text: String) { #expect(throws: RepositoryNameError.self) { try RepositoryName(parsing: text) } }

    @Test("what is below a worker's name is not the worker's repository")
    func roots() throws {
        #expect(try RepositoryName(parsing: "pi").worker?.description == "pi")
        #expect(try RepositoryName(parsing: "pi/base").worker == nil)
        #expect(try RepositoryName(parsing: "pi/base").rootWorker?.description == "pi")
        #expect(try RepositoryName(parsing: "a.b").rootWorker == nil)
    }

    @Test("tags may be versions or channels, or neither")
    func tags() throws {
        #expect(ImageTag(parsing: "1.2.3")?.version == (try SemanticVersion(parsing: "1.2.3")))
        #expect(ImageTag(parsing: "1.2")?.version == nil)
        #expect(ImageTag(parsing: "v1.2.3")?.version == nil)
        #expect(ImageTag(parsing: "latest")?.channel == .latest)
        #expect(ImageTag(parsing: "Edge")?.channel == nil)
        for text in ["", ".a", "-a", "a b", "a/b", "a:b", String(repeating: "a", count: 129)] {
            #expect(ImageTag(parsing: text) == nil)
        }
    }
}
