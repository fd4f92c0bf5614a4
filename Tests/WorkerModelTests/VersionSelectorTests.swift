// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

/// What people ask for after `@`, and the names of channels, which must never read as a version or a range.
struct VersionSelectorTests {
    @Test(arguments: ["1.2.3", "1.2.3-rc.1", " 1.2.3 "])
    func readsExactVersions(_ text: String) throws {
        guard case .exact = try VersionSelector(parsing: text) else {
            Issue.record("`\(text)` should be an exact version")
            return
        }
    }

    @Test(arguments: ["^1.2", "*", "x", "1", "1.x", ">=1 <2", "1 - 2", "~0.5", "^1 || ^2", "v1.2"])
    func readsRanges(_ text: String) throws {
        #expect(try VersionSelector(parsing: text) == .range(try VersionRequirement(parsing: text)))
    }

    @Test(arguments: ["latest", "next", "rc", "alpha", "experimental", "x-ray", "v-next", "xylophone"])
    func readsChannels(_ text: String) throws {
        #expect(try VersionSelector(parsing: text) == .channel(try ChannelName(parsing: text)))
    }

    @Test(arguments: ["", " ", "Latest", "^latest", "1.2.3.4", "latest ^1", "../x", "n\u{0}l"])
    func refusesWhatIsNoSelector(_ text: String) {
        #expect(throws: VersionError.self) { try VersionSelector(parsing: text) }
    }

    @Test func emptySelectorOfADependencyMeansAnyVersion() throws {
        #expect(try VersionSelector(parsingDependency: "") == .range(.any))
        #expect(try VersionSelector(parsingDependency: "  ") == .range(.any))
        #expect(try VersionSelector(parsingDependency: "latest") == .latest)
        #expect(throws: VersionError.self) { try VersionSelector(parsingDependency: "no such thing") }
    }

    @Test(arguments: ["1.2.3", "^1.2", "latest", "*"])
    func writesTheSameText(_ text: String) throws {
        #expect(try VersionSelector(parsing: text).description == text)
    }

    @Test(arguments: ["latest", "a", "next-1", "a.b_c-d", "xx"])
    func channelNamesAreRead(_ text: String) throws {
        #expect(try ChannelName(parsing: text).description == text)
    }

    @Test(arguments: [
        ("", 1), ("Latest", 1), ("1a", 1), ("-a", 1), ("la test", 3), ("a/b", 2), ("x", 1), ("v1", 1), ("x.x", 1),
        ("v1.2.3", 1), ("ä", 1), ("a\n", 2),
    ])
    func refusesWhatIsNoChannel(_ text: String, position: Int) {
        let error = #expect(throws: VersionError.self) { try ChannelName(parsing: text) }
        #expect(error?.position == position)
        #expect(error?.subject == .channel)
    }

    @Test func channelNamesHaveAtMost64Characters() throws {
        let longest = String(repeating: "a", count: 64)
        #expect(try ChannelName(parsing: longest).description == longest)
        #expect(throws: VersionError.self) { try ChannelName(parsing: longest + "a") }
    }
}
