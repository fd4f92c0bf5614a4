// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import JSONText
package import Sandboxing
package import WorkerModel

/// How one worker is doing.
package struct WorkerStatus: Sendable, Hashable {
    package enum Phase: Sendable, Hashable {
        /// Its user stopped it.
        case stopped
        /// It cannot be started before somebody does something.
        case waiting(reason: String, remedy: String?)
        /// Its process is being made.
        case starting
        /// Its process runs; the engine does not know it yet.
        case booting
        /// The engine knows it under its name.
        case ready
        /// It crashed and is started again after a while.
        case restarting(after: Duration)
        /// It crashed too often and is left alone.
        case failed
        case stopping
        /// It is part of the engine.
        case builtIn

        /// The word that `list` and `status` show.
        package var word: String {
            switch self {
            case .stopped: "stopped"
            case .waiting: "waiting"
            case .starting: "starting"
            case .booting: "booting"
            case .ready: "ready"
            case .restarting: "restarting"
            case .failed: "failed"
            case .stopping: "stopping"
            case .builtIn: "in the engine"
            }
        }
    }

    package let name: WorkerName
    package internal(set) var kind: String
    package internal(set) var version: String?
    package internal(set) var phase: Phase
    package internal(set) var processID: Int32?
    package internal(set) var tier: IsolationTier?
    /// How well the limits of its sandbox are held; nil without one.
    package internal(set) var limits: SandboxEnforcement?
    /// From the start of its sandbox to the first answer from inside; nil without one.
    package internal(set) var sandboxReadyAfter: Duration?
    /// What it reaches besides the engine; empty also where nothing holds it.
    package internal(set) var network: [NetworkAddress] = []
    /// When the present process was started.
    package internal(set) var startedAt: ContinuousClock.Instant?
    /// How long it took from there to ready.
    package internal(set) var readyAfter: Duration?
    /// Starts after crashes, since the entry last changed.
    package internal(set) var restarts = 0
    /// When it is started again, while it waits for that.
    package internal(set) var restartAt: ContinuousClock.Instant?
    /// How the last run ended: `exited with status 1`.
    package internal(set) var lastEnd: String?
    /// What that run printed last.
    package internal(set) var lastLines: [String] = []
    /// The line of it that says what went wrong, where the words of its runtime are known.
    package internal(set) var lastReason: String?
    package internal(set) var logs: String

    /// Whether a process is there.
    package var isRunning: Bool { processID != nil }

    /// `{"kind":…,"last_end":…,"last_reason":…,"logs_dir":…,"name":…,"pid":…,"reason":…,"remedy":…,"restarts":0,"running":true,
    /// "isolation":…,"not_stopped":…,"limits":{"cpus":…,"memory":…,"processes":…,"scratch":…},
    /// "landlock":7,"sandbox_ready_after_ms":…,"network":[…],"status":"ready","uptime_ms":…,"version":…}`; null for what is unknown or not there.
    package func json(now: ContinuousClock.Instant) -> JSONValue {
        let (reason, remedy): (String?, String?) =
            if case .waiting(let reason, let remedy) = phase { (reason, remedy) } else { (nil, nil) }
        return [
            "name": .string(name.description), "kind": .string(kind), "version": .string(version),
            "status": .string(phase.word), "running": .bool(isRunning), "pid": .integer(processID),
            "isolation": .string(tier?.rawValue), "not_stopped": .string(tier?.caveat), "limits": limits?.json ?? .null,
            "landlock": .integer(limits?.landlock), "sandbox_ready_after_ms": .milliseconds(sandboxReadyAfter),
            "network": .array(network.map { .string($0.description) }),
            "uptime_ms": .milliseconds(startedAt.map { now - $0 }),
            "ready_after_ms": .milliseconds(readyAfter), "restarts": .integer(restarts),
            "restart_in_ms": .milliseconds(restartAt.map { max($0 - now, .zero) }), "last_end": .string(lastEnd),
            "last_lines": .array(lastLines.map(JSONValue.string)), "last_reason": .string(lastReason),
            "reason": .string(reason),
            "remedy": .string(remedy), "logs_dir": .string(logs),
        ]
    }
}

extension SandboxEnforcement {
    fileprivate var json: JSONValue {
        [
            "cpus": .string(cpus.rawValue), "memory": .string(memory.rawValue),
            "processes": .string(processes.rawValue), "scratch": .string(scratch.rawValue),
        ]
    }
}

extension JSONValue {
    fileprivate static func string(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
    fileprivate static func integer(_ number: (some FixedWidthInteger)?) -> JSONValue {
        number.map { .number(JSONNumber($0)) } ?? .null
    }
    fileprivate static func milliseconds(_ time: Duration?) -> JSONValue {
        integer(time.map { $0.components.seconds * 1000 + $0.components.attoseconds / 1_000_000_000_000_000 })
    }
}
