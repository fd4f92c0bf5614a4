// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Sandboxing
import Testing

@testable import Namespaces

struct OwnerMapsTests {
    @Test(
        arguments: [
            (1234, [], "0 1999998766 65536\n"), (0, [33], "0 2000000000 65536\n"),
            (70_000, [33, 70_000, 80_000], "0 1999934464 65536\n70000 2000000000 1\n80000 2000000001 1\n"),
        ] as [(UInt32, [UInt32], String)]
    )
    func everybodyKeepsHisNumber(own: UInt32, others: [UInt32], text: String) {
        #expect(IDMap(own: own, as: 2_000_000_000, others: others).text == text)
    }

    @Test(
        arguments: [
            (1000, "0 2000001000 1\n1 2000000001 999\n1000 2000000000 1\n1001 2000001001 64535\n"),
            (1, "0 2000000001 1\n1 2000000000 1\n2 2000000002 65534\n"),
            (65_535, "0 2000065535 1\n1 2000000001 65534\n65535 2000000000 1\n"),
            (70_000, "0 2000000001 65536\n70000 2000000000 1\n"),
        ] as [(UInt32, String)]
    )
    func whoOwnsEverythingIsRootOfTheFiles(own: UInt32, text: String) {
        #expect(IDMap(own: own, asRootOf: 2_000_000_000).text == text)
    }

    /// The kernel refuses a map of more than 340 lines.
    @Test func aMapHasAsManyLinesAsTheKernelTakes() {
        let map = IDMap(own: 1, as: 2_000_000_000, others: Array(100_000..<101_000))
        #expect(map.extents.count == 300)
    }
}
