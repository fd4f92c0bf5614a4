// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import HostSystem
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// A child ends with all that it started, whoever ends first.
@Suite(.timeLimit(.minutes(20))) struct GuardedProcessTests {
    /// A child, and what it said.
    private final class Child: Sendable {
        struct Heard {
            var processID: Int32?
            var output: [GuardedProcess.Stream: String] = [:]
            var end: ProcessEnd?
        }

        let heard = Mutex(Heard())
        let (events, continuation) = AsyncStream.makeStream(of: Void.self)
        let process: Mutex<GuardedProcess?> = Mutex(nil)

        init(_ launch: GuardedProcess.Launch) throws {
            let process = try GuardedProcess.start(launch) { event in
                self.heard.withLock { heard in
                    switch event {
                    case .started(let processID): heard.processID = processID
                    case .output(let stream, let bytes):
                        heard.output[stream, default: ""] += String(decoding: bytes, as: UTF8.self)
                    case .ended(let end): heard.end = end
                    }
                }
                self.continuation.yield()
            }
            self.process.withLock { $0 = process }
        }

        convenience init(shell script: String, in folder: FilePath = "/") throws {
            try self.init(
                GuardedProcess.Launch(
                    executable: "/bin/sh",
                    arguments: ["-c", script],
                    environment: ["PATH": "/usr/bin:/bin", "GREETING": "hello"],
                    directory: folder
                )
            )
        }

        /// Waits until what was heard suits.
        func wait<Value>(for value: (Heard) -> Value?) async throws -> Value {
            for await _ in events {
                let now = heard.withLock { $0 }
                if let found = value(now) { return found }
            }
            throw CancellationError()
        }

        func signal(_ number: Int32) { process.withLock { $0?.signal(number) } }
    }

    @Test func outputEnvironmentFolderAndStatusComeBack() async throws {
        try await withTemporaryDirectory { folder in
            let child = try Child(shell: "pwd; echo $GREETING >&2; env | wc -l >&2; exit 7", in: folder)
            let end = try await child.wait(for: \.end)
            #expect(end == .exited(7))
            child.heard.withLock { heard in
                #expect(heard.output[.output] == "\(folder)\n")
                #expect(heard.output[.error]?.hasPrefix("hello\n") == true)
            }
        }
    }

    @Test func aProgramThatIsNotThereIsToldApart() async throws {
        let child = try Child(
            GuardedProcess.Launch(executable: "/nowhere/at/all", environment: [:], directory: "/")
        )
        #expect(try await child.wait(for: \.end) == .notStarted(.noSuchFileOrDirectory))
        #expect(child.heard.withLock { $0.processID } == nil)
    }

    @Test func itLeadsASessionAndSignalsReachItsWholeGroup() async throws {
        let child = try Child(shell: "ps -o sid= -p $$; sleep 1000 & sleep 1000 & echo ready; wait")
        let output = try await child.wait { heard in
            heard.output[.output]?.contains("ready") == true ? heard.output[.output] : nil
        }
        let processID = try #require(child.heard.withLock { $0.processID })
        #expect(output.split(separator: "\n").first.map { $0.trimmingCharacters(in: .whitespaces) } == "\(processID)")
        child.signal(SIGTERM)
        #expect(try await child.wait(for: \.end) == .signalled(SIGTERM))
        #expect(kill(-processID, 0) != 0)
    }

    @Test func whatEscapedItsGroupEndsWithIt() async throws {
        let child = try Child(shell: "setsid sh -c 'setsid sleep 1000 & echo $!; exec sleep 1000' & sleep 0.2; exit 0")
        let escaped = try await child.wait { heard in
            heard.output[.output].flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        #expect(try await child.wait(for: \.end) == .exited(0))
        #expect(kill(escaped, 0) != 0)
    }

    @Test func killReachesWhatIgnoresEveryRequest() async throws {
        let child = try Child(shell: "trap '' TERM INT HUP; (trap '' TERM INT HUP; sleep 1000) & echo $!; wait")
        let grandchild = try await child.wait { heard in
            heard.output[.output].flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        child.signal(SIGTERM)
        #expect(kill(grandchild, 0) == 0)
        child.signal(SIGKILL)
        #expect(try await child.wait(for: \.end) == .signalled(SIGKILL))
        #expect(kill(grandchild, 0) != 0)
    }

    @Test func muchOutputArrivesWhole() async throws {
        let child = try Child(shell: "head -c 3000000 /dev/zero | tr '\\0' x")
        #expect(try await child.wait(for: \.end) == .exited(0))
        #expect(child.heard.withLock { $0.output[.output]?.count } == 3_000_000)
    }
}
