// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import HostSystem
package import Sandboxing
import Synchronization
package import SystemPackage
import WorkerModel

/// What one worker prints: into files, with the last lines at hand.
///
/// Each stream has a file with its bytes as they came; `all.log` has both in one order, with times, and what became of the
/// worker between.
package final class WorkerLog: Sendable {
    fileprivate struct State {
        var files: [OutputStreamName: LogFile]
        var all: LogFile
        var tail = LineTail()
        var pace = OutputPace()
    }

    package let folder: FilePath
    private let state: Mutex<State>
    private let now: @Sendable () -> Moment

    /// Effects on disk: the folder is made.
    package init(folder: FilePath, now: @escaping @Sendable () -> Moment = { .now }) {
        (self.folder, self.now) = (folder, now)
        var files: [OutputStreamName: LogFile] = [:]
        for name in [OutputStreamName.output, .error] { files[name] = LogFile(Self.file(name, in: folder)) }
        state = Mutex(State(files: files, all: LogFile(Self.story(in: folder))))
        // Without a folder the lines are lost, but their worker runs.
        try? HostFiles.makeDirectory(folder, mode: 0o700)
    }

    package static func file(_ name: OutputStreamName, in folder: FilePath) -> FilePath {
        folder.appending("\(name.rawValue).log")
    }

    /// The file with both streams in one order.
    package static func story(in folder: FilePath) -> FilePath { folder.appending("all.log") }

    func append(_ bytes: [UInt8], from name: OutputStreamName) {
        state.withLock { $0.append(bytes, from: name, as: name == .output ? .output : .error, bytes, at: now()) }
    }

    /// Forgets the lines of an earlier run; where there was one, the new one is marked.
    func beginRun() {
        state.withLock { $0.tail = LineTail() }
        // Where that cannot be seen there is nothing to tell apart either.
        if let size = try? HostFiles.size(of: Self.story(in: folder)), size.bytes > 0 { mark("started again") }
    }

    /// Puts down what becomes of the worker, between the lines that it prints.
    func mark(_ text: String) {
        state.withLock { $0.all.append(LogEntry.lines(of: Array("\(text)\n".utf8), from: .engine, at: now())) }
    }

    /// The last lines of the present run.
    package var lastLines: [String] { state.withLock { $0.tail.lines } }

    /// What went wrong in the present run, in the words of its runtime; nil where they are not known.
    package var lastReason: String? { state.withLock { CrashReason.find(in: $0.tail.window) } }
}

extension WorkerLog.State {
    /// Bytes of a stream, and as what they stand among those of the other one.
    fileprivate mutating func append(
        _ bytes: [UInt8],
        from name: OutputStreamName,
        as origin: LogEntry.Origin,
        _ told: [UInt8],
        at time: Moment
    ) {
        files[name]?.append(bytes)
        tail.append(bytes)
        all.append(LogEntry.lines(of: told, from: origin, at: time))
    }
}

extension WorkerLog: SandboxOutput {
    package func receive(_ bytes: [UInt8], from stream: OutputStreamName) async {
        append(bytes, from: stream)
        let pause = state.withLock { $0.pace.take(bytes.count, at: .now) }
        // While it is waited for, the sandbox takes no more from the worker. A task that is cancelled does not wait.
        if pause > .zero { try? await Task.sleep(for: pause) }
    }

    package func remark(_ text: String) async {
        state.withLock { state in
            let line = Array("\(text)\n".utf8)
            state.append(Array("iii: ".utf8) + line, from: .error, as: .engine, line, at: now())
        }
    }
}
