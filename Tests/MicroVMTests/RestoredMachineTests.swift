// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SandboxTestSupport
import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import MicroVM

/// Machines go on where one was saved; each as if it were the first, and where that does not work they boot.
@Suite(.timeLimit(.minutes(20)), .serialized, .enabled(if: MachinesHere.areExpected))
struct RestoredMachineTests {
    private static let script = "cat /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id; cat /workspace/name"

    /// One worker's output, and what the sandbox said of its machine.
    private static func run(
        _ backend: MicroVMBackend,
        _ workspace: SandboxSpecification.Workspace
    ) async throws -> (lines: [Substring], remarks: [String]) {
        let fixture = SandboxFixture(backend: backend, base: try MachineFixture.base)
        let output = CollectedOutput()
        let sandbox = try await backend.start(fixture.specification(script, workspace: workspace), output: output)
        #expect(await sandbox.exit() == .exited(status: 0), "\(output.errors)")
        return (output.output.split(separator: "\n"), output.remarks)
    }

    private static func templates(_ cache: FilePath) throws -> [FilePath] {
        let folder = cache.appending("templates")
        return try HostFiles.entries(of: folder).filter { $0 != "staging" }.map { folder.appending($0) }
    }

    private static func bundles(_ folder: FilePath) throws -> [FilePath] {
        try Shell.run(
            "for n in a b c; do mkdir -p $n; echo $n > $n/name; done; head -c 300000 /dev/urandom > c/more",
            in: folder
        )
        return ["a", "b", "c"].map { folder.appending($0) }
    }

    @Test func eachHasItsOwnBundleAndRandomnessFromOneTemplateThatOutlivesTheProcess() async throws {
        try await withTemporaryDirectory { folder in
            let cache = folder.appending("cache")
            let bundles = try Self.bundles(folder)
            let first = MachineFixture.backend(in: cache)
            var all = try await withThrowingTaskGroup { group in
                for bundle in bundles { group.addTask { try await Self.run(first, .privateLayer(bundle)) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            await first.settle()
            let kept = try #require(try Self.templates(cache).first)
            let identity = HostFiles.identity(of: kept)
            // Another process of the same user finds it.
            all.append(try await Self.run(MachineFixture.backend(in: cache), .privateLayer(bundles[0])))
            #expect(try Self.templates(cache) == [kept])
            #expect(HostFiles.identity(of: kept) == identity)
            #expect(all.flatMap(\.remarks) == [])
            #expect(all.compactMap(\.lines.last).sorted() == ["a", "a", "b", "c"])
            // Two numbers of each machine: eight, and all of them different.
            #expect(Set(all.flatMap { $0.lines.prefix(2) }).count == 8, "\(all)")
        }
    }

    @Test func aDamagedImageOfABundleIsMadeAnew() async throws {
        try await withTemporaryDirectory { folder in
            let cache = folder.appending("cache")
            let backend = MachineFixture.backend(in: cache)
            let fixture = SandboxFixture(backend: backend, base: try MachineFixture.base)
            let bundle = try Self.bundles(folder)[0]
            var specification = try fixture.specification("cat name", workspace: .privateLayer(bundle))
            specification.workspaceDigest = Digest.sha256("a".utf8)
            #expect(try await fixture.run(specification).output == "a\n")
            try Shell.run("printf damaged | dd of=$(ls bundles/*) conv=notrunc 2>&1", in: cache)
            let error = await #expect(throws: SandboxError.self) { try await fixture.run(specification) }
            guard case .notStarted = error else { throw try #require(error) }
            #expect(try await fixture.run(specification).output == "a\n")
        }
    }

    @Test func oneThatCannotBeUsedIsPassedOverAndSaidSo() async throws {
        try await withTemporaryDirectory { folder in
            let cache = folder.appending("cache")
            let bundle = try Self.bundles(folder)[0]
            let maker = MachineFixture.backend(in: cache)
            _ = try await Self.run(maker, .readOnly(bundle))
            await maker.settle()
            let kept = try #require(try Self.templates(cache).first)

            // Damaged: it is made anew, and nobody need know.
            try Shell.run("printf x | dd of='\(kept)' bs=1 seek=200000 conv=notrunc 2>&1", in: "/")
            let again = MachineFixture.backend(in: cache)
            #expect(try await Self.run(again, .readOnly(bundle)).remarks == [])
            await again.settle()

            // Whole, and not the state of any machine: QEMU refuses it.
            let strange = try MachineTemplate(memory: MachineCommand.size(for: .mebibytes(128)))
            try strange.state.write([UInt8](repeating: 0x51, count: 5000), at: 0)
            try await MachineTemplateFile(path: kept).write(
                strange,
                counterKilohertz: HostClock.counterKilohertz,
                staging: folder.appending("staging")
            )
            let last = MachineFixture.backend(in: cache)
            for _ in 0..<2 {
                let ran = try await Self.run(last, .readOnly(bundle))
                #expect(ran.lines.last == "a")
                #expect(ran.remarks.count == 1 && ran.remarks[0].contains("a saved one could not be used"), "\(ran)")
            }
            #expect(try Self.templates(cache) == [])
        }
    }

    @Test func tenAtOnceStartAndAnswer() async throws {
        let fixture = try MachineFixture.make()
        let limits = SandboxLimits(cpus: 1, memory: .mebibytes(64), processes: 32, scratch: .mebibytes(8))
        try await withThrowingTaskGroup { group in
            for number in 0..<10 {
                group.addTask {
                    let output = CollectedOutput()
                    let specification = try fixture.specification("echo ready \(number); sleep 600", limits: limits)
                    let sandbox = try await fixture.backend.start(specification, output: output)
                    await output.wait(for: "ready \(number)\n")
                    return sandbox
                }
            }
            var running: [any RunningSandbox] = []
            for try await sandbox in group { running.append(sandbox) }
            #expect(running.count == 10)
            for sandbox in running { #expect(await sandbox.isResponsive(within: .seconds(120))) }
            for sandbox in running { #expect(await sandbox.stop(grace: .zero) == .signalled(9)) }
        }
    }
}
