// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing

@testable import OCIImages

/// Programs that keep accounts, as Docker's command line asks them.
@Suite(.timeLimit(.minutes(5))) struct CredentialHelperTests {
    private static func ask(
        _ script: String?,
        named name: String = "box",
        at server: String = "ghcr.io"
    ) async throws -> (user: String, password: String)? {
        try await withTemporaryDirectory { folder in
            if let script {
                // Written by another process: children that start meanwhile must not have it open.
                let write = "cat > $0 <<'END'\n#!/bin/sh\n\(script)\nEND\nchmod 755 $0"
                try Shell.run(write.replacing("$0", with: "docker-credential-box"), in: folder)
            }
            let environment = HostEnvironment(
                variables: ["PATH": "\(folder):/usr/bin:/bin"],
                currentDirectory: folder
            )
            return try await CredentialHelper(name, environment).account(at: server)
                .map { ($0.user, $0.password.exposed) }
        }
    }

    @Test func answersWithTheAccountAtTheServerThatItReads() async throws {
        let script = #"test "$1" = get; printf '{"ServerURL":"x","Username":"u","Secret":"%s"}' "$(cat)""#
        let account = try #require(try await Self.ask(script))
        #expect(account == ("u", "ghcr.io"))
    }

    @Test(arguments: [
        "echo 'credentials not found in native keychain'; exit 1", #"echo '{"Username":"","Secret":""}'"#,
    ])
    func mayKeepNone(_ script: String) async throws {
        #expect(try await Self.ask(script) == nil)
    }

    @Test(arguments: [
        (nil, "no such program"), ("exit 3", "exited with status 3"), ("echo 'locked, sorry'; exit 1", "locked, sorry"),
        ("echo '{}'", "cannot be read"), ("head -c 100000 /dev/zero", "cannot be read"),
        (#"echo '{"Username":"<token>","Secret":"t"}'"#, "a token"), ("kill -9 $$", "signal 9"),
    ])
    func saysWhyItGivesNone(_ script: String?, _ words: String) async {
        let error = await #expect(throws: CredentialHelperFailed.self) { try await Self.ask(script) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.code == .imagePull)
    }

    @Test(arguments: ["", "../box", "a/b", "b ox"]) func isNamedByOnePlainWord(_ name: String) async {
        await #expect(throws: CredentialHelperFailed.self) { try await Self.ask("echo '{}'", named: name) }
    }
}
