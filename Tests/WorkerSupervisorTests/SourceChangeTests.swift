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
    ///
    /// Its end is told before its stop has returned, or, where that is late, not before nobody waits for it any more.
    private struct Run: WorkerRun {
        let processID: Int32
        let isEndLate: Bool
        let tier = IsolationTier.namespaces
        private let isAsked = AsyncStream.makeStream(of: Never.self)
        private let hasEnded = AsyncStream.makeStream(of: Never.self)
        private let never = AsyncStream.makeStream(of: Never.self)

        init(_ processID: Int32, isEndLate: Bool) {
            self.processID = processID
            self.isEndLate = isEndLate
        }

        func exit() async -> String {
            for await _ in isAsked.stream {}
            if isEndLate { for await _ in never.stream {} }
            hasEnded.continuation.finish()
            return "ended"
        }

        func stop(grace: Duration) async {
            isAsked.continuation.finish()
            if !isEndLate { for await _ in hasEnded.stream {} }
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
