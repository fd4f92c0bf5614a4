// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Sandboxing
import Synchronization
import SystemPackage
import WorkerModel

/// What a worker keeps on the host's disk, which no file system of its own bounds: it is looked at from time to time.
final class KeptFolders: Sendable {
    private struct State {
        var watch: Task<Void, Never>?
        var isTooMuch = false
        var hasEnded = false
    }

    let folders: [FilePath]
    let limit: ByteCount
    private let pause: Duration
    private let state = Mutex(State())

    /// `pause` is the least time between two looks.
    ///
    /// A look at many files takes a while: it is at most a fiftieth of the time.
    init(_ folders: [FilePath], limit: ByteCount, pause: Duration = .seconds(5)) {
        self.folders = folders
        self.limit = limit
        self.pause = pause
    }

    /// Whether it is more than it may be; also where that cannot be told, as of folders that lie in each other without end.
    @concurrent
    func areTooMuch() async -> Bool {
        var total = ByteCount.zero
        for folder in folders {
            guard let size = HostFiles.allocatedSize(of: folder) else { return true }
            total = total + size
        }
        return total > limit
    }

    /// Looks until it is too much, and then ends the sandbox; `endWatch` ends the looking.
    func watch(_ sandbox: any RunningSandbox) {
        let task = Task {
            var pause = pause
            while (try? await Task.sleep(for: pause)) != nil {
                let began = ContinuousClock.now
                if await areTooMuch() {
                    state.withLock { $0.isTooMuch = true }
                    await sandbox.stop(grace: .zero)
                    return
                }
                pause = max(self.pause, (ContinuousClock.now - began) * 50)
            }
        }
        state.withLock { state in
            state.watch = task
            if state.hasEnded { task.cancel() }
        }
    }

    /// Whether it had become too much.
    func endWatch() -> Bool {
        state.withLock { state in
            state.hasEnded = true
            state.watch?.cancel()
            return state.isTooMuch
        }
    }
}
