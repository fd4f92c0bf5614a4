// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Testing

/// Moments and days by integer arithmetic; the expected texts are those of `date -u`.
struct TimestampTests {
    static let rows: [(Int64, String)] = [
        (0, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:00.001Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"), (951_868_800_000, "2000-03-01T00:00:00Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00Z"), (1_785_578_400_000, "2026-08-01T10:00:00Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00Z"), (1_735_689_599_050, "2024-12-31T23:59:59.050Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ]

    @Test(arguments: rows) func readsAsRFC3339(_ milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test(arguments: rows.filter { $0.0 >= -62_135_596_800_000 })
    func readsItsOwnText(_ milliseconds: Int64, text: String) throws {
        #expect(try Timestamp(parsing: text).milliseconds == milliseconds)
    }

    @Test(arguments: [
        ("2026-08-01", 1_785_542_400_000), ("2026-08-01T12:00:00+02:00", 1_785_578_400_000),
        ("2026-08-01T08:30:00-01:30", 1_785_578_400_000), ("2026-08-01t10:00:00.5z", 1_785_578_400_500),
        ("2026-08-01T10:00:00.123456789Z", 1_785_578_400_123),
    ])
    func readsOtherForms(_ text: String, milliseconds: Int64) throws {
        #expect(try Timestamp(parsing: text).milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-13-01", "2026-00-01", "2026-02-29", "2026-04-31", "2026-08-01T", "2026-08-01T10:00:00",
        "2026-08-01T24:00:00Z", "2026-08-01T10:60:00Z", "2026-08-01T10:00:00.Z", "2026-08-01T10:00:00Zx", "26-08-01",
        "2026-08-01 10:00:00Z", "+026-08-01", "2026-08-01T10:00:00+2:00",
    ])
    func refusesWhatIsNoMoment(_ text: String) {
        #expect(throws: TimestampError.self) { try Timestamp(parsing: text) }
    }

    @Test func extremeMomentsHaveATextToo() {
        #expect(!Timestamp(milliseconds: .max).description.isEmpty)
        #expect(!Timestamp(milliseconds: .min).description.isEmpty)
        #expect(!Day(number: .max).description.isEmpty)
        #expect(!Day(number: .min).adding(days: .min).description.isEmpty)
    }

    @Test(arguments: [(0, 0), (86_399_999, 0), (86_400_000, 1), (-1, -1), (-86_400_000, -1), (-86_400_001, -2)])
    func daysAreThoseOfUTC(_ milliseconds: Int64, day: Int) {
        #expect(Timestamp(milliseconds: milliseconds).day == Day(number: day))
    }

    @Test func everyDayOfFourCenturiesFollowsTheOneBefore() {
        var (year, month, day) = (1999, 12, 31)
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        for number in 10_956...(10_956 + 146_097) {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let length = lengths[month - 1] + (month == 2 && isLeap ? 1 : 0)
            (year, month, day) =
                day < length ? (year, month, day + 1) : month < 12 ? (year, month + 1, 1) : (year + 1, 1, 1)
            let text = "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
            if Day(number: number + 1).description != text {
                Issue.record("day \(number + 1) should be \(text), is \(Day(number: number + 1))")
                return
            }
        }
    }

    @Test func addingTimeStopsInsteadOfOverflowing() {
        let start = Timestamp(milliseconds: 1000)
        #expect(start.adding(.seconds(2)).milliseconds == 3000)
        #expect(start.adding(.milliseconds(-1500)).milliseconds == -500)
        #expect(start.adding(.seconds(Int64.max / 10)).milliseconds == .max)
        #expect(Timestamp(milliseconds: .max).adding(.seconds(1)).milliseconds == .max)
        #expect(Timestamp(milliseconds: .min).adding(.seconds(-1)).milliseconds == .min)
        #expect(Day(number: 1).adding(days: -7) == Day(number: -6))
    }
}
