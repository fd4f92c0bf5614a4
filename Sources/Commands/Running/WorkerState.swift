// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import WorkerModel
import WorkerSupervisor

/// A worker's status as an engine told it.
struct WorkerState: Sendable {
    let json: JSONValue
    let name: String
    /// The word of its phase, such as `ready`.
    let status: String
    let processID: Int64?
    let isolation: String?
    /// What the tier does not stop.
    let notStopped: String?
    /// How its limits are held: `enforced`, or where not all are, each.
    let limits: String?
    /// What of the kernel holds it to its files, besides what its tier is made of.
    let fileRules: String?
    /// What it reaches.
    let network: String?
    let uptime: Duration?
    let readyAfter: Duration?
    let restarts: Int64
    /// How long until it is started again after a crash.
    let restartIn: Duration?
    let lastEnd: String?
    let lastLines: [String]
    /// The line of these that says what went wrong.
    let lastReason: String?
    let reason: String?
    let remedy: String?
    let logs: String?
    /// Calls that it may not make: `3 calls refused: shell::run`.
    let refusedCalls: String?

    init(_ json: JSONValue) {
        func text(_ key: String) -> String? { if case .string(let text)? = json[key] { text } else { nil } }
        func number(_ key: String) -> Int64? { if case .number(let number)? = json[key] { number.int64 } else { nil } }
        self.json = json
        name = text("name") ?? ""
        status = text("status") ?? "unknown"
        processID = number("pid")
        isolation = text("isolation")
        notStopped = text("not_stopped")
        refusedCalls = Self.refusedCalls(json)
        (limits, network) = (Self.limits(json), Self.network(json, isolation))
        fileRules = number("landlock").map { "Landlock \($0)" }
        uptime = number("uptime_ms").map { .milliseconds($0) }
        readyAfter = number("ready_after_ms").map { .milliseconds($0) }
        restarts = number("restarts") ?? 0
        restartIn = number("restart_in_ms").map { .milliseconds($0) }
        lastEnd = text("last_end")
        if case .array(let lines)? = json["last_lines"] {
            lastLines = lines.compactMap { if case .string(let line) = $0 { line } else { nil } }
        } else {
            lastLines = []
        }
        lastReason = text("last_reason")
        (reason, remedy, logs) = (text("reason"), text("remedy"), text("logs_dir"))
    }

    private static func refusedCalls(_ json: JSONValue) -> String? {
        guard case .object(let counts)? = json["calls_refused"], !counts.members.isEmpty else { return nil }
        let sum = counts.members.reduce(Int64(0)) { sum, member in
            if case .number(let number) = member.value { sum + (number.int64 ?? 0) } else { sum }
        }
        let shown = counts.members.prefix(5).map(\.key).joined(separator: ", ")
        let more = counts.members.count > 5 ? " and \(counts.members.count - 5) more" : ""
        return "\(sum) \(sum == 1 ? "call" : "calls") refused: \(shown)\(more)"
    }

    private static func limits(_ json: JSONValue) -> String? {
        guard case .object(let limits)? = json["limits"] else { return nil }
        let words = limits.members.compactMap { member in
            if case .string(let word) = member.value { "\(member.key) \(word)" } else { nil as String? }
        }
        return words.allSatisfy { $0.hasSuffix(" enforced") } ? "enforced" : words.joined(separator: ", ")
    }

    private static func network(_ json: JSONValue, _ isolation: String?) -> String? {
        guard let isolation, isolation != "none", case .array(let addresses)? = json["network"] else { return nil }
        let texts = addresses.compactMap { if case .string(let text) = $0 { text } else { nil as String? } }
        return (["the engine"] + texts).joined(separator: ", ")
    }

    /// One line of how it is.
    var sentence: String {
        switch status {
        case "ready": readyAfter.map { "is ready after \($0.shown)" } ?? "is ready"
        case "waiting": "waits: \(reason ?? "nobody knows why")"
        case "restarting", "failed": "\(lastEnd ?? "ended")"
        default: "is \(status)"
        }
    }

    /// Tells of a worker that came to rest; crashing is an error, waiting for its user is a warning.
    ///
    /// - Throws: `SupervisorError.crashed`, `.notReady`.
    func report(_ name: WorkerName, _ printer: Printer) throws {
        switch status {
        case "restarting", "failed":
            for line in lastLines { printer.say("  \(line.printable)") }
            throw SupervisorError.crashed(name, how: lastEnd ?? "ended", reason: lastReason, lastLines: lastLines)
        case "waiting":
            printer.say("warning: \(name) \(sentence.printable)")
            if let remedy { printer.say("hint: \(remedy.printable)") }
        case "starting", "booting": throw SupervisorError.notReady(name, after: .seconds(120))
        default: printer.say("\(name) \(sentence)")
        }
    }
}

extension Duration {
    /// `0.12 s`, `3 s`, `2 min 5 s`, `4 h 10 min`, `3 d 2 h`.
    var shown: String {
        let seconds = components.seconds
        let hundredths = seconds * 100 + components.attoseconds / 10_000_000_000_000_000
        switch seconds {
        case ..<10: return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) s"
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min \(seconds % 60) s"
        case ..<172_800: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }
}
