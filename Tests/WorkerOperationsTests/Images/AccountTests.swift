// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import OCIImages
import SystemPackage
import TestSupport
import Testing

@testable import WorkerOperations

/// Registries that want to know who pulls: the registry of the distribution project, which checks what it is told.
@Suite(.timeLimit(.minutes(10))) struct AccountTests {
    private static let image = "echo hello > $R/word; layer"

    private static func puller(_ folder: FilePath, _ home: String, _ password: String?, at host: String) -> Puller {
        let account = password.map { ImageCredentials.none.adding("u", Redacted($0), at: host) } ?? .none
        return Puller(home: folder.appending(home), account: account)
    }

    private static func expectRefusal(_ puller: Puller, _ reference: String) async {
        let error = await #expect(throws: OCIImageError.self) { try await puller.pull(reference) }
        #expect(error?.code == .imagePull && error?.message.contains("does not let us read") == true)
        #expect(error?.hints.first?.contains("docker login") == true)
    }

    @Test func aPasswordIsSentWhereBasicIsAskedFor() async throws {
        try await withTemporaryDirectory { folder in
            // `p`, as bcrypt has it.
            try Shell.run(
                "echo 'u:$2b$04$oSJuUKHS8TXtQy.BFBPUOeWlCazgIX0fVwhuEr9laMZREwFozQUaS' > accounts",
                in: folder
            )
            let authorization = "{htpasswd: {realm: images, path: \(folder.appending("accounts"))}}"
            try await DockerRegistry.run(in: folder, authorization: authorization) { host in
                try MadeImage.push(Self.image, to: host, as: "t/one", in: folder, options: "--dest-creds u:p")
                await Self.expectRefusal(Self.puller(folder, "a", nil, at: host), "\(host)/t/one:1")
                await Self.expectRefusal(Self.puller(folder, "b", "wrong", at: host), "\(host)/t/one:1")
                let root = try await Self.puller(folder, "c", "p", at: host).pull("\(host)/t/one:1")
                #expect(try Shell.run("cat word", in: root) == "hello\n")
            }
        }
    }

    @Test func aTokenIsFetchedFromTheServerThatTheRegistryNames() async throws {
        try await withTemporaryDirectory { folder in
            try await TokenServer.run(in: folder) { host in
                for name in ["public/one", "private/one"] {
                    try MadeImage.push(Self.image, to: host, as: name, in: folder, options: "--dest-creds u:p")
                }
                let root = try await Self.puller(folder, "a", nil, at: host).pull("\(host)/public/one:1")
                #expect(try Shell.run("cat word", in: root) == "hello\n")
                await Self.expectRefusal(Self.puller(folder, "b", nil, at: host), "\(host)/private/one:1")
                await Self.expectRefusal(Self.puller(folder, "c", "wrong", at: host), "\(host)/private/one:1")
                try await Self.puller(folder, "d", "p", at: host).pull("\(host)/private/one:1")
            }
        }
    }
}
