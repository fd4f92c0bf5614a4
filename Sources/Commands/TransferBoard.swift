// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import WorkerModel

/// How far the files of one operation are, as a person reads it: a bar for each file on its way, and one line for all.
///
/// Knows no clock: every call says when it is.
struct TransferBoard {
    typealias Instant = ContinuousClock.Instant

    private struct Row {
        let name: String
        /// The name as it is drawn.
        let shown: String
        let size: ByteCount?
        var moved = ByteCount.zero
        let startedAt: Instant
        var isDone = false
    }

    /// The most bars that are shown at once.
    private static let bars = 8
    private static let barWidth = 24

    private var rows: [Row] = []
    /// `installing`, `uploading`.
    let verb: String

    init(verb: String) { self.verb = verb }

    var isIdle: Bool { rows.allSatisfy(\.isDone) }

    mutating func begin(_ name: String, size: ByteCount?, at now: Instant) {
        let shown = PrintableText(name, limit: 24).description
        rows.append(Row(name: name, shown: shown, size: size, startedAt: now))
    }

    /// Counts bytes of the file of that name that began last.
    mutating func advance(_ name: String, by count: ByteCount) {
        guard let index = rows.lastIndex(where: { $0.name == name }) else { return }
        rows[index].moved = rows[index].moved + count
    }

    mutating func finish(_ name: String) {
        guard let index = rows.lastIndex(where: { $0.name == name && !$0.isDone }) else { return }
        rows[index].isDone = true
    }

    /// The bars of what is on its way, no longer than `width`, and below them the line for all.
    func lines(at now: Instant, width: Int) -> [String] {
        let active = rows.filter { !$0.isDone }
        let shown = active.prefix(Self.bars)
        let column = shown.map(\.shown.columns).max() ?? 0
        var lines = shown.map { row in Self.bar(row, column, now) }
        if active.count > shown.count { lines.append("… and \(active.count - shown.count) more") }
        if rows.count > 1 { lines.append(summary(at: now)) }
        return lines.map { $0.cut(toColumns: max(width - 1, 20)) }
    }

    /// `installing 2/5  3.1 MiB of 12 MiB  8.4 MiB/s  1s left`.
    func summary(at now: Instant) -> String {
        let moved = rows.reduce(ByteCount.zero) { $0 + $1.moved }
        let sizes = rows.compactMap(\.size)
        let total = sizes.count == rows.count ? sizes.reduce(.zero) { $0 + $1 } : nil
        let since = rows.map(\.startedAt).min() ?? now
        let head = "\(verb) \(rows.count(where: \.isDone))/\(rows.count)"
        return ([head] + Self.progress(moved, of: total, since: since, at: now)).joined(separator: "  ")
    }

    private static func bar(_ row: Row, _ column: Int, _ now: Instant) -> String {
        var parts = [row.shown.padded(toColumns: column)]
        if let size = row.size, size > .zero {
            let share = min(1, Double(row.moved.bytes) / Double(size.bytes))
            let full = Int(share * Double(barWidth))
            parts.append(String(repeating: "█", count: full) + String(repeating: "░", count: barWidth - full))
            let percent = String(Int(share * 100))
            parts.append(String(repeating: " ", count: max(0, 3 - percent.count)) + percent + "%")
        }
        return (parts + progress(row.moved, of: row.size, since: row.startedAt, at: now)).joined(separator: "  ")
    }

    /// How much, how fast, and how long still; the last two as soon as they mean something.
    private static func progress(_ moved: ByteCount, of total: ByteCount?, since: Instant, at now: Instant) -> [String]
    {
        var parts = [total.map { "\(moved) of \($0)" } ?? "\(moved)"]
        let elapsed = (now - since).components
        let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
        guard seconds > 0.2, moved > .zero else { return parts }
        let rate = Double(moved.bytes) / seconds
        parts.append("\(ByteCount(Int64(rate)))/s")
        if let total, total >= moved { parts.append("\(Int(Double(total.bytes - moved.bytes) / rate))s left") }
        return parts
    }
}
