// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem

/// A moment of this machine's wall clock.
package struct Moment: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970 in UTC.
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static var now: Moment { Moment(milliseconds: HostClock.unixMilliseconds) }

    package static func < (left: Moment, right: Moment) -> Bool { left.milliseconds < right.milliseconds }

    /// The moment that lies so long before this one.
    package func before(_ time: Duration) -> Moment {
        Moment(
            milliseconds: milliseconds - time.components.seconds * 1000 - time.components.attoseconds
                / 1_000_000_000_000_000
        )
    }
}

extension Moment: CustomStringConvertible {
    /// As RFC 3339 in UTC with milliseconds: `2026-08-01T10:00:00.000Z`.
    package var description: String {
        var (seconds, parts) = (time_t(milliseconds / 1000), tm())
        gmtime_r(&seconds, &parts)
        func padded(_ number: some BinaryInteger, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let day = [padded(parts.tm_year + 1900, 4), padded(parts.tm_mon + 1, 2), padded(parts.tm_mday, 2)]
        let time = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded($0, 2) }
        return "\(day.joined(separator: "-"))T\(time.joined(separator: ":")).\(padded(milliseconds % 1000, 3))Z"
    }

    /// Reads a moment of RFC 3339 (`2026-08-01T10:00:00Z`, `2026-08-01T12:00:00.5+02:00`) or a day (`2026-08-01`, its
    /// beginning in UTC); nil for anything else.
    package init?(parsing text: some StringProtocol) {
        var rest = Array(text.utf8)[...]
        guard let year = rest.number(4), rest.take("-"), let month = rest.number(2), rest.take("-"),
            let day = rest.number(2), (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        let wanted = parts.tm_mday
        let midnight = timegm(&parts)
        // A day that the month does not have was taken for one of the next month.
        guard parts.tm_mday == wanted else { return nil }
        var time: Int64 = 0
        if !rest.isEmpty {
            guard rest.take("T") || rest.take(" "), let clock = rest.clock(), let offset = rest.offset() else {
                return nil
            }
            time = clock - offset
        }
        guard rest.isEmpty else { return nil }
        self.init(milliseconds: Int64(midnight) * 1000 + time)
    }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard first == UInt8(ascii: character) else { return false }
        removeFirst()
        return true
    }

    /// A number of exactly so many digits.
    fileprivate mutating func number(_ count: Int) -> Int32? {
        let digits = prefix(count)
        guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        removeFirst(count)
        return digits.reduce(0) { $0 * 10 + Int32($1 - 0x30) }
    }

    /// Milliseconds since midnight.
    fileprivate mutating func clock() -> Int64? {
        guard let hour = number(2), hour < 24, take(":"), let minute = number(2), minute < 60, take(":"),
            let second = number(2), second < 60
        else { return nil }
        var milliseconds = Int64((hour * 60 + minute) * 60 + second) * 1000
        guard take(".") else { return milliseconds }
        guard let tenths = number(1) else { return nil }
        milliseconds += Int64(tenths) * 100
        for unit: Int64 in [10, 1] { milliseconds += Int64(number(1) ?? 0) * unit }
        // What is finer is of no interest.
        while number(1) != nil {}
        return milliseconds
    }

    /// Milliseconds that the local time is ahead of UTC.
    fileprivate mutating func offset() -> Int64? {
        if take("Z") { return 0 }
        let sign: Int64 = take("+") ? 1 : -1
        guard sign > 0 || take("-"), let hours = number(2), hours < 24, take(":"), let minutes = number(2), minutes < 60
        else { return nil }
        return sign * Int64(hours * 60 + minutes) * 60_000
    }
}
