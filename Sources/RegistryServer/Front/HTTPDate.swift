// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage

/// A date as HTTP headers have it: `Sat, 01 Aug 2026 10:00:00 GMT`.
enum HTTPDate {
    static let length = 29

    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The text of a moment; a number of seconds since 1970 that is not negative.
    static func text(seconds: Int64) -> String {
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
        // RFC 3339, whose digits stand at fixed places.
        let digits = Array(Timestamp(milliseconds: seconds * 1000).description.utf8)
        func number(_ range: Range<Int>) -> Substring { Substring(decoding: digits[range], as: UTF8.self) }
        let month = Int(number(5..<7)).map { months[max(0, min(11, $0 - 1))] } ?? months[0]
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let time = "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))"
        return "\(weekdays[Int(days % 7)]), \(number(8..<10)) \(month) \(number(0..<4)) \(time) GMT"
    }
}
