// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

struct ByteCountTests {
    static let rows: [(Int64, String)] = [
        (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (1_048_575, "1023.9 KiB"),
        (1 << 20, "1 MiB"), (64 << 20, "64 MiB"), (512 << 20, "512 MiB"), (3 << 30, "3 GiB"), (1 << 40, "1 TiB"),
        (5 << 50, "5120 TiB"), (-1, "-1 B"), (Int64.max, "8388607.9 TiB"), (Int64.min, "-9223372036854775808 B"),
    ]

    @Test(arguments: rows)
    func readsWell(_ bytes: Int64, text: String) {
        #expect(ByteCount(bytes).description == text)
    }

    @Test func additionStopsInsteadOfOverflowing() {
        #expect(ByteCount(1) + ByteCount(2) == ByteCount(3))
        #expect(ByteCount(Int64.max) + ByteCount(1) == ByteCount(Int64.max))
    }

    @Test func takesNumbersOfAnySize() {
        #expect(ByteCount(UInt64.max).bytes == Int64.max)
        #expect(ByteCount(UInt8(7)).bytes == 7)
        #expect(ByteCount.kibibytes(1) < ByteCount.mebibytes(1))
        #expect(ByteCount.gibibytes(1).bytes == 1_073_741_824)
    }
}
