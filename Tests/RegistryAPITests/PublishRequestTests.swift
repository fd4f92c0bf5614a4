// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import Testing
import WorkerModel

/// What clients send to publish; how the registry reads it is for the tests of the registry.
@Suite struct PublishRequestTests {
    static let hash = String(repeating: "ab", count: 32)

    private static func request(_ artifacts: PublishRequest.Artifacts) throws -> PublishRequest {
        PublishRequest(
            name: try WorkerName(parsing: "smoke"),
            version: try SemanticVersion(parsing: "1.2.3"),
            artifacts: artifacts
        )
    }

    @Test func writesTheDocumentedExample() throws {
        let digest = try Digest(parsing: Self.hash)
        var request = try Self.request(
            .binaries([
                try TargetTriple(parsing: "x86_64-unknown-linux-gnu"): .init(
                    url: "https://e.org/smoke.tar.gz",
                    digest: digest
                ),
                try TargetTriple(parsing: "aarch64-apple-darwin"): .init(digest: digest),
            ])
        )
        request.readme = "# Smoke\n"
        request.repository = "https://github.com/acme/w"
        request.description = "Smoke"
        request.license = "Apache-2.0"
        request.tags = ["test"]
        request.dependencies = [
            WorkerDependency(name: try WorkerName(parsing: "configuration"), selector: "^1.0.0")
        ]
        request.config = ["mode": "safe"]
        request.functions = [try JSONValue(parsing: #"{"name":"smoke::run","metadata":{"x":1.50}}"#)]
        request.channel = .latest
        let expected = try JSONValue(
            parsing: """
                {"worker_name":"smoke","version":"1.2.3","type":"binary","tag":"latest","readme":"# Smoke\\n",
                 "repo":"https://github.com/acme/w","description":"Smoke","license":"Apache-2.0","tags":["test"],
                 "dependencies":[{"name":"configuration","version":"^1.0.0"}],"config":{"mode":"safe"},
                 "functions":[{"name":"smoke::run","metadata":{"x":1.50}}],"triggers":[],"experimental":false,
                 "binaries":{"x86_64-unknown-linux-gnu":{"url":"https://e.org/smoke.tar.gz","sha256":"\(Self.hash)"},
                             "aarch64-apple-darwin":{"sha256":"\(Self.hash)"}}}
                """
        )
        #expect(request.json.isEquivalent(to: expected))
        #expect(request.json["functions"]?.text().contains("1.50") == true)
    }

    @Test func eachKindHasItsOwnKeys() throws {
        let digest = try Digest(parsing: Self.hash)
        for (artifacts, keys) in [
            (.engine, []), (.image("ghcr.io/a/b:1"), ["image_tag"]), (.bundle(.init(digest: digest)), ["sha256"]),
            (.bundle(.init(url: "https://e.org/a", digest: digest)), ["archive_url", "sha256"]),
        ] as [(PublishRequest.Artifacts, Set<String>)] {
            guard case .object(let object) = try Self.request(artifacts).json else { continue }
            let all: Set<String> = ["image_tag", "sha256", "archive_url", "binaries", "tag"]
            #expect(Set(object.keys).intersection(all) == keys)
        }
    }
}
