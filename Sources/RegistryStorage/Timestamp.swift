// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A moment, as milliseconds since 1970 in UTC.
///
/// The registry never asks for the time itself: callers pass it in.
package struct Timestamp: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// The moment `duration` after this one; stops at the largest and smallest moment instead of overflowing.
    package func adding(_ duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let step = overflow ? (seconds < 0 ? Int64.min : Int64.max) : whole + attoseconds / 1_000_000_000_000_000
        let (sum, overflowed) = milliseconds.addingReportingOverflow(step)
        return Timestamp(milliseconds: overflowed ? (step < 0 ? Int64.min : Int64.max) : sum)
    }

    /// The day in UTC that this moment lies in.
    package var day: Day { Day(number: Int(clamping: Self.floorQuotient(milliseconds, 86_400_000))) }

    private static func floorQuotient(_ value: Int64, _ divisor: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

extension Timestamp: CustomStringConvertible {
    /// As RFC 3339 in UTC: `2026-08-01T10:00:00Z`, with milliseconds where there are any.
    package var description: String {
        let remainder = milliseconds % 86_400_000
        let time = remainder < 0 ? remainder + 86_400_000 : remainder
        let seconds = time / 1000
        let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { Day.padded($0, to: 2) }
        let fraction = time % 1000 == 0 ? "" : "." + Day.padded(time % 1000, to: 3)
        return "\(day)T\(clock.joined(separator: ":"))\(fraction)Z"
    }
}

/// A day of the calendar in UTC, as days since 1970-01-01.
package struct Day: Hashable, Comparable, Sendable {
    package let number: Int

    /// Days that are millions of years away are taken as the last that have a text.
    package init(number: Int) { self.number = min(max(number, -Self.furthest), Self.furthest) }

    private static let furthest = 1 << 40

    package static func < (left: Day, right: Day) -> Bool { left.number < right.number }

    /// The day `days` later, or earlier for a negative number.
    package func adding(days: Int) -> Day {
        let (sum, overflow) = number.addingReportingOverflow(days)
        return Day(number: overflow ? (days < 0 ? .min : .max) : sum)
    }

    static func padded(_ number: some BinaryInteger, to width: Int) -> String {
        let digits = String(number.magnitude)
        let sign = number < 0 ? "-" : ""
        return sign + String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Day: CustomStringConvertible {
    /// As `2026-08-01`.
    ///
    /// The proleptic Gregorian calendar, counted in eras of 400 years that begin in March.
    package var description: String {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(Self.padded(year, to: 4))-\(Self.padded(month, to: 2))-\(Self.padded(day, to: 2))"
    }
}
