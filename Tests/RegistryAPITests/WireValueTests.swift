// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import Testing
import WorkerModel

/// The documented examples of every answer, read and written again without a difference.
@Suite struct WireRoundTripTests {
    static let hash = String(repeating: "ab", count: 32)

    static let graph = """
        {"root":{"name":"hello-worker","version":"1.0.0"},"target":"aarch64-apple-darwin",
         "graph":[{"name":"helper","type":"binary","version":"1.0.0","repo":"https://example.com","config":{},
                   "binaries":{"aarch64-apple-darwin":{"sha256":"\(hash)","url":"https://example.com/h"}},"dependencies":{}},
                  {"name":"hermes","type":"image","version":"0.3.0","repo":"","config":{"a":[1]},"dependencies":{},
                   "image":"ghcr.io/acme/hermes@sha256:\(hash)"},
                  {"name":"iii-state","type":"engine","version":"0.21.6","repo":"","config":{},"dependencies":{}},
                  {"name":"hello-worker","type":"bundle","version":"1.0.0","repo":"","config":{},
                   "archive_url":"https://example.com/pi.tar.gz?sig=1","sha256":"\(hash)",
                   "dependencies":{"helper":"^1.0.0","hermes":"latest","iii-state":""},"calls":["shell::run","a::*"]}],
         "edges":[{"from":"hello-worker","to":"helper","range":"^1.0.0"}]}
        """

    static let downloads = [
        """
        {"name":"image-resize","type":"binary","version":"0.1.2","config":{"w":1},
         "binaries":{"aarch64-apple-darwin":{"sha256":"\(hash)","url":"https://example.com"}}}
        """,
        #"{"type":"bundle","name":"my-worker","version":"1.2.0","archive_url":"https://e.org/x","sha256":"\#(hash)"}"#,
        #"{"type":"bundle","name":"b","version":"1.2.0","archive_url":"https://e.org/x","sha256":"\#(hash)","calls":["a::b"]}"#,
        #"{"type":"image","name":"todo","version":"1.2.0","image_url":"docker.io/acme/todo:1"}"#,
        #"{"type":"engine","name":"iii-state","version":"1.2.0"}"#,
    ]

    static let detail = """
        {"worker":{"name":"image-resize","version":"0.1.6","type":"binary","description":"Resize","license":"Apache-2.0",
          "repo":"https://github.com/acme/workers","config":{"width":200},"readme":"# image-resize\\n","tags":["image"],
          "experimental":false,"dependencies":[{"name":"configuration","version":"0.x"}],
          "supported_targets":["aarch64-apple-darwin"],"total_downloads":42,"calls":["shell::run"],
          "author":{"name":"acme","pfp":null,"verified":true},"published_at":"2026-08-01T10:00:00Z",
          "functions":[{"name":"image_resize::run","description":"","request_schema":{"type":"object"},"metadata":{}}],
          "triggers":[{"name":"tick","description":"","invocation_schema":{},"return_schema":{},"metadata":{}}]}}
        """

    static let versions = """
        {"versions":[{"version":"1.3.0","tag":"latest","tags":["next","latest"],
                      "dependencies":[{"name":"x","version":"^1"}],"published_at":"2026-08-01T10:00:00Z"},
                     {"version":"1.4.0-rc.1","tag":null,"tags":[],"dependencies":[],"published_at":"2026-07-01T10:00:00Z"}]}
        """

    static let envelope = """
        {"error":{"code":"version_not_found","message":"no version","fix":"ask for another","available":["0.21.4"],
          "requested":["^99.0.0"],"scope":"version","worker":"state","dependency_path":"a -> state","request_id":"r1",
          "details":[{"path":"$.a","reason":"is odd","code":"W181"}],"identical":false}}
        """

    /// What no `config.yaml` could hold is the registry's fault, found before anything is written.
    @Test func defaultsAreBounded() throws {
        func node(_ config: String) throws -> GraphNode {
            try GraphNode(
                json: JSONValue(parsing: #"{"name":"a","type":"engine","version":"1.0.0","config":\#(config)}"#)
            )
        }
        func list(_ count: Int) -> String { "[" + Array(repeating: "1", count: count).joined(separator: ",") + "]" }
        #expect(try node(list(10_000)).config != .emptyObject)
        let many = #expect(throws: JSONShapeError.self) { try node(#"{"a":{"b":\#(list(10_000))}}"#) }
        #expect(many?.message == "$.config has more than 10000 values")
        let long = #expect(throws: JSONShapeError.self) {
            try node("\"" + String(repeating: "x", count: 300_000) + "\"")
        }
        #expect(long?.path == "$.config")
        let text = #"{"name":"a","type":"engine","version":"1.0.0","config":\#(list(330_000))}"#
        #expect(throws: JSONShapeError.self) { try WorkerDownload(json: JSONValue(parsing: text)) }
    }

    private func expectRoundTrip<Value: WireValue>(_ text: String, as type: Value.Type) throws {
        let json = try JSONValue(parsing: text)
        let value = try Value(json: json)
        #expect(value.json.isEquivalent(to: json), "\(value.json.text())")
        #expect(try Value(json: value.json) == value)
    }

    @Test func graph() throws { try expectRoundTrip(Self.graph, as: ResolvedGraph.self) }
    @Test(arguments: downloads) func download(_ text: String) throws {
        try expectRoundTrip(text, as: WorkerDownload.self)
    }
    @Test func detail() throws { try expectRoundTrip(Self.detail, as: WorkerDetail.self) }
    @Test func versions() throws { try expectRoundTrip(Self.versions, as: VersionList.self) }
    @Test func envelope() throws { try expectRoundTrip(Self.envelope, as: ErrorEnvelope.self) }
    @Test func publishAnswer() throws {
        try expectRoundTrip(
            #"{"worker":{"name":"pi"},"version":{"version":"1.2.3","tag":"latest","published_at":"2026-08-01T10:00:00Z"}}"#,
            as: PublishAnswer.self
        )
    }
    @Test(arguments: [
        #"{"worker":"pi","version":"^0.2","target":"x86_64-unknown-linux-gnu"}"#,
        #"{"worker":"pi","version":"latest"}"#,
    ])
    func resolveRequest(_ text: String) throws { try expectRoundTrip(text, as: ResolveRequest.self) }

    @Test func keepsTheOrderOfDependenciesAndOfTargets() throws {
        let graph = try ResolvedGraph(json: try JSONValue(parsing: Self.graph))
        #expect(graph.nodes[3].dependencies.map(\.name.description) == ["helper", "hermes", "iii-state"])
        #expect(graph.nodes[3].json["dependencies"]?.text() == #"{"helper":"^1.0.0","hermes":"latest","iii-state":""}"#)
    }
}

/// What readers forgive, and how they name what they do not.
@Suite struct WireReadingTests {
    @Test func resolveWithoutVersionMeansLatest() throws {
        #expect(try ResolveRequest(json: ["worker": "pi"]).selector == .latest)
        #expect(try ResolveRequest(json: ["worker": "pi", "version": nil, "other": 1]).selector == .latest)
    }

    @Test func aNodeMayLackWhatInstallingDoesNotNeed() throws {
        let node = try GraphNode(json: ["name": "s", "type": "engine", "version": "1.0.0", "image": nil, "new": [1]])
        #expect(node.repository.isEmpty && node.dependencies.isEmpty && node.config == .emptyObject)
    }

    @Test func publishAnswerNeedsTheVersionOnly() throws {
        let answer = try PublishAnswer(json: ["version": ["version": "1.0.0", "id": 7]])
        #expect(answer.version == SemanticVersion(1, 0, 0) && answer.name == nil && answer.channel == nil)
    }

    @Test func plainTextErrorReadsAsEnvelopeWithoutCode() throws {
        let envelope = try ErrorEnvelope(json: ["error": "Kit not found"])
        #expect(envelope.message == "Kit not found" && envelope.code.isEmpty && envelope.knownCode == nil)
    }

    @Test func identicalIsReadBesideTheErrorToo() throws {
        let envelope = try ErrorEnvelope(
            json: ["error": ["code": "version_exists", "message": "there"], "identical": true]
        )
        #expect(envelope.isIdentical == true && envelope.knownCode == .versionExists)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let node: JSONValue
        let path: String
    }

    static let hash = WireRoundTripTests.hash
    static let refusals = [
        Refusal(testDescription: "not an object", node: [1], path: "$"),
        Refusal(testDescription: "no name", node: ["type": "engine", "version": "1.0.0"], path: "$.name"),
        Refusal(
            testDescription: "name climbs",
            node: ["name": "../x", "type": "engine", "version": "1.0.0"],
            path: "$.name"
        ),
        Refusal(testDescription: "no version", node: ["name": "a", "type": "engine"], path: "$.version"),
        Refusal(
            testDescription: "range as version",
            node: ["name": "a", "type": "engine", "version": "^1"],
            path: "$.version"
        ),
        Refusal(testDescription: "no type", node: ["name": "a", "version": "1.0.0"], path: "$.type"),
        Refusal(
            testDescription: "unknown type",
            node: ["name": "a", "version": "1.0.0", "type": "wasm"],
            path: "$.type"
        ),
        Refusal(testDescription: "number as type", node: ["name": "a", "version": "1.0.0", "type": 1], path: "$.type"),
        Refusal(
            testDescription: "image without reference",
            node: ["name": "a", "version": "1.0.0", "type": "image"],
            path: "$.image"
        ),
        Refusal(
            testDescription: "bundle without digest",
            node: ["name": "a", "version": "1.0.0", "type": "bundle", "archive_url": "https://e.org"],
            path: "$.sha256"
        ),
        Refusal(
            testDescription: "short digest",
            node: ["name": "a", "version": "1.0.0", "type": "bundle", "archive_url": "https://e.org", "sha256": "ab"],
            path: "$.sha256"
        ),
        Refusal(
            testDescription: "target that climbs",
            node: [
                "name": "a", "version": "1.0.0", "type": "binary",
                "binaries": ["../etc": ["url": "https://e.org", "sha256": .string(hash)]],
            ],
            path: "$.binaries.../etc"
        ),
        Refusal(
            testDescription: "dependency that is no name",
            node: ["name": "a", "version": "1.0.0", "type": "engine", "dependencies": ["a/b": "^1"]],
            path: "$.dependencies.a/b"
        ),
        Refusal(
            testDescription: "dependencies as a list",
            node: ["name": "a", "version": "1.0.0", "type": "engine", "dependencies": []],
            path: "$.dependencies"
        ),
    ]

    @Test(arguments: refusals) func namesThePlaceOfWhatDoesNotFit(_ refusal: Refusal) {
        let error = #expect(throws: JSONShapeError.self) { try GraphNode(json: refusal.node) }
        #expect(error?.path == refusal.path)
    }

    @Test func unknownTypeIsNamedWithTheKnownOnes() {
        let error = #expect(throws: JSONShapeError.self) {
            try WorkerDownload(json: ["name": "a", "version": "1.0.0", "type": "wa\u{1B}sm"])
        }
        #expect(error?.message == "$.type is `wasm`, not one of `engine`, `binary`, `image`, `bundle`")
    }

    @Test(arguments: ["null", "[]", "1", #"{"graph":[]}"#, #"{"root":{},"graph":[],"edges":[]}"#, #"{"graph":{}}"#])
    func aGraphOfAnotherShapeIsAnErrorAndNoTrap(_ text: String) throws {
        let json = try JSONValue(parsing: text)
        #expect(throws: JSONShapeError.self) { try ResolvedGraph(json: json) }
        #expect(throws: JSONShapeError.self) { try WorkerDownload(json: json) }
        #expect(throws: JSONShapeError.self) { try WorkerDetail(json: json) }
        #expect(throws: JSONShapeError.self) { try VersionList(json: json) }
        #expect(throws: JSONShapeError.self) { try ErrorEnvelope(json: json) }
        #expect(throws: JSONShapeError.self) { try PublishAnswer(json: json) }
    }
}
