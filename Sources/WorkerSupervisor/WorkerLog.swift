// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
package import Sandboxing
import Synchronization
package import SystemPackage

/// What one worker prints: into files, with the last lines at hand.
package final class WorkerLog: Sendable {
    private struct State {
        var files: [OutputStreamName: LogFile]
        var tail = LineTail()
        var pace = OutputPace()
    }

    package let folder: FilePath
    private let state: Mutex<State>

    /// Effects on disk: the folder is made.
    package init(folder: FilePath) {
        self.folder = folder
        var files: [OutputStreamName: LogFile] = [:]
        for name in [OutputStreamName.output, .error] { files[name] = LogFile(Self.file(name, in: folder)) }
        state = Mutex(State(files: files))
        // Without a folder the lines are lost, but their worker runs.
        try? HostFiles.makeDirectory(folder, mode: 0o700)
    }

    package static func file(_ name: OutputStreamName, in folder: FilePath) -> FilePath {
        folder.appending("\(name.rawValue).log")
    }

    func append(_ bytes: [UInt8], from name: OutputStreamName) {
        state.withLock { state in
            state.files[name]?.append(bytes)
            state.tail.append(bytes)
        }
    }

    /// Forgets the lines of an earlier run.
    func beginRun() { state.withLock { $0.tail = LineTail() } }

    /// The last lines of the present run.
    package var lastLines: [String] { state.withLock { $0.tail.lines } }
}

extension WorkerLog: SandboxOutput {
    package func receive(_ bytes: [UInt8], from stream: OutputStreamName) async {
        append(bytes, from: stream)
        let pause = state.withLock { $0.pace.take(bytes.count, at: .now) }
        // While it is waited for, the sandbox takes no more from the worker. A task that is cancelled does not wait.
        if pause > .zero { try? await Task.sleep(for: pause) }
    }

    package func remark(_ text: String) async { append(Array("iii: \(text)\n".utf8), from: .error) }
}
