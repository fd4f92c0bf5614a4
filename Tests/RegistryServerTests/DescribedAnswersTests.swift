// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Foundation
import HummingbirdTesting
import JSONText
import RegistryService
import RegistryStorage
import TestSupport
import Testing

@testable import RegistryServer

/// The description is the contract: what it allows is taken, what it does not is refused, and every answer is one that it
/// describes.
struct DescribedAnswersTests {
    @Test func requestsMadeOfTheDescriptionAreAnsweredAsItSays() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.live { server in
                try await server.publish(Requests.binary("0"))
                try await server.publish(Requests.engine("a", needs: [("0", "^1")]))
                _ = try await server.upload([0x1F, 0x8B, 8, 0])
                let admin = try await fixture.service.keys.create(
                    for: try AccountName(parsing: "admin"),
                    scopes: [.admin]
                )
                .text.exposed
                let url = "http://127.0.0.1:\(try #require(server.client.port))"
                let outcome = try await Self.run(url, admin)
                #expect(outcome.status == 0, "\(outcome.text.suffix(8000))")
                #expect(outcome.text.contains("No issues found"), "\(outcome.text.suffix(2000))")
            }
        }
    }

    private static func run(_ url: String, _ key: String) async throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../scripts/schemathesis").standardizedFileURL
        // The whole campaign takes minutes, and is for whoever changes the interface.
        process.arguments = [url, key, "--phases", "fuzzing", "--max-examples", "4"]
        let (output, (ended, end)) = (Pipe(), AsyncStream<Void>.makeStream())
        (process.standardOutput, process.standardError) = (output, output)
        process.terminationHandler = { _ in end.finish() }
        try process.run()
        let text = try await Task { @concurrent in try output.fileHandleForReading.readToEnd() ?? Data() }.value
        for await _ in ended {}
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }
}
