// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import Subprocess
import SystemPackage
import TestSupport
import Testing

@testable import Engine

/// Workers that bring an older generation of the published SDK find the engine that they always found.
@Suite(.timeLimit(.minutes(20))) struct PythonGenerationTests {
    /// With whether it reads messages of more than 1 MiB.
    @Test(arguments: [
        ("0.24.6", true), ("0.24.4", false), ("0.23.0", false), ("0.22.1", false), ("0.21.8", false), ("0.20.0", false),
    ])
    func worksAsItAlwaysDid(version: String, readsLarge: Bool) async throws {
        let folder = try PythonSDK.folder(of: version)
        let interpreter = try PythonSDK.interpreter.get()
        let text = try await withEngine { address in
            try await withTemporaryDirectory { home in
                let result = try await Subprocess.run(
                    .path(.init(interpreter)),
                    arguments: ["-u", Golden.fixture("generation.py").path, address.url],
                    environment: .inherit.updating([
                        "PYTHONPATH": folder, "HOME": home.string, "OTEL_ENABLED": "false",
                    ]),
                    output: .string(limit: 1 << 20),
                    error: .string(limit: 1 << 20)
                )
                try #require(!result.standardOutput.isEmpty, "\(result)")
                return result.standardOutput
            }
        }
        let answers = try JSONValue(parsing: text)
        #expect(answers["add"] == 5 && answers["after"] == 7 && answers["end"] == 11, "\(text)")
        #expect(answers["boom"]?["code"] == "invocation_failed")
        // It is told what it cannot read, in place of a connection that breaks.
        let tooLarge: JSONValue = ["code": "payload_too_large"]
        #expect(answers["sent"] == (readsLarge ? 2_097_152 : tooLarge), "\(text)")
        #expect(answers["got"] == (readsLarge ? 2_097_152 : 1), "\(text)")
    }
}
