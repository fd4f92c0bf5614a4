// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import GuestChannel
import HostSystem
import Namespaces
import SandboxTestSupport
import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// Commands beside a worker, over the socket of the engine's process.
@Suite(.timeLimit(.minutes(20)))
struct ExecTests {
    private func withServer(
        _ body: @escaping @Sendable (ExecClient, any RunningSandbox) async throws -> Void
    ) async throws {
        let sandbox = try await Here.backend.start(
            Here.fixture.specification("echo ready; sleep 600"),
            output: CollectedOutput()
        )
        let path = FilePath("/tmp/iii-exec-\(UInt32.random(in: 0...UInt32.max)).sock")
        let server = ExecServer(path: path) { question, output in
            guard question.worker.description == "contract" else { throw SandboxError.ended }
            return try await sandbox.execute(question.request, output: output)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask {
                // The socket appears when the server listens.
                while try HostFiles.kind(of: path) == nil { await Task.yield() }
                try await body(ExecClient(path: path), sandbox)
            }
            _ = try await group.next()
            group.cancelAll()
        }
        await sandbox.stop(grace: .zero)
        _ = try? Shell.run("rm -f \(path)", in: "/")
    }

    private func question(_ worker: String, _ script: String, _ terminal: TerminalSize? = nil) throws -> ExecQuestion {
        ExecQuestion(
            worker: try WorkerName(parsing: worker),
            request: ExecRequest(
                command: ["/bin/sh", "-c", script],
                environment: ["GREETING": "a=b"],
                directory: "/tmp",
                terminal: terminal
            )
        )
    }

    @Test func passesInputOutputAndStatus() async throws {
        try await withServer { client, _ in
            let (input, typing) = AsyncStream.makeStream(of: ExecClient.Input.self)
            typing.yield(.bytes(Array(repeating: 0x61, count: 300_000)))
            typing.yield(.end)
            let output = CollectedOutput()
            let question = try question("contract", "wc -c; pwd; echo $GREETING >&2; exit 9")
            #expect(try await client.run(question, input: input, output: output) == 9)
            #expect(output.output == "300000\n/tmp\n")
            #expect(output.errors == "a=b\n")
        }
    }

    @Test func givesATerminalThatSignalsGoThrough() async throws {
        try await withServer { client, _ in
            let (input, typing) = AsyncStream.makeStream(of: ExecClient.Input.self)
            let output = CollectedOutput()
            let question = try question("contract", "stty size; sleep 600", TerminalSize(rows: 3, columns: 4))
            async let status = client.run(question, input: input, output: output)
            await output.wait(for: "3 4")
            typing.yield(.bytes([3]))
            #expect(try await status == 130)
        }
    }

    @Test func endsTheCommandOfOneWhoIsGone() async throws {
        try await withServer { client, sandbox in
            let output = CollectedOutput()
            let question = try question("contract", "echo begun; sleep 71239")
            let asking = Task {
                try await client.run(question, input: AsyncStream { _ in }, output: output)
            }
            await output.wait(for: "begun")
            asking.cancel()
            _ = try? await asking.value
            let probe = ExecRequest(command: [
                "/bin/sh", "-c", "while ps -eo args | grep -q '^sleep 7123[9]'; do sleep 0.05; done",
            ])
            #expect(await (try sandbox.execute(probe, output: CollectedOutput())).exit() == .exited(status: 0))
        }
    }

    @Test func saysWhyItCannot() async throws {
        try await withServer { client, _ in
            let error = await #expect(throws: ExecError.self) {
                _ = try await client.run(
                    try question("another", "true"),
                    input: AsyncStream { _ in },
                    output: CollectedOutput()
                )
            }
            #expect(error?.code == .sandboxFailed)
        }
        let absent = await #expect(throws: ExecError.self) {
            _ = try await ExecClient(path: "/tmp/no-such.sock").run(
                try question("contract", "true"),
                input: AsyncStream { _ in },
                output: CollectedOutput()
            )
        }
        #expect(absent == .noEngine)
    }

    @Test(arguments: [
        "", "Wcontract\0", "ax\0", "W..\0ax\0", "Wcontract\0ax\0yrows\0", "Wcontract\0ax\0enovalue\0", "Zx\0",
    ])
    func refusesWhatIsNoQuestion(payload: String) {
        #expect(ExecQuestion(payload: Array(payload.utf8)) == nil)
    }
}
