// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Resolution
import Testing
import WorkerModel

/// Which version a selector of one worker picks.
struct ResolverSelectionTests {
    static let index = """
        state 0.9.0
        state 1.0.0
        state 1.2.0
        state 1.10.0
        state 1.11.0 yanked
        state 1.12.0 untagged
        state 2.0.0
        state 2.1.0-rc.1
        state 3.0.0-beta
        state 3.0.0 untagged
        state@latest = 2.0.0
        state@next = 2.1.0-rc.1
        state@old = 0.9.0
        state@broken = 1.11.0
        """

    @Test(arguments: [
        ("*", "2.0.0"), ("^1", "1.10.0"), ("~1.2", "1.2.0"), ("<1", "0.9.0"), ("1.x || 0.x", "1.10.0"),
        (">=1.0.0 <1.10.0", "1.2.0"), ("1.2.0 - 1.9", "1.2.0"),
    ])
    func rangePicksTheHighestPromotedStableVersion(_ range: String, version: String) throws {
        #expect(try WrittenIndex(Self.index).picks("state", range) == "state@\(version)")
    }

    /// Promoted, stable and not yanked: each of the three keeps a version out of ranges by itself.
    @Test(arguments: [">=3", "~1.11", "~1.12", "^2.1", ">=2.1.0-rc.1 <3", "^3.0.0-beta"])
    func rangePicksNeitherUntaggedNorYankedNorPrereleaseVersions(_ range: String) throws {
        let failure = #expect(throws: ResolutionFailure.self) { try WrittenIndex(Self.index).picks("state", range) }
        #expect(failure?.reason == .versionNotFound)
        #expect(failure?.requested == [range])
        #expect(failure?.available.map(\.description) == ["2.0.0", "1.10.0", "1.2.0", "1.0.0", "0.9.0"])
    }

    @Test(arguments: ["1.0.0", "1.11.0", "1.12.0", "2.1.0-rc.1", "3.0.0-beta", "3.0.0"])
    func exactVersionAddressesWhateverIsPublished(_ version: String) throws {
        #expect(try WrittenIndex(Self.index).picks("state", version) == "state@\(version)")
    }

    @Test func equalsSignNamesAnExactVersionToo() throws {
        #expect(try WrittenIndex(Self.index).picks("state", "=1.12.0") == "state@1.12.0")
        #expect(try WrittenIndex(Self.index).picks("state", "v1.12.0") == "state@1.12.0")
    }

    @Test(arguments: [("latest", "2.0.0"), ("next", "2.1.0-rc.1"), ("old", "0.9.0"), ("broken", "1.11.0")])
    func channelPicksWhatItPointsTo(_ channel: String, version: String) throws {
        #expect(try WrittenIndex(Self.index).picks("state", channel) == "state@\(version)")
    }

    @Test(arguments: ["4.0.0", "1.0.1", "2.1.0-rc.2", "alpha", "^9", "^99.0.0", "1.0.0+build"])
    func whatIsNotPublishedIsAVersionNotFound(_ selector: String) throws {
        let failure = #expect(throws: ResolutionFailure.self) { try WrittenIndex(Self.index).picks("state", selector) }
        #expect(failure?.reason == .versionNotFound)
        #expect(failure?.isRoot == true)
        #expect(failure?.dependencyPathText == "state")
        #expect(failure?.message == "no version of `state` matches `\(selector)`")
    }

    @Test func yankedVersionsAreMarked() throws {
        let graph = try WrittenIndex(Self.index).graph("state", "1.11.0")
        #expect(graph.root.isYanked)
        #expect(try !WrittenIndex(Self.index).graph("state", "1.0.0").root.isYanked)
    }

    /// `latest` may point to a pre-release; ranges still pass it by.
    @Test func prereleaseThatIsLatestStaysOutOfRanges() throws {
        let index = try WrittenIndex(
            """
            a 1.0.0
            a 1.1.0-rc.1
            a@latest = 1.1.0-rc.1
            """
        )
        #expect(try index.picks("a", "latest") == "a@1.1.0-rc.1")
        #expect(try index.picks("a", "*") == "a@1.0.0")
        #expect(try index.picks("a", "^1.1.0-rc.0 || 1.0.x") == "a@1.0.0")
    }

    @Test func availableListsEveryVersionWhereARangeCanSelectNone() throws {
        let index = try WrittenIndex("a 1.0.0-rc.1\na 1.0.0-rc.2\na 1.0.0 untagged")
        let failure = #expect(throws: ResolutionFailure.self) { try index.picks("a", "*") }
        #expect(failure?.available.map(\.description) == ["1.0.0", "1.0.0-rc.2", "1.0.0-rc.1"])
        let hint = "yanked, a prerelease, or never `latest`, and to be named exactly: 1.0.0, 1.0.0-rc.2, 1.0.0-rc.1"
        #expect(failure?.hints == [hint])
    }

    @Test func hintRecitesTheNewestAvailableVersions() throws {
        let index = try WrittenIndex((1...7).map { "a 1.\($0).0" }.joined(separator: "\n"))
        let failure = #expect(throws: ResolutionFailure.self) { try index.picks("a", "^99.0.0") }
        #expect(failure?.hints == ["available versions of `a`: 1.7.0, 1.6.0, 1.5.0, 1.4.0, 1.3.0 and 2 older"])
    }
}
