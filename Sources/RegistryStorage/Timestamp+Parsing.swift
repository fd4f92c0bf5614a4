// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics

extension Timestamp {
    /// Reads a moment of RFC 3339 (`2026-08-01T10:00:00Z`, `2026-08-01T12:00:00.5+02:00`) or a day (`2026-08-01`, its
    /// beginning in UTC).
    ///
    /// Parts of a millisecond are dropped.
    ///
    /// - Throws: `TimestampError`, also for a day that no calendar has.
    package init(parsing text: String) throws(TimestampError) {
        var reader = TimestampReader(rest: text.utf8[...])
        guard let milliseconds = reader.moment(), reader.rest.isEmpty else { throw TimestampError(text: text) }
        self.init(milliseconds: milliseconds)
    }
}

/// Why a text is no moment.
///
/// W105.
package struct TimestampError: CodedError, Hashable {
    package let text: String

    package var code: ErrorCode { .badPayload }
    package var message: String { "`\(PrintableText(text, limit: 60))` is not a moment" }
    package var hints: [String] { ["write it as `2026-08-01T10:00:00Z`, or a day as `2026-08-01`"] }
}

private struct TimestampReader {
    var rest: Substring.UTF8View

    /// Milliseconds since 1970.
    mutating func moment() -> Int64? {
        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2) else { return nil }
        guard let days = Self.days(year, month, day) else { return nil }
        if rest.isEmpty { return days * 86_400_000 }
        guard take("T") || take("t"), let time = time(), let offset = offset() else { return nil }
        return days * 86_400_000 + time - offset
    }

    /// Milliseconds since midnight.
    private mutating func time() -> Int64? {
        guard let hour = number(2), hour < 24, take(":"), let minute = number(2), minute < 60, take(":"),
            let second = number(2), second < 60
        else { return nil }
        var milliseconds = ((hour * 60 + minute) * 60 + second) * 1000
        guard take(".") else { return milliseconds }
        var unit: Int64 = 100
        guard let first = number(1) else { return nil }
        milliseconds += first * unit
        while let digit = number(1) {
            unit /= 10
            milliseconds += digit * unit
        }
        return milliseconds
    }

    /// Milliseconds that the local time is ahead of UTC.
    private mutating func offset() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let sign: Int64
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = number(2), hours < 24, take(":"), let minutes = number(2), minutes < 60 else { return nil }
        return sign * (hours * 60 + minutes) * 60_000
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// A number of exactly so many digits.
    private mutating func number(_ count: Int) -> Int64? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        rest = rest.dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// Days since 1970-01-01, counted as `Day.description` counts back.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64? {
        guard (1...12).contains(month), (1...lastDay(year, month)).contains(day) else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func lastDay(_ year: Int64, _ month: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
