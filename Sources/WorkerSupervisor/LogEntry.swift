// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import HostSystem

/// A piece of what a worker printed, or of what became of it: a line of `all.log`.
///
/// Shape, as container runtimes write their logs: `2026-11-30T23:11:22.123Z stdout F TEXT`. `P` stands in place of `F`
/// where the line goes on in the next piece of the same stream, `iii` in place of the stream for what the engine remarks.
package struct LogEntry: Hashable, Sendable {
    package enum Origin: String, Hashable, Sendable {
        case output = "stdout"
        case error = "stderr"
        case engine = "iii"
    }

    /// When it came; nil where nobody wrote that down.
    package var time: Moment?
    package var origin: Origin
    /// Without the end of its line.
    package var text: [UInt8]
    /// Whether its line ends with it.
    package var endsLine: Bool

    package init(time: Moment?, origin: Origin, text: [UInt8], endsLine: Bool = true) {
        (self.time, self.origin, self.text, self.endsLine) = (time, origin, text, endsLine)
    }

    /// The lines of the file for bytes that came from one stream at one time.
    static func lines(of bytes: [UInt8], from origin: Origin, at time: Moment) -> [UInt8] {
        let head = Array("\(time) \(origin.rawValue) ".utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + head.count + 2)
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            result += head + [UInt8(ascii: "F"), 0x20] + rest[..<end] + [0x0A]
            rest = rest[(end + 1)...]
        }
        if !rest.isEmpty { result += head + [UInt8(ascii: "P"), 0x20] + rest + [0x0A] }
        return result
    }

    /// Reads one line of the file, without its end; nil for what is none.
    init?(line: ArraySlice<UInt8>) {
        let parts = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let time = Moment(parsing: String(decoding: parts[0], as: UTF8.self)),
            let origin = Origin(rawValue: String(decoding: parts[1], as: UTF8.self))
        else { return nil }
        switch String(decoding: parts[2], as: UTF8.self) {
        case "F": endsLine = true
        case "P": endsLine = false
        default: return nil
        }
        (self.time, self.origin, text) = (time, origin, Array(parts[3]))
    }
}

/// Puts pieces together to lines, of each stream for itself.
///
/// A line has the time of its first piece and stands where its last one does; a line without its end stands last.
struct LogLines {
    private var open: [LogEntry.Origin: LogEntry] = [:]
    private(set) var lines: [LogEntry] = []

    mutating func append(_ entry: LogEntry) {
        var line = entry
        if let begun = open.removeValue(forKey: entry.origin) {
            (line.time, line.text) = (begun.time, begun.text + entry.text)
        }
        if line.endsLine { lines.append(line) } else { open[entry.origin] = line }
    }

    /// All lines, those without an end last.
    var all: [LogEntry] { lines + [.output, .error, .engine].compactMap { open[$0] } }
}
