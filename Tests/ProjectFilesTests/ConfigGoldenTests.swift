// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import TestSupport
import Testing
import WorkerModel

@testable import ProjectFiles

/// Edits of configurations as people write them: each `.in` has a `.golden` that differs in no line but those it must.
struct ConfigGoldenTests {
    /// An edit of a fixture.
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String { golden }
        var input: String
        var golden: String
        var edit: @Sendable (ConfigFile) throws -> ConfigFile

        init(_ input: String, _ golden: String, _ edit: @escaping @Sendable (ConfigFile) throws -> ConfigFile) {
            (self.input, self.golden, self.edit) = (input, golden, edit)
        }
    }

    static let rows: [Row] = adding + removing + changing

    private static let adding = [
        Row("starter", "starter-add") {
            try $0.adding(name("resize"), config: ["quality": 80, "formats": ["png", "on"]])
        },
        Row("busy", "busy-add") { try $0.adding(name("resize"), .image("docker.io/x/resize:1")) },
        Row("column0", "column0-add") {
            try $0.adding(name("resize"), config: ["deep": ["deeper": ["list": [1, ["a": 2]]]]])
        },
        Row("wide", "wide-add") { try $0.adding(name("resize"), config: ["deep": ["deeper": 1]]) },
        Row("crlf", "crlf-add") { try $0.adding(name("resize"), config: ["a": "ä", "b": "one\ntwo"]) },
        Row("flow", "flow-add") { try $0.adding(name("resize"), .path("/srv/a, b"), config: ["a": "x: y"]) },
        Row("flowroot", "flowroot-add") { try $0.adding(name("resize")) },
        Row("anchors", "anchors-add") { try $0.adding(name("resize")) },
        Row("nokey", "nokey-add") { try $0.adding(name("resize"), config: ["a": 1]).adding(name("crop")) },
        Row("comments", "comments-add") { try $0.adding(name("resize")) },
        Row("unended", "unended-add") { try $0.adding(name("resize"), config: ["a": 1]) },
        Row("endmarker", "endmarker-add") { try $0.adding(name("resize")) },
        Row("modules", "modules-add") { try $0.adding(name("resize")) },
        Row("keep", "keep-add") { try $0.adding(name("resize")) },
        Row("variables", "variables-add") { try $0.adding(name("resize"), config: ["port": 1]) },
    ]

    private static let removing = [
        Row("busy", "busy-remove-first") { try $0.removing(name("data-base")) },
        Row("busy", "busy-remove-middle") { try $0.removing(name("mail")) },
        Row("busy", "busy-remove-last") { try $0.removing(name("slow")) },
        Row("column0", "column0-remove") { try $0.removing(name("two")) },
        Row("flow", "flow-remove-first") { try $0.removing(name("one")) },
        Row("flow", "flow-remove-all") { try $0.removing(name("two")).removing(name("one")) },
        Row("unended", "unended-remove") { try $0.removing(name("one")) },
        Row("modules", "modules-remove") { try $0.removing(name("old")).removing(name("new")) },
        Row("anchors", "anchors-remove") { try $0.removing(name("two")) },
        Row("keep", "keep-remove") { try $0.removing(name("two")) },
        Row("variables", "variables-remove") { try $0.removing(name("flow")) },
    ]

    private static let changing = [
        Row("busy", "busy-merge") {
            try $0.adding(
                name("data-base"),
                config: ["url": "ignored", "pool": ["size": 1, "idle": 2], "timeout": 30, "tls": ["on": true]]
            )
        },
        Row("busy", "busy-merge-scalar") {
            try $0.adding(name("slow"), .path("/srv/slow"), config: ["count": 9, "text": "x", "new": [1]])
        },
        Row("busy", "busy-give-config") {
            try $0.adding(name("mail"), .path("/srv/mail"), config: ["from": "me@example.test"])
        },
        Row("busy", "busy-plain") { try $0.adding(name("mail")) },
        Row("busy", "busy-reset") {
            try $0.resettingConfig(of: name("data-base"), to: ["url": "fresh", "pool": ["size": 9]])
        },
        Row("busy", "busy-reset-none") { try $0.resettingConfig(of: name("slow"), to: [:]) },
        Row("wide", "wide-merge") { try $0.adding(name("one"), config: ["a": ["c": ["d": 1]], "e": 2]) },
        Row("crlf", "crlf-merge") {
            try $0.adding(name("one"), .image("x/y"), config: ["größe": "klein", "neu": ["é": 1]])
        },
        Row("variables", "variables-merge") { try $0.adding(name("web"), config: ["port": 1, "new": 2]) },
        Row("flow", "flow-merge") { try $0.adding(name("one"), .image("x/y:1"), config: ["b": [1], "a": 3]) },
        Row("flowroot", "flowroot-merge") { try $0.adding(name("one"), config: ["b": ["c": 1]]) },
        Row("anchors", "anchors-merge") { try $0.adding(name("one"), config: ["own": 1, "more": true]) },
        Row("unended", "unended-merge") { try $0.adding(name("one"), .path("/x"), config: ["b": ["c": 1]]) },
        Row("modules", "modules-merge") { try $0.adding(name("old"), .image("docker.io/x/old:2"), config: ["a": 1]) },
        Row("keep", "keep-merge") {
            try $0.adding(name("one"), config: ["a": 1]).adding(name("two"), config: ["b": 2])
        },
    ]

    @Test(arguments: rows) func changesOnlyWhatItMust(_ row: Row) throws {
        let bytes = [UInt8](try Data(contentsOf: Golden.fixture("config/\(row.input).in")))
        let result = try row.edit(try ConfigFile(parsing: bytes))
        Golden.expect(result.text, matches: "config/\(row.golden).golden")
    }
}

/// A worker's name that is known to be one.
func name(_ text: String) throws -> WorkerName { try WorkerName(parsing: text) }

extension ConfigFile {
    func adding(
        _ name: WorkerName,
        _ source: ConfigEntry.Source = .named,
        config: JSONObject = [:]
    ) throws(ConfigFileError) -> ConfigFile {
        try adding(ConfigAddition(name: name, source: source, defaults: config))
    }
}
