// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import GuestChannel
import HostSystem
import Sandboxing
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// What the command line is told by an engine that starts nothing.
@Suite(.timeLimit(.minutes(20))) struct ExecConversationTests {
    private struct Silent: SandboxOutput {
        func receive(_ bytes: [UInt8], from stream: OutputStreamName) async {}
    }

    private func withServer(
        at path: FilePath,
        refusingWith error: any Error & Sendable,
        _ body: @escaping @Sendable (ExecClient) async throws -> Void
    ) async throws {
        let server = ExecServer(path: path) { _, _ in throw error }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask {
                let client = ExecClient(path: path)
                // Until it listens, nobody is there.
                while try await refusal(client, typing: 0) == .noEngine { await Task.yield() }
                try await body(client)
            }
            _ = try await group.next()
            group.cancelAll()
        }
    }

    /// The answer to a command of somebody who has typed so many bytes, and more is on the way.
    private func refusal(_ client: ExecClient, typing count: Int) async throws -> ExecError? {
        let (input, typed) = AsyncStream.makeStream(of: ExecClient.Input.self)
        if count > 0 { typed.yield(.bytes(Array(repeating: 0x61, count: count))) }
        typed.yield(.end)
        return await #expect(throws: ExecError.self) {
            let question = ExecQuestion(
                worker: try WorkerName(parsing: "nobody"),
                request: ExecRequest(command: ["true"])
            )
            _ = try await client.run(question, input: input, output: Silent())
        }
    }

    @Test(arguments: [0, 1, 60_000, 4_000_000]) func aRefusalArrivesWhateverIsTypedMeanwhile(count: Int) async throws {
        try await withTemporaryDirectory { folder in
            let error = ExecRefused(name: "nobody")
            try await withServer(at: folder.appending("exec.sock"), refusingWith: error) { client in
                for _ in 0..<100 {
                    let answer = try await refusal(client, typing: count)
                    #expect(answer == .refused(.notInstalled, "`nobody` is not listed", status: nil))
                }
            }
        }
    }

    @Test func aSocketIsReachedHoweverLongItsPathIs() async throws {
        try await withTemporaryDirectory { folder in
            let deep = folder.appending(String(repeating: "long", count: 40)).appending(
                String(repeating: "x", count: 200)
            )
            try HostFiles.makeDirectory(deep, mode: 0o700)
            let path = deep.appending("exec.sock")
            try await withServer(at: path, refusingWith: ExecRefused(name: "nobody")) { client in
                let kind = try HostFiles.kind(of: path)
                #expect(kind == .other)
                let answer = try await refusal(client, typing: 0)
                #expect(answer?.code == .notInstalled)
            }
            // An ended engine leaves its socket there; the next one takes its place.
            try await withServer(at: path, refusingWith: ExecRefused(name: "nobody")) { client in
                let answer = try await refusal(client, typing: 0)
                #expect(answer?.code == .notInstalled)
            }
        }
    }

    @Test(arguments: [127, 126]) func theStatusOfAShellIsToldOfAProgramThatCannotBeExecuted(status: Int32) async throws
    {
        try await withTemporaryDirectory { folder in
            let error = SandboxError.notExecuted(command: "true", detail: "it is no program", status: status)
            try await withServer(at: folder.appending("exec.sock"), refusingWith: error) { client in
                let answer = try await refusal(client, typing: 0)
                #expect(answer?.status == status)
                #expect(answer?.message == error.message)
            }
        }
    }

    @Test(arguments: [
        ("no such thing", GuestFailure(text: "no such thing")),
        ("execute: x\0\u{7F}", GuestFailure(text: "execute: x", status: 127)),
        ("execute: x\0\u{7E}", GuestFailure(text: "execute: x", status: 126)),
        ("execute: x\0", GuestFailure(text: "execute: x")),
        ("execute: x\0\u{1}", GuestFailure(text: "execute: x")),
        ("", GuestFailure(text: "")),
    ])
    func aFailureIsWordsAndTheStatusOfAShell(payload: String, failure: GuestFailure) {
        #expect(GuestFailure(payload: Array(payload.utf8)) == failure)
    }

    private struct ExecRefused: CodedError {
        let name: String
        var code: ErrorCode { .notInstalled }
        var message: String { "`\(name)` is not listed" }
    }
}
