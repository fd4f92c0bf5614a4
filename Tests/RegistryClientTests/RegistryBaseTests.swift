// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import RegistryClient
import Testing
import Transport

@Suite struct RegistryBaseTests {
    @Test(
        arguments: [
            (nil, "https://api.workers.iii.dev"),
            ("https://api.workers.iii.dev/", "https://api.workers.iii.dev"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://localhost:8080/", "http://localhost:8080"),
            ("https://e.org/registry/", "https://e.org/registry"),
            ("file:///tmp/answer.json", "file:///tmp/answer.json"),
        ] as [(String?, String)]
    )
    func readsTheVariable(_ text: String?, _ shown: String) throws {
        let base = try RegistryBase(text)
        #expect(base.description == shown)
        #expect((base.url == nil) == shown.hasPrefix("file:"))
    }

    @Test(arguments: [
        "", "api.workers.iii.dev", "ftp://e.org", "https://u:secret@e.org", "https://e.org/?a=secret",
        "file:answer.json", "file://answer.json",
    ])
    func refuses(_ text: String) {
        let error = #expect(throws: RegistryBaseError.self) { try RegistryBase(text) }
        #expect(error?.code == .registry)
        #expect(error?.message.contains("III_API_URL") == true && error?.message.contains("secret") == false)
    }
}
