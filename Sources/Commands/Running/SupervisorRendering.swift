// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Sandboxing
import Synchronization
package import WorkerSupervisor

/// Tells on standard error what becomes of the workers of a running engine.
package final class SupervisorRendering: Sendable {
    private let printer: Printer
    /// What was last wrong with the configuration: it is told once.
    private let lastProblem = Mutex<String?>(nil)
    private let lastOversights = Mutex<[String]>([])
    /// Tiers of which it was told what they do not stop.
    private let explained = Mutex<Set<IsolationTier>>([])

    package init(_ printer: Printer) { self.printer = printer }

    package func receive(_ event: SupervisorEvent) {
        switch event {
        case .started(let name, let processID, let tier):
            printer.say("\(name) started (process \(processID), isolation \(tier))")
            if explained.withLock({ $0.insert(tier).inserted }) {
                printer.say("isolation \(tier) does not stop: \(tier.caveat)")
            }
        case .ready(let name, let time): printer.say("\(name) is ready after \(time.shown)")
        case .stopped(let name): printer.say("\(name) stopped")
        case .waits(let name, let reason, let remedy):
            printer.say("\(name) waits: \(reason.printable)" + (remedy.map { " (\($0.printable))" } ?? ""))
        case .crashed(let name, let how, let reason, let pause, let lines):
            let next = pause.map { "starts again in \($0.shown)" } ?? "is left alone after too many crashes"
            printer.say("\(name) \(how.printable)\(reason.map { ": \($0.printable)" } ?? ""); \(next)")
            for line in lines.suffix(5) { printer.say("  \(line.printable)") }
        case .configurationApplied: lastProblem.withLock { $0 = nil }
        case .configurationBroken(let error): tell(error)
        }
    }

    /// The files could be read; what they say in vain is told where it was not told last time.
    package func isWell(_ oversights: [String]) {
        lastProblem.withLock { $0 = nil }
        let new = lastOversights.withLock { last in
            defer { last = oversights }
            return oversights.filter { !last.contains($0) }
        }
        for text in new { printer.say("warning: config.yaml: \(text)") }
    }

    private func tell(_ error: any Error) {
        let lines = ErrorReport(error).lines
        let isNew = lastProblem.withLock { last in
            defer { last = lines.joined() }
            return last != lines.joined()
        }
        guard isNew else { return }
        printer.say("the configuration is not taken up; what runs is left as it is")
        for line in lines { printer.say(line) }
    }
}
