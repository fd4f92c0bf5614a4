// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import Logging
package import RegistryStorage
import ServiceLifecycle
import Synchronization

/// Where the log goes: lines of JSON that wait a moment for others, so that a line costs less than the answer it tells of.
///
///     {"time":"2026-08-01T10:00:00.125Z","level":"info","message":"request","http.status":"200","hb.request.id":"…"}
///
/// A warning and what is worse is written at once, with all that waits before it; the rest is, by `LogFlush`, within a
/// tenth of a second, and by `flush()` at the end of the program. A kill takes what waits.
///
/// Nobody waits for who reads the log: what it does not take waits, up to a limit, and beyond it lines are dropped and
/// counted.
package final class LogOutput: Sendable {
    fileprivate struct State {
        var lines: [UInt8] = []
        /// Whether less was taken than there was, the last time.
        var isBlocked = false
        /// Lines that had no room since one could be written.
        var dropped = 0
        /// The last second that was written, and its text: most lines share it with the one before.
        var second = Int64.min
        var secondText: [UInt8] = []
    }

    let level: Logger.Level
    private let capacity: Int
    private let now: @Sendable () -> Timestamp
    private let most: Int
    private let write: @Sendable ([UInt8]) -> Int
    private let state = Mutex(State())
    /// Held while bytes are written, so that they keep their order.
    private let writing = Mutex(())

    /// - Parameters:
    ///   - level: the least that is written.
    ///   - capacity: bytes that may wait; with 0 every line is written at once.
    ///   - most: bytes that may wait while nobody takes them.
    ///   - now: the time of each line.
    ///   - write: gets lines and returns how many bytes of them were taken, without waiting; never two calls at a time.
    package init(
        level: Logger.Level,
        capacity: Int = 64 << 10,
        most: Int = 1 << 20,
        now: @escaping @Sendable () -> Timestamp,
        write: @escaping @Sendable ([UInt8]) -> Int
    ) {
        self.level = level
        self.capacity = capacity
        self.most = most
        self.now = now
        self.write = write
    }

    package var logger: Logger { Logger(label: "iii-registry") { _ in LineLog(self) } }

    /// Adds one line.
    func add(_ line: LogLine) {
        let moment = now().milliseconds
        let isDue = state.withLock { state in
            if state.lines.count >= most {
                state.dropped += 1
                return false
            }
            if state.dropped > 0 { state.addDropped(moment) }
            state.add(line, moment)
            // Who does not take lines is asked again from time to time, not for each.
            return !state.isBlocked && (state.lines.count >= capacity || line.level >= .warning)
        }
        if isDue { flush() }
    }

    /// Writes down what waits, as far as it is taken.
    package func flush() {
        writing.withLock { _ in
            let lines = state.withLock { state in
                let lines = state.lines
                state.lines = []
                state.lines.reserveCapacity(lines.count)
                return lines
            }
            let taken = lines.isEmpty ? 0 : write(lines)
            state.withLock { state in
                state.isBlocked = taken < lines.count
                if state.isBlocked { state.lines.insert(contentsOf: lines[taken...], at: 0) }
            }
        }
    }
}

extension LogOutput.State {
    fileprivate mutating func add(_ line: LogLine, _ moment: Int64) {
        addTime(moment)
        lines += line.bytes
        lines.append(UInt8(ascii: "}"))
        lines.append(0x0A)
    }

    /// Tells how many lines had no room.
    fileprivate mutating func addDropped(_ moment: Int64) {
        var line = LogLine(.warning, "log lines dropped: nobody took them")
        line.add("log.dropped", "\(dropped)")
        dropped = 0
        add(line, moment)
    }

    fileprivate mutating func addTime(_ moment: Int64) {
        let milliseconds = moment >= 0 ? moment % 1000 : 0
        if moment - milliseconds != second {
            second = moment - milliseconds
            // `2026-08-01T10:00:00Z`, without its end.
            secondText = Array("{\"time\":\"\(Timestamp(milliseconds: second))".utf8.dropLast())
        }
        lines += secondText
        lines.append(UInt8(ascii: "."))
        lines.append(UInt8(0x30 + milliseconds / 100))
        lines.append(UInt8(0x30 + milliseconds / 10 % 10))
        lines.append(UInt8(0x30 + milliseconds % 10))
        lines += "Z\"".utf8
    }
}

/// One line of the log before its time is known.
///
/// Whatever a value holds, it cannot begin a line of its own.
struct LogLine {
    let level: Logger.Level
    fileprivate private(set) var bytes: [UInt8] = []

    init(_ level: Logger.Level, _ message: String) {
        self.level = level
        bytes.reserveCapacity(320)
        add("level", level.rawValue)
        add("message", message)
    }

    mutating func add(_ key: String, _ value: String) {
        begin(key)
        bytes.append(UInt8(ascii: "\""))
        let start = bytes.count
        bytes += value.utf8
        if bytes[start...].allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 != 0x7F }) {
            bytes.append(UInt8(ascii: "\""))
        } else {
            bytes.removeSubrange((start - 1)...)
            bytes += JSONValue.string(value).bytes()
        }
    }

    mutating func add(_ key: String, _ value: JSONValue) {
        begin(key)
        bytes += value.bytes()
    }

    /// Keys of ours have nothing that JSON would spell otherwise.
    private mutating func begin(_ key: String) {
        bytes += ",\"".utf8
        bytes += key.utf8
        bytes += "\":".utf8
    }
}

/// What handlers write to a logger, as lines.
struct LineLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel: Logger.Level
    private let output: LogOutput

    init(_ output: LogOutput) {
        self.output = output
        logLevel = output.level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = LogLine(event.level, "\(event.message)")
        let all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { line.add(key, Self.json(value)) }
        output.add(line)
    }

    private static func json(_ value: Logger.MetadataValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map(json))
        case .dictionary(let members):
            .object(JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, json($0.value)) }))
        }
    }
}

/// Writes down every tenth of a second what waits, and the rest at the end.
struct LogFlush: Service {
    let log: LogOutput

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // Cut short by the end.
                try? await Task.sleep(for: .milliseconds(100))
                log.flush()
            }
        }
        log.flush()
    }
}
