// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import HostSystem
import JSONText
import ProjectFiles
import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerSupervisor

/// Real processes under a supervisor: scripts that print what they were given.
@Suite(.timeLimit(.minutes(20))) struct SupervisorTests {
    /// A supervisor of scripts in a folder of its own, shut down at the end.
    private struct Stage: Sendable {
        let root: FilePath
        let folder: ProjectFolder
        let supervisor: WorkerSupervisor

        static func with(_ body: (Stage) async throws -> Void) async throws {
            try await withTemporaryDirectory { root in
                let folder = ProjectFolder(
                    Project(configPath: root.appending("config.yaml")),
                    in: IIIHome(root: root.appending("home"))
                )
                let environment = HostEnvironment(
                    variables: ["PATH": "/usr/bin:/bin", "III_API_KEY": "secret", "MINE": "kept"],
                    currentDirectory: root
                )
                let launcher = WorkerLauncher(
                    folder: folder,
                    environment: environment,
                    engine: { NetworkAddress(host: "127.0.0.1", port: 4711) },
                    sandboxes: Sandboxes([]),
                    images: try ImageShelf(home: IIIHome(root: root.appending("home")), host: nil)
                )
                let supervisor = WorkerSupervisor(launcher: launcher, folder: folder) { _ in }
                let stage = Stage(root: root, folder: folder, supervisor: supervisor)
                do { try await body(stage) } catch {
                    await supervisor.shutDown()
                    throw error
                }
                await supervisor.shutDown()
            }
        }

        func declaration(_ name: String, _ script: String, config: JSONValue? = nil) throws -> WorkerDeclaration {
            let path = root.appending("\(name)-\(abs(script.hashValue))")
            try "#!/bin/sh\n\(script)\n".write(toFile: path.string, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.string)
            return WorkerDeclaration(name: try WorkerName(parsing: name), content: .executable(path), config: config)
        }

        func status(
            _ name: String,
            when isReached: @escaping @Sendable (WorkerStatus?) -> Bool
        ) async throws -> WorkerStatus {
            try #require(await supervisor.status(of: try WorkerName(parsing: name), when: isReached))
        }

        func output(_ name: String) throws -> String {
            let reader = LogReader(folder: folder.logs(of: try WorkerName(parsing: name)))
            return String(decoding: try reader.last(100, of: .output), as: UTF8.self)
        }
    }

    @Test func aWorkerIsReadyOnceItIsConnected() async throws {
        try await Stage.with { stage in
            await stage.supervisor.apply([try stage.declaration("a", "exec sleep 1000")])
            let booting = try await stage.status("a") { $0?.phase == .booting }
            #expect(kill(try #require(booting.processID), 0) == 0)
            await stage.supervisor.observe("b", isConnected: true)
            #expect(try await stage.supervisor.status(of: booting.name).phase == .booting)
            await stage.supervisor.observe("a", isConnected: true)
            #expect(try await stage.supervisor.status(of: booting.name).phase == .ready)
            await stage.supervisor.observe("a", isConnected: false)
            #expect(try await stage.supervisor.status(of: booting.name).phase == .booting)
        }
    }

    @Test func aWorkerKnowsItsEngineAndConfigurationAndNoSecretOfOurs() async throws {
        try await Stage.with { stage in
            let script = "env | sort; cat \"$2\"; echo end; exec sleep 1000"
            let config: JSONValue = ["top": 3, "deep": ["key": "value"]]
            await stage.supervisor.apply([try stage.declaration("a", script, config: config)])
            _ = try await stage.status("a") { $0?.phase == .booting }
            var output = ""
            while !output.contains("end\n") { output = try stage.output("a") }
            for line in [
                "III_URL=ws://127.0.0.1:4711", "III_ENGINE_URL=ws://127.0.0.1:4711", "III_WORKER_NAME=a", "TOP=3",
                "DEEP_KEY=value", "MINE=kept", "top: 3", "  key: value",
            ] { #expect(output.contains("\(line)\n"), "\(line) in \(output)") }
            #expect(!output.contains("secret"))
            let mode =
                try FileManager.default.attributesOfItem(
                    atPath: stage.folder.config(of: try WorkerName(parsing: "a")).string
                )[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test func aCrashIsToldWithItsLastLinesAndStartedAgain() async throws {
        try await Stage.with { stage in
            await stage.supervisor.apply([try stage.declaration("a", "echo going; echo down >&2; exit 3")])
            let crashed = try await stage.status("a") { $0.map { $0.restarts > 0 } ?? true }
            #expect(crashed.lastEnd == "exited with status 3")
            #expect(Set(crashed.lastLines) == ["going", "down"])
            #expect(crashed.processID == nil)
            let again = try await stage.status("a") { $0.map { $0.restarts > 1 } ?? true }
            #expect(again.phase == .restarting(after: .seconds(1)))
        }
    }

    @Test func aProgramThatCannotRunIsACrash() async throws {
        try await Stage.with { stage in
            let name = try WorkerName(parsing: "a")
            await stage.supervisor.apply([WorkerDeclaration(name: name, content: .executable("/nowhere/a"))])
            let status = try await stage.status("a") { $0?.lastEnd != nil }
            #expect(status.lastEnd?.contains("/nowhere/a") == true)
        }
    }

    @Test func theOldOneIsGoneBeforeTheNewOneStarts() async throws {
        try await Stage.with { stage in
            let lock = stage.root.appending("only-one")
            func script(_ number: Int) -> String {
                "mkdir \(lock) || { echo both at once; exit 9; }; trap 'sleep 0.2; rmdir \(lock); exit 0' TERM; echo up \(number); while :; do sleep 0.01; done"
            }
            await stage.supervisor.apply([try stage.declaration("a", script(1))])
            while try stage.output("a") != "up 1\n" { await Task.yield() }
            await stage.supervisor.apply([try stage.declaration("a", script(2))])
            while try !stage.output("a").contains("up 2\n") { await Task.yield() }
            let status = try await stage.supervisor.status(of: try WorkerName(parsing: "a"))
            #expect(status.restarts == 0)
            #expect(try stage.output("a") == "up 1\nup 2\n")
        }
    }

    @Test func whatDidNotChangeKeepsItsProcess() async throws {
        try await Stage.with { stage in
            let kept = try stage.declaration("kept", "exec sleep 1000")
            await stage.supervisor.apply([kept, try stage.declaration("gone", "exec sleep 1000")])
            let first = try await stage.status("kept") { $0?.isRunning == true }
            let gone = try await stage.status("gone") { $0?.isRunning == true }
            await stage.supervisor.apply([kept])
            #expect(try await stage.supervisor.status(of: kept.name).processID == first.processID)
            let processID = try #require(gone.processID)
            while kill(processID, 0) == 0 { await Task.yield() }
            await #expect(throws: SupervisorError.self) { _ = try await stage.supervisor.status(of: gone.name) }
        }
    }

    @Test func stopHoldsUntilStart() async throws {
        try await Stage.with { stage in
            let worker = try stage.declaration("a", "exec sleep 1000")
            await stage.supervisor.apply([worker])
            let first = try await stage.status("a") { $0?.isRunning == true }
            await #expect(throws: SupervisorError.self) { try await stage.supervisor.start(worker.name) }
            #expect(try await stage.supervisor.stop(worker.name))
            #expect(kill(try #require(first.processID), 0) != 0)
            #expect(try await stage.supervisor.status(of: worker.name).phase == .stopped)
            await stage.supervisor.apply([worker])
            #expect(try await stage.supervisor.status(of: worker.name).phase == .stopped)
            #expect(try await stage.supervisor.stop(worker.name) == false)
            try await stage.supervisor.start(worker.name)
            let second = try await stage.status("a") { $0?.isRunning == true }
            #expect(second.processID != first.processID)
        }
    }

    @Test func shutDownLeavesNothing() async throws {
        var processes: [Int32] = []
        try await Stage.with { stage in
            let names = ["a", "b", "c"]
            await stage.supervisor.apply(try names.map { try stage.declaration($0, "sleep 1000 & echo $!; wait") })
            for name in names {
                processes.append(try #require(try await stage.status(name) { $0?.isRunning == true }.processID))
            }
        }
        for process in processes { #expect(kill(process, 0) != 0) }
    }

    @Test func aBundleWaitsWhereThereIsNoSandboxAndSaysWhy() async throws {
        try await Stage.with { stage in
            let tree = stage.root.appending("tree")
            try FileManager.default.createDirectory(atPath: tree.string, withIntermediateDirectories: true)
            try "name: b\nscripts:\n  start: python -m b\n".write(
                toFile: tree.appending("iii.worker.yaml").string,
                atomically: true,
                encoding: .utf8
            )
            let name = try WorkerName(parsing: "b")
            await stage.supervisor.apply([WorkerDeclaration(name: name, content: .bundle(tree))])
            let status = try await stage.status("b") { $0?.isSettledForTests == true }
            guard case .waiting(let reason, _) = status.phase else {
                Issue.record("\(status.phase)")
                return
            }
            #expect(reason.contains("sandbox"))
            #expect(status.processID == nil)
        }
    }
}

extension WorkerStatus {
    fileprivate var isSettledForTests: Bool { if case .waiting = phase { true } else { false } }
}
