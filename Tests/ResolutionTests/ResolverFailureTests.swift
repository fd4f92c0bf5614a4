// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Resolution
import Testing
import WorkerModel

/// What is answered when nothing fits: which edge, which ranges, what there is instead.
struct ResolverFailureTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var index: String
        var reason: ResolutionFailure.Reason
        var path: String
        var requested: [String]
        var available: [String]

        init(
            _ claim: String,
            _ index: String,
            _ reason: ResolutionFailure.Reason,
            _ path: String,
            requested: [String],
            available: [String]
        ) {
            testDescription = claim
            self.index = index
            self.reason = reason
            self.path = path
            self.requested = requested
            self.available = available
        }
    }

    static let rows = [
        Row(
            "unknown root",
            "other 1.0.0",
            .workerNotFound,
            "app",
            requested: ["*"],
            available: []
        ),
        Row(
            "unknown dependency",
            "app 1.0.0: skills ^0.2.1",
            .workerNotFound,
            "app -> skills",
            requested: ["^0.2.1"],
            available: []
        ),
        Row(
            "no version in the range of a dependency",
            """
            app 1.0.0: a *
            a 1.0.0: state ^99.0.0
            state 0.21.3
            state 0.21.4
            """,
            .versionNotFound,
            "app -> a -> state",
            requested: ["^99.0.0"],
            available: ["0.21.4", "0.21.3"]
        ),
        Row(
            "a second range that nothing meets is reported alone",
            """
            app 1.0.0: state ^0.21, a *
            a 1.0.0: state ^99.0.0
            state 0.21.3
            """,
            .versionNotFound,
            "app -> a -> state",
            requested: ["^99.0.0"],
            available: ["0.21.3"]
        ),
        Row(
            "disjoint ranges, along the edge that made them so",
            """
            app 1.0.0: iii-state ^0.22.2, harness ^1
            harness 1.0.0: iii-state ^0.21.2
            iii-state 0.21.2
            iii-state 0.22.2
            """,
            .versionConflict,
            "app -> harness -> iii-state",
            requested: ["^0.22.2", "^0.21.2"],
            available: ["0.22.2", "0.21.2"]
        ),
        Row(
            "no older version of a sibling is tried, even where it would fit",
            """
            app 1.0.0: iii-state ^0.20.0, harness ^1
            harness 1.1.0: iii-state ^0.19.0
            harness 1.0.0: iii-state ^0.20.0
            iii-state 0.19.0
            iii-state 0.20.0
            """,
            .versionConflict,
            "app -> harness -> iii-state",
            requested: ["^0.20.0", "^0.19.0"],
            available: ["0.20.0", "0.19.0"]
        ),
        Row(
            "ranges that overlap where nothing is published",
            """
            app 1.0.0: a >=1.1, a <1.2
            a 1.0.0
            a 1.2.0
            """,
            .versionConflict,
            "app -> a",
            requested: [">=1.1", "<1.2"],
            available: ["1.2.0", "1.0.0"]
        ),
        Row(
            "the same range twice is listed once",
            """
            app 1.0.0: a ^1, b *, c *
            a 1.0.0
            a 2.0.0
            b 1.0.0: a ^1
            c 1.0.0: a ^2
            """,
            .versionConflict,
            "app -> c -> a",
            requested: ["^1", "^2"],
            available: ["2.0.0", "1.0.0"]
        ),
        Row(
            "a channel that points outside a range",
            """
            app 1.0.0: a latest, a ^2
            a 1.0.0
            a 2.0.0
            a@latest = 1.0.0
            """,
            .versionConflict,
            "app -> a",
            requested: ["latest", "^2"],
            available: ["2.0.0", "1.0.0"]
        ),
        Row(
            "a pre-release on `latest` and `*` do not agree",
            """
            app 1.0.0: a latest, a *
            a 1.0.0
            a 1.1.0-rc.1
            a@latest = 1.1.0-rc.1
            """,
            .versionConflict,
            "app -> a",
            requested: ["latest", "*"],
            available: ["1.0.0"]
        ),
        Row(
            "two exact versions",
            """
            app 1.0.0: a 1.0.0, a 1.0.1
            a 1.0.0
            a 1.0.1
            """,
            .versionConflict,
            "app -> a",
            requested: ["1.0.0", "1.0.1"],
            available: ["1.0.1", "1.0.0"]
        ),
        Row(
            "a channel that points nowhere",
            """
            app 1.0.0: a next
            a 1.0.0
            """,
            .versionNotFound,
            "app -> a",
            requested: ["next"],
            available: ["1.0.0"]
        ),
        Row(
            "a dependency that is no selector",
            """
            app 1.0.0: a file:../a
            a 1.0.0
            """,
            .versionNotFound,
            "app -> a",
            requested: ["file:../a"],
            available: ["1.0.0"]
        ),
        Row(
            "a worker that needs itself",
            "app 1.0.0: app ^1",
            .dependencyCycle,
            "app -> app",
            requested: ["^1"],
            available: ["1.0.0"]
        ),
        Row(
            "a cycle through the root",
            """
            app 1.0.0: harness ^1
            harness 1.0.0: app ^1
            """,
            .dependencyCycle,
            "app -> harness -> app",
            requested: ["^1"],
            available: ["1.0.0"]
        ),
        Row(
            "a cycle below the root, at the end of a path from the root",
            """
            app 1.0.0: a *
            a 1.0.0: b *
            b 1.0.0: a *
            """,
            .dependencyCycle,
            "app -> a -> b -> a",
            requested: ["*"],
            available: ["1.0.0"]
        ),
        Row(
            "of several failures, the one that the walk meets first",
            """
            app 1.0.0: a ^1, b ^1, missing *
            a 1.0.0: b ^2
            b 1.0.0
            b 2.0.0
            """,
            .versionConflict,
            "app -> b",
            requested: ["^2", "^1"],
            available: ["2.0.0", "1.0.0"]
        ),
    ]

    @Test(arguments: rows) func failure(_ row: Row) throws {
        let failure = #expect(throws: ResolutionFailure.self) { try WrittenIndex(row.index).picks("app", "*") }
        #expect(failure?.reason == row.reason)
        #expect(failure?.dependencyPathText == row.path)
        #expect(failure?.worker == failure?.dependencyPath.last)
        #expect(failure?.requested == row.requested)
        #expect(failure?.available.map(\.description) == row.available)
        #expect(failure?.isRoot == !row.path.contains("->"))
    }

    /// Real answers of the public registry, with the indexes that lead to them.
    @Test func reportsWhatThePublicRegistryReported() throws {
        let skills = try WrittenIndex("mcp 0.1.0: skills ^0.2.1")
        let missing = #expect(throws: ResolutionFailure.self) { try skills.picks("mcp", "0.1.0") }
        #expect(missing?.code == .workerNotFound)
        #expect(missing?.dependencyPathText == "mcp -> skills")
        #expect(missing?.requested == ["^0.2.1"])

        let slack = try WrittenIndex(
            """
            slack 0.2.0: iii-state ^0.22.2, harness ^1.0.0
            harness 1.0.0: iii-state ^0.21.2
            iii-state 0.21.6
            iii-state 0.22.2
            """
        )
        let conflict = #expect(throws: ResolutionFailure.self) { try slack.picks("slack", "0.2.0") }
        #expect(conflict?.code == .versionConflict)
        #expect(conflict?.dependencyPathText == "slack -> harness -> iii-state")
        #expect(conflict?.requested == ["^0.22.2", "^0.21.2"])
        #expect(conflict?.message.contains("`^0.22.2` and `^0.21.2`") == true)
        // Every side of it, with the way there.
        #expect(conflict?.needs.map(\.range) == ["^0.22.2", "^0.21.2"])
        #expect(conflict?.message.contains("`^0.21.2` along slack -> harness -> iii-state") == true)
        #expect(conflict?.message.contains("`^0.22.2` along slack -> ") == true)

        let circle = try WrittenIndex("iii-directory 1.0.0: harness *\nharness 1.0.0: iii-directory *")
        let cycle = #expect(throws: ResolutionFailure.self) { try circle.picks("iii-directory", "*") }
        #expect(cycle?.code == .graphInvalid)
        #expect(cycle?.dependencyPathText == "iii-directory -> harness -> iii-directory")
    }

    @Test func messagesSayWhoNeedsWhatAndWhatToDo() throws {
        let index = try WrittenIndex("mcp 0.1.0: skills ^0.2.1, state *\nstate 1.0.0-rc.1")
        let failure = #expect(throws: ResolutionFailure.self) { try index.picks("mcp", "0.1.0") }
        #expect(failure?.message == "the worker `skills`, needed along mcp -> skills, is not in the registry")
        #expect(failure?.hints == ["publish `skills`, or remove it from the dependencies of `mcp`"])
        let root = #expect(throws: ResolutionFailure.self) { try index.picks("nothing", "*") }
        #expect(root?.message == "the worker `nothing` is not in the registry")
    }

    @Test func graphOfTooManyWorkersIsRefused() throws {
        let chain = try WrittenIndex(
            (0..<40).map { "w\($0) 1.0.0: w\($0 + 1) *" }.joined(separator: "\n") + "\nw40 1.0.0"
        )
        #expect(try chain.graph("w0", "*", limits: .init(workers: 41)).nodes.count == 41)
        let failure = #expect(throws: ResolutionFailure.self) {
            try chain.graph("w0", "*", limits: .init(workers: 40))
        }
        #expect(failure?.reason == .tooManyWorkers(limit: 40))
        #expect(failure?.code == .graphExceeded)
    }

    /// A version with more dependencies than the limit is refused before any of them is looked up.
    @Test func wideGraphIsRefusedBeforeItIsLookedUp() throws {
        let wide = try WrittenIndex("app 1.0.0: " + (0..<5000).map { "w\($0) *" }.joined(separator: ", "))
        var lookedUp = 0
        let resolver = Resolver { name in
            lookedUp += 1
            return wide(name)
        }
        #expect(throws: ResolutionFailure.self) { try resolver.resolve(WorkerName(parsing: "app"), .range(.any)) }
        #expect(lookedUp == 1)
    }

    @Test func walkThatTakesTooManyStepsIsEnded() throws {
        let index = try WrittenIndex("app 1.0.0: a *, b *, c *\na 1.0.0\nb 1.0.0\nc 1.0.0")
        #expect(try index.graph("app", "*", limits: .init(steps: 4)).nodes.count == 4)
        let failure = #expect(throws: ResolutionFailure.self) { try index.graph("app", "*", limits: .init(steps: 3)) }
        #expect(failure?.reason == .unsettled)
    }

    @Test func errorsOfTheIndexPassThrough() {
        struct Broken: Error {}
        #expect(throws: Broken.self) { try Resolver { _ in throw Broken() }.resolve(WorkerName(parsing: "app")) }
    }
}
