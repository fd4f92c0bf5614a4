// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Resolution
import Testing
import WorkerModel

/// How the versions of several workers are picked together.
struct ResolverGraphTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var index: String
        var picks: String

        init(_ claim: String, _ index: String, picks: String) {
            testDescription = claim
            self.index = index
            self.picks = picks
        }
    }

    static let rows = [
        Row("a worker without dependencies is alone", "app 1.0.0", picks: "app@1.0.0"),
        Row(
            "dependencies come before those that need them, the root last",
            """
            app 1.0.0: b ^1, a ^1
            a 1.0.0
            b 1.0.0: c ^1
            c 1.0.0
            """,
            picks: "c@1.0.0 b@1.0.0 a@1.0.0 app@1.0.0"
        ),
        Row(
            "the highest version that meets all ranges is picked, one for each name",
            """
            app 1.0.0: a ^1, b ^1
            a 1.0.0: shared ^1.2
            b 1.0.0: shared <1.4
            shared 1.1.0
            shared 1.2.0
            shared 1.3.0
            shared 1.4.0
            """,
            picks: "shared@1.3.0 a@1.0.0 b@1.0.0 app@1.0.0"
        ),
        Row(
            "a range that narrows after the visit picks and walks again",
            """
            app 1.0.0: lib ^1, pin *
            lib 1.1.0: extra *
            lib 1.0.0: other *
            pin 1.0.0: lib ~1.0
            extra 1.0.0
            other 1.0.0
            """,
            picks: "other@1.0.0 lib@1.0.0 pin@1.0.0 app@1.0.0"
        ),
        Row(
            "what only a passed-over version asked for counts for nothing",
            """
            app 1.0.0: lib ^1, shared ^1, pin *
            lib 1.1.0: shared ^2, missing *
            lib 1.0.0
            pin 1.0.0: lib ~1.0
            shared 1.0.0
            shared 2.0.0
            """,
            picks: "lib@1.0.0 shared@1.0.0 pin@1.0.0 app@1.0.0"
        ),
        Row(
            "a version goes up again when what held it down is passed over",
            """
            app 1.0.0: lib ^1, shared ^1, pin *
            lib 1.1.0: shared ~1.0
            lib 1.0.0
            pin 1.0.0: lib ~1.0
            shared 1.0.0
            shared 1.5.0
            """,
            picks: "lib@1.0.0 shared@1.5.0 pin@1.0.0 app@1.0.0"
        ),
        Row(
            "a cycle through a version that was passed over is none",
            """
            app 1.0.0: lib ^1, pin *
            lib 1.1.0: app *
            lib 1.0.0
            pin 1.0.0: lib ~1.0
            """,
            picks: "lib@1.0.0 pin@1.0.0 app@1.0.0"
        ),
        Row(
            "the empty range is any version",
            """
            app 1.0.0: a
            a 1.0.0
            a 2.0.0-rc.1
            """,
            picks: "a@1.0.0 app@1.0.0"
        ),
        Row(
            "a channel pins to its pointer, also below what a range would pick",
            """
            app 1.0.0: a latest, b *
            a 1.0.0
            a 1.1.0
            a@latest = 1.0.0
            b 1.0.0: a ^1
            """,
            picks: "a@1.0.0 b@1.0.0 app@1.0.0"
        ),
        Row(
            "an exact version pins what a range alone would not pick",
            """
            app 1.0.0: b *, a 1.2.0
            a 1.0.0
            a 1.2.0 untagged
            b 1.0.0: a ^1
            """,
            picks: "a@1.2.0 b@1.0.0 app@1.0.0"
        ),
        Row(
            "a pre-release pin agrees with a range that names it",
            """
            app 1.0.0: a ^1.2.0-rc.1, b *
            a 1.1.0
            a 1.2.0-rc.2
            a 1.3.0
            b 1.0.0: a 1.2.0-rc.2
            """,
            picks: "a@1.2.0-rc.2 b@1.0.0 app@1.0.0"
        ),
        Row(
            "a worker that names a dependency twice is held to both",
            """
            app 1.0.0: a ^1, a <1.5
            a 1.4.0
            a 1.5.0
            """,
            picks: "a@1.4.0 app@1.0.0"
        ),
    ]

    @Test(arguments: rows) func picks(_ row: Row) throws {
        #expect(try WrittenIndex(row.index).picks("app", "*") == row.picks)
    }

    @Test func edgesAreInTheOrderOfTheWalkWithTheRangesAsWritten() throws {
        let graph = try WrittenIndex(
            """
            app 1.0.0: b >=1  <2, a
            a 1.0.0: b 1.x
            b 1.0.0
            """
        ).graph("app", "*")
        #expect(
            graph.edges.map { "\($0.from) \($0.to) `\($0.range)`" } == ["app b `>=1  <2`", "app a ``", "a b `1.x`"]
        )
        #expect(graph.root.name.description == "app")
        #expect(graph.root.dependencies.map(\.selector) == [">=1  <2", ""])
    }

    /// Each of two workers lets the other in only at its older version: no picks are the highest for both.
    @Test func picksThatPushEachOtherComeToRest() throws {
        let index = try WrittenIndex(
            """
            app 1.0.0: a ^1, b ^1
            a 1.0.0: b ~1.0
            a 1.1.0
            b 1.0.0
            b 1.1.0: a ~1.0
            """
        )
        #expect(try index.picks("app", "*") == "a@1.1.0 b@1.0.0 app@1.0.0")
    }

    @Test func resolvedGraphsPassTheInstallersCheck() throws {
        for row in Self.rows {
            let graph = try WrittenIndex(row.index).graph("app", "*")
            let names = graph.nodes.map(\.name)
            let checked = try DependencyGraph(roots: [graph.root.name], workers: names, edges: graph.edges)
            #expect(checked.installOrder == names)
        }
    }
}
