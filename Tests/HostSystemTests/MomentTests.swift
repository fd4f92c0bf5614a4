// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Testing

@Suite struct MomentTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_785_578_400_007, "2026-08-01T10:00:00.007Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"), (951_868_799_999, "2000-02-29T23:59:59.999Z"),
    ])
    func aMomentIsTextAndBack(milliseconds: Int64, text: String) {
        #expect(Moment(milliseconds: milliseconds).description == text)
        #expect(Moment(parsing: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        ("2026-08-01", 1_785_542_400_000), ("2026-08-01T10:00:00Z", 1_785_578_400_000),
        ("2026-08-01T12:00:00.5+02:00", 1_785_578_400_500), ("2026-08-01 04:30:00.123456789-05:30", 1_785_578_400_123),
    ])
    func otherFormsAreRead(text: String, milliseconds: Int64) {
        #expect(Moment(parsing: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-13-01", "2026-02-29", "2026-04-31", "2026-08-01T", "2026-08-01T10:00:00", "1969-12-31",
        "2026-08-01T24:00:00Z", "2026-08-01T10:00:00.Z", "2026-08-01T10:00:00Zx", "2026-08-01T10:00:00+2", "yesterday",
    ])
    func whatIsNoMomentIsRefused(text: String) {
        #expect(Moment(parsing: text) == nil)
    }
}
