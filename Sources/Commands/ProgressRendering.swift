// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Synchronization
import SystemPackage
import WorkerModel
import WorkerOperations

/// Renders the events of an operation: one line that is rewritten on a terminal, plain lines elsewhere.
final class ProgressRendering: EventSink {
    /// How much of the files of one operation has arrived.
    private struct Transfers {
        var names: [String] = []
        var done = 0
        var total = ByteCount.zero
        /// Whether the size of a file is unknown, so that the total means nothing.
        var hasUnknownSize = false
        var received = ByteCount.zero
        var startedAt = ContinuousClock.now
        var shownAt: ContinuousClock.Instant?

        /// `installing 2/5  3.1 MiB of 12 MiB  8.4 MiB/s  1s left`.
        var line: String {
            let elapsed = ContinuousClock.now - startedAt
            let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
            var parts = ["installing \(done)/\(names.count)"]
            parts.append(hasUnknownSize ? "\(received)" : "\(received) of \(total)")
            if seconds > 0.2 {
                let rate = Double(received.bytes) / seconds
                parts.append("\(ByteCount(Int64(rate)))/s")
                if !hasUnknownSize, rate > 0 {
                    parts.append("\(Int(Double(total.bytes - received.bytes) / rate))s left")
                }
            }
            return parts.joined(separator: "  ")
        }
    }

    private let printer: Printer
    private let transfers = Mutex(Transfers())

    init(_ printer: Printer) { self.printer = printer }

    func receive(_ event: OperationEvent) {
        switch event {
        case .waitingForProject(let holder):
            printer.say("waiting for another iii\(holder.map { " (process \($0))" } ?? "") to finish with this project")
        case .recovered(let recovery): for line in recovery.lines { printer.say(line) }
        case .planned(let change): for line in change.planLines { printer.say(line) }
        case .resolving: break
        case .fetching(let name, _, let size): begin(name, size)
        case .received(_, let count): advance(count)
        case .installed(let name, let version): finish("fetched \(name) \(version)")
        case .alreadyInstalled(let name, let version): printer.say("\(name) \(version) is in the store already")
        case .uploading(let what, let size): printer.say("uploading \(what) (\(size))")
        case .uploaded: break
        case .alreadyUploaded(let what): printer.say("the registry has \(what) already")
        case .edited(let path): printer.say("edited \(path.string.printable)")
        case .warning(let text, let code):
            printer.say("warning: \(code.map { "[\($0.rawValue)] " } ?? "")\(text.printable)")
        }
    }

    private func begin(_ name: WorkerName, _ size: ByteCount?) {
        transfers.withLock { transfers in
            transfers.names.append(name.description)
            if let size { transfers.total = transfers.total + size } else { transfers.hasUnknownSize = true }
        }
    }

    /// Shows at most ten lines a second on a terminal, and one every three seconds elsewhere.
    private func advance(_ count: ByteCount) {
        let line: String? = transfers.withLock { transfers in
            transfers.received = transfers.received + count
            let now = ContinuousClock.now
            let pause: Duration = printer.isInteractive ? .milliseconds(100) : .seconds(3)
            guard now - (transfers.shownAt ?? transfers.startedAt) >= pause else { return nil }
            transfers.shownAt = now
            return transfers.line
        }
        guard let line else { return }
        if printer.isInteractive { printer.show(progress: line) } else { printer.say(line) }
    }

    private func finish(_ line: String) {
        let isLast = transfers.withLock { transfers in
            transfers.done += 1
            return transfers.done == transfers.names.count
        }
        if isLast { printer.show(progress: nil) }
        printer.say(line)
    }
}
