// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import Synchronization
import SystemPackage
import WorkerModel
import WorkerOperations

/// Renders the events of an operation: bars that are rewritten on a terminal, plain lines elsewhere, and a line of JSON for
/// each event where that was asked for.
final class ProgressRendering: EventSink {
    /// Enough for every project; a registry and its publishers could write without end.
    private static let mostWarnings = 200

    private let printer: Printer
    private let installs = Mutex(State(board: TransferBoard(verb: "installing")))
    private let warnings = Mutex(0)
    private let uploads = Mutex(State(board: TransferBoard(verb: "uploading")))

    private struct State {
        var board: TransferBoard
        var shownAt: ContinuousClock.Instant?
    }

    init(_ printer: Printer) { self.printer = printer }

    func receive(_ event: OperationEvent) {
        if printer.writesEvents { return printer.event(event.json) }
        switch event {
        case .waitingForProject(let holder):
            printer.say("waiting for another iii\(holder.map { " (\($0.shown))" } ?? "") to finish with this project")
        case .recovered(let recovery): for line in recovery.lines { printer.say(line) }
        case .planned(let change): for line in change.planLines { printer.say(line) }
        case .resolving: break
        case .fetching(let name, _, let size): begin(name.description, size, installs)
        case .received(let name, let count): advance(name.description, count, installs)
        case .installed(let name, let version):
            finish(name.description, installs)
            printer.say("fetched \(name) \(version)")
        case .alreadyInstalled(let name, let version): printer.say("\(name) \(version) is in the store already")
        case .fetchingLayer(let name, let layer, let size, let present):
            begin("\(name) \(layer.abbreviated)", size, installs)
            if present > .zero { advance("\(name) \(layer.abbreviated)", present, installs) }
        case .receivedLayer(let name, let layer, let count): advance("\(name) \(layer.abbreviated)", count, installs)
        case .fetchedLayer(let name, let layer): finish("\(name) \(layer.abbreviated)", installs)
        case .installedImage(let name, let reference): printer.say("pulled \(name) \(reference)")
        case .uploading(let what, let size):
            if !printer.isInteractive { printer.say("uploading \(what) (\(size))") }
            begin(what, size, uploads)
        case .sent(let what, let count): advance(what, count, uploads)
        case .uploaded(let what): finish(what, uploads)
        case .alreadyUploaded(let what):
            finish(what, uploads)
            printer.say("the registry has \(what) already")
        case .edited(let path): printer.say("edited \(path.string.printable)")
        case .warning(let text, let code):
            let number = warnings.withLock { count in
                count += 1
                return count
            }
            if number == Self.mostWarnings + 1 { printer.say("warning: there are more, which `--json-progress` shows") }
            if number > Self.mostWarnings { return }
            printer.say("warning: \(code.map { "[\($0.rawValue)] " } ?? "")\(text.printable)")
        }
    }

    private func begin(_ name: String, _ size: ByteCount?, _ state: borrowing Mutex<State>) {
        state.withLock { $0.board.begin(name, size: size, at: .now) }
    }

    /// Shows at most ten pictures a second on a terminal, and one line every three seconds elsewhere.
    ///
    /// Both this and `finish` draw before the state is let go: a picture that comes late would stay.
    private func advance(_ name: String, _ count: ByteCount, _ state: borrowing Mutex<State>) {
        state.withLock { state in
            state.board.advance(name, by: count)
            let now = ContinuousClock.now
            let pause: Duration = printer.isInteractive ? .milliseconds(100) : .seconds(3)
            if state.shownAt == nil, !printer.isInteractive { state.shownAt = now }
            if state.board.isIdle || state.shownAt.map({ now - $0 < pause }) ?? false { return }
            state.shownAt = now
            if printer.isInteractive {
                printer.show(progress: state.board.lines(at: now, width: printer.width))
            } else {
                printer.say(state.board.summary(at: now))
            }
        }
    }

    private func finish(_ name: String, _ state: borrowing Mutex<State>) {
        state.withLock { state in
            state.board.finish(name)
            printer.show(progress: state.board.isIdle ? [] : state.board.lines(at: .now, width: printer.width))
        }
    }
}
