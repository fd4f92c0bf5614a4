// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HostSystem
import SystemPackage
import TestSupport
import Testing
import WorkerModel

@testable import WorkerOperations

@Suite struct CredentialsTests {
    @Test func keepsWhatWasStoredForItsOwnerAlone() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("home/credentials")
            #expect(try Credentials(reading: path).logins.isEmpty)
            try await Credentials.change(path) { credentials in
                credentials.logins["https://a"] = .init(account: "acme", secret: Redacted("iii_one"))
                credentials.logins["https://b"] = .init(account: nil, secret: Redacted("two\"\\\n"))
                credentials.registry = "https://a"
            }
            try await Credentials.change(path) { $0.logins["https://c"] = .init(account: "x", secret: Redacted("3")) }
            try await Credentials.change(path) { $0.logins["https://c"] = nil }
            let read = try Credentials(reading: path)
            #expect(read.logins.keys.sorted() == ["https://a", "https://b"] && read.registry == "https://a")
            #expect(read.logins["https://a"]?.account == "acme" && read.logins["https://b"]?.account == nil)
            #expect(read.logins["https://b"]?.secret.exposed == "two\"\\\n")
            #expect(try HostFiles.mode(of: path) == 0o600)
            #expect(try HostFiles.mode(of: folder.appending("home")) == 0o700)
            #expect(!"\(read)".contains("iii_one"))
        }
    }

    @Test func changesAtOnceAreAllKept() async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("credentials")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try await Credentials.change(path) { credentials in
                            credentials.logins["https://\(number)"] = .init(account: nil, secret: Redacted("k"))
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try Credentials(reading: path).logins.count == 20)
        }
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"version":2}"#, #"{"version":1,"logins":[]}"#, #"{"version":1,"logins":{"a":{}}}"#,
        #"{"version":1,"registry":3}"#,
    ])
    func aFileThatMakesNoSenseIsLeftAlone(_ text: String) async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("credentials")
            try HostFiles.write(Array(text.utf8), to: path, mode: 0o600)
            let error = await #expect(throws: CredentialsError.self) { try await Credentials.change(path) { _ in } }
            #expect(error?.code == .unauthorized && error?.message.contains(path.string) == true)
            #expect(try HostFiles.read(path, upTo: .kibibytes(1)) == Array(text.utf8))
        }
    }

    @Test func aFileThatOthersCanReadIsNotUsed() throws {
        try withTemporaryDirectory { folder in
            let path = folder.appending("credentials")
            try HostFiles.write(Array(#"{"version":1}"#.utf8), to: path, mode: 0o640)
            #expect(throws: CredentialsError.self) { try Credentials(reading: path) }
        }
    }
}
