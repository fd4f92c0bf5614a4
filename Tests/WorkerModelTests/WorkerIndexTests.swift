// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

struct WorkerIndexTests {
    private static func entry(
        _ version: String,
        promoted: Bool = true,
        yanked: Bool = false
    ) throws -> WorkerIndex.Entry {
        WorkerIndex.Entry(version: try SemanticVersion(parsing: version), isPromoted: promoted, isYanked: yanked)
    }

    @Test func entriesAreSortedHighestFirst() throws {
        let entries = try ["1.9.0", "1.10.0", "2.0.0-rc.1", "2.0.0"].map { try Self.entry($0) }
        let index = WorkerIndex(name: try WorkerName(parsing: "w"), entries: entries)
        #expect(index.entries.map(\.version.description) == ["2.0.0", "2.0.0-rc.1", "1.10.0", "1.9.0"])
        #expect(index.entry(of: try SemanticVersion(parsing: "1.10.0"))?.isPromoted == true)
        #expect(index.entry(of: try SemanticVersion(parsing: "3.0.0")) == nil)
    }

    @Test func onlyStablePromotedVersionsThatAreNotYankedAreCandidates() throws {
        #expect(try Self.entry("1.0.0").isCandidate)
        #expect(try !Self.entry("1.0.0-rc.1").isCandidate)
        #expect(try !Self.entry("1.0.0", promoted: false).isCandidate)
        #expect(try !Self.entry("1.0.0", yanked: true).isCandidate)
    }
}
