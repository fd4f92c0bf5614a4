// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import LocalWorkspaces
import ProjectFiles
import Sandboxing
import Synchronization
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerSupervisor

/// A worker whose source changes is replaced, whichever is told first: that it has ended, or that it was stopped.
@Suite(.timeLimit(.minutes(5))) struct SourceChangeTests {
    /// A run that ends when it is stopped.
    private struct Run: WorkerRun {
        let processID: Int32
        let isEndLate: Bool
        let tier = IsolationTier.namespaces
        private let stops = AsyncStream.makeStream(of: Void.self)

        init(_ processID: Int32, isEndLate: Bool) {
            self.processID = processID
            self.isEndLate = isEndLate
        }

        func exit() async -> String {
            for await _ in stops.stream { break }
            // In a task of its own: it takes its time also where it is not waited for any more.
            if isEndLate { await Task { try? await Task.sleep(for: .milliseconds(300)) }.value }
            return "ended"
        }

        func stop(grace: Duration) async {
            stops.continuation.finish()
            if !isEndLate { await Task { try? await Task.sleep(for: .milliseconds(300)) }.value }
        }
    }

    private final class Launcher: WorkerLaunching {
        let source: FilePath
        let isEndLate: Bool
        private let starts = Mutex<Int32>(0)

        init(source: FilePath, isEndLate: Bool) {
            self.source = source
            self.isEndLate = isEndLate
        }

        func start(_ declaration: WorkerDeclaration, log: WorkerLog) async throws -> any WorkerRun {
            let number = starts.withLock { starts in
                starts += 1
                return starts
            }
            return Run(number, isEndLate: isEndLate)
        }

        func source(of declaration: WorkerDeclaration) -> WatchedSource? {
            (try? SourceTree(of: source)).map { WatchedSource(watch: SourceWatch(source), seen: $0) }
        }
    }

    @Test(arguments: [true, false])
    func isStartedAgain(isEndLate: Bool) async throws {
        try await withTemporaryDirectory { root in
            let source = root.appending("source")
            try HostFiles.makeDirectory(source)
            let folder = ProjectFolder(
                Project(configPath: root.appending("config.yaml")),
                in: IIIHome(root: root.appending("home"))
            )
            let launcher = Launcher(source: source, isEndLate: isEndLate)
            let supervisor = WorkerSupervisor(launcher: launcher, folder: folder) { _ in }
            let name = try WorkerName(parsing: "a")
            await supervisor.apply([WorkerDeclaration(name: name, content: .folder(source))])
            for number in Int32(1)...2 {
                _ = await supervisor.status(of: name) { $0?.processID == number }
                try HostFiles.write(Array("\(number)".utf8), to: source.appending("file"))
            }
            let third = await supervisor.status(of: name) { $0?.processID == 3 }
            #expect(third?.restarts == 0)
            await supervisor.shutDown()
        }
    }
}
