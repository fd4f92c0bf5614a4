// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import Testing
import WorkerModel

@Suite struct PublishRequestTests {
    static let hash = String(repeating: "ab", count: 32)

    static let binary = """
        {"worker_name":"smoke","version":"1.2.3","type":"binary","readme":"# Smoke\\n","repo":"https://github.com/acme/w",
         "description":"Smoke","license":"Apache-2.0","tags":["test"],
         "dependencies":[{"name":"configuration","version":"^1.0.0"},{"name":"b","version":""},
                         {"name":"c","version":"latest"}],
         "config":{"mode":"safe"},
         "functions":[{"name":"smoke::run","description":"","request_schema":{"type":"object"},"metadata":{"x":1.50}}],
         "triggers":[],"experimental":false,
         "binaries":{"x86_64-unknown-linux-gnu":{"url":"https://e.org/smoke.tar.gz","sha256":"\(hash)"},
                     "aarch64-apple-darwin":{"sha256":"\(hash)"}}}
        """

    @Test func readsAndWritesTheDocumentedExample() throws {
        let json = try JSONValue(parsing: Self.binary)
        let request = try PublishRequest(json: json)
        #expect(request.json.isEquivalent(to: json))
        #expect(request.functions.first?["metadata"]?.text() == #"{"x":1.50}"#)
        #expect(request.artifacts.hostedDigests.count == 1)
        #expect(request.channel == nil)
    }

    @Test(arguments: [
        #"{"worker_name":"a","version":"1.0.0","type":"engine"}"#,
        #"{"worker_name":"a","version":"1.0.0-rc.1","type":"engine","tag":"next","dependencies":[],"config":null}"#,
        #"{"worker_name":"a","version":"1.0.0","type":"image","image_tag":"ghcr.io/a/b:1"}"#,
        #"{"worker_name":"a","version":"1.0.0","type":"bundle","sha256":"\#(hash)","experimental":true}"#,
        #"{"worker_name":"a","version":"1.0.0","type":"bundle","sha256":"\#(hash)","archive_url":"HTTPS://e.org/a"}"#,
    ])
    func acceptsEveryKindWithItsFewestFields(_ text: String) throws {
        let request = try PublishRequest(json: try JSONValue(parsing: text))
        #expect(try PublishRequest(json: request.json) == request)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let change: (key: String, value: JSONValue?)
        let path: String
        var testDescription: String { "\(change.key): \(change.value?.text() ?? "nothing")" }

        init(_ key: String, _ value: JSONValue?, at path: String) {
            change = (key, value)
            self.path = path
        }
    }

    static let entry: JSONValue = ["url": "https://e.org/x", "sha256": .string(hash)]
    static let refusals = [
        Refusal("worker_name", nil, at: "$.worker_name"),
        Refusal("worker_name", "Smoke", at: "$.worker_name"),
        Refusal("worker_name", .string(String(repeating: "a", count: 65)), at: "$.worker_name"),
        Refusal("version", "1.2", at: "$.version"),
        Refusal("version", "1.2.3+build", at: "$.version"),
        Refusal("type", "executable", at: "$.type"),
        Refusal("tag", "v1", at: "$.tag"),
        Refusal("tag", "1.2.3", at: "$.tag"),
        Refusal("readme", 1, at: "$.readme"),
        Refusal("tags", ["a", 1], at: "$.tags[1]"),
        Refusal("experimental", "yes", at: "$.experimental"),
        Refusal("config", [], at: "$.config"),
        Refusal("channel", "latest", at: "$.channel"),
        Refusal("package_descriptor", [:], at: "$.package_descriptor"),
        Refusal("sha256", .string(hash), at: "$.sha256"),
        Refusal("functions", [["description": ""]], at: "$.functions[0].name"),
        Refusal("functions", [["name": ""]], at: "$.functions[0].name"),
        Refusal("triggers", ["tick"], at: "$.triggers[0]"),
        Refusal("dependencies", [["name": "a"]], at: "$.dependencies[0].version"),
        Refusal("dependencies", [["name": "a", "version": "^^1"]], at: "$.dependencies[0].version"),
        Refusal("dependencies", [["name": "a", "version": "1.x", "x": 1]], at: "$.dependencies[0].x"),
        Refusal(
            "dependencies",
            [["name": "a", "version": "1.x"], ["name": "a", "version": "2.x"]],
            at: "$.dependencies[1].name"
        ),
        Refusal(
            "dependencies",
            .array(Array(repeating: ["name": "a", "version": ""], count: PublishRequest.maximumEntries + 1)),
            at: "$.dependencies"
        ),
        Refusal("binaries", nil, at: "$.binaries"),
        Refusal("binaries", [:], at: "$.binaries"),
        Refusal("binaries", ["linux": entry], at: "$.binaries.linux"),
        Refusal("binaries", ["x-y": ["url": "https://e.org/x"]], at: "$.binaries.x-y.sha256"),
        Refusal("binaries", ["x-y": "https://e.org/x"], at: "$.binaries.x-y"),
        Refusal("binaries", ["x-y": ["url": "https://e.org/x", "sha256": "zz"]], at: "$.binaries.x-y.sha256"),
        Refusal(
            "binaries",
            ["x-y": ["url": "http://e.org/x", "sha256": .string(hash)]],
            at: "$.binaries.x-y.url"
        ),
        Refusal(
            "binaries",
            ["x-y": ["url": "https://me:secret@e.org/x", "sha256": .string(hash)]],
            at: "$.binaries.x-y.url"
        ),
        Refusal("binaries", ["x-y": ["url": "https:///x", "sha256": .string(hash)]], at: "$.binaries.x-y.url"),
        Refusal("binaries", ["x-y": ["url": "https://e.org/ x", "sha256": .string(hash)]], at: "$.binaries.x-y.url"),
    ]

    @Test(arguments: refusals) func refusesWithThePlace(_ refusal: Refusal) throws {
        var json = try JSONValue(parsing: Self.binary)
        guard case .object(var object) = json else { return }
        object[refusal.change.key] = refusal.change.value
        json = .object(object)
        let error = #expect(throws: PublishRequestError.self) { try PublishRequest(json: json) }
        #expect(error?.problems.map(\.path) == [refusal.path])
    }

    @Test func reportsAllProblemsAtOnce() throws {
        let json = try JSONValue(
            parsing: #"{"worker_name":"A","version":"x","type":"bundle","tags":1,"extra":2,"archive_url":"ftp://x"}"#
        )
        let error = #expect(throws: PublishRequestError.self) { try PublishRequest(json: json) }
        #expect(
            error?.problems.map(\.path)
                == ["$.worker_name", "$.version", "$.extra", "$.sha256", "$.archive_url", "$.tags"]
        )
        #expect(error?.message.hasSuffix("(and 5 more)") == true)
    }

    @Test(arguments: [JSONValue.null, [], "text", 1])
    func whatIsNoObjectIsOneProblem(_ json: JSONValue) {
        let error = #expect(throws: PublishRequestError.self) { try PublishRequest(json: json) }
        #expect(error?.problems.map(\.path) == ["$"])
    }
}
