// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import SystemPackage
import TestSupport
import Testing

/// Sources that are no names of a registry, and what is asked before much is installed.
@Suite struct SourceJourney {
    /// No registry runs: whatever these commands do, they do without.
    private func alone(
        _ arguments: [String],
        files: [String: String] = [:],
        variables: [String: String] = [:],
        _ body: (Programs.Result, FilePath) throws -> Void
    ) async throws {
        try await withTemporaryDirectory { folder in
            for (path, text) in files {
                let file = folder.appending(path)
                try FileManager.default.createDirectory(
                    atPath: file.removingLastComponent().string,
                    withIntermediateDirectories: true
                )
                try Data(text.utf8).write(to: URL(fileURLWithPath: file.string))
            }
            let result = try await Programs.run(
                "iii",
                ["worker"] + arguments,
                in: folder,
                variables: ["HOME": folder.string, "III_API_URL": "http://127.0.0.1:1"].merging(variables) { $1 }
            )
            try body(result, folder)
        }
    }

    @Test(arguments: [
        ("x@", "W101"), ("a b", "W100"), (".hidden@1", "W101"), ("x@1:2", "W101"), ("ghcr.io/Org/w:1", "W101"),
        ("ghcr.io/org/w:", "W101"), ("ghcr.io/org//w", "W101"), ("img/x@sha512:ab", "W101"),
        ("img/x@md5:d41d8cd98f00b204e9800998ecf8427e", "W101"), ("localhost:99999/x", "W101"), (":tag", "W101"),
        ("x@not a range", "W101"), ("../nowhere", "W101"),
    ])
    func whatMakesNoSenseIsRefusedBeforeAnythingIsAsked(source: String, code: String) async throws {
        try await alone(["add", source]) { result, folder in
            #expect(result.status == 1)
            #expect(result.talk.contains("error: [\(code)]"), "\(result.talk)")
            #expect(!FileManager.default.fileExists(atPath: folder.appending("config.yaml").string))
        }
    }

    @Test func anImageIsNamedByTheLastPartOfItsPath() async throws {
        let digest = String(repeating: "ab", count: 64)
        try await alone(["add", "localhost:5000/org/worker:1.0@sha512:\(digest)"]) { result, _ in
            // Pulling is not there yet; the reference was read whole and nothing was begun.
            #expect(result.status == 1)
            #expect(result.talk.contains("[W141]"), "\(result.talk)")
        }
    }

    @Test func aLocalFolderNeedsNoRegistryWhereItNeedsNobody() async throws {
        let manifest = "name: tool\nversion: 1.0.0\nscripts:\n  start: python -m tool\n"
        try await alone(["add", "~/tool"], files: ["tool/iii.worker.yaml": manifest]) { result, folder in
            #expect(result.status == 0, "\(result.talk)")
            #expect(result.output == "added tool 1.0.0  local\n")
            let config = try String(contentsOfFile: folder.appending("config.yaml").string, encoding: .utf8)
            #expect(config.contains("- name: tool\n    worker_path: ./tool\n"), "\(config)")
        }
    }

    @Test func theManifestOfALocalFolderIsChecked() async throws {
        try await alone(["add", "./tool"], files: ["tool/iii.worker.yaml": "name: tool\nwhat: 1\nand: 2\n"]) {
            result,
            _ in
            #expect(result.status == 1)
            #expect(result.talk.contains("[W132]"), "\(result.talk)")
            #expect(result.talk.contains("`and`, `what`"), "\(result.talk)")
        }
        try await alone(["add", "./tool"], files: ["tool/main.py": ""]) { result, _ in
            #expect(result.talk.contains("[W132]") && result.talk.contains("iii.worker.yaml"), "\(result.talk)")
        }
        try await alone(["add", "./tool"], files: ["tool/iii.worker.yaml": "name: [\n"]) { result, _ in
            #expect(result.talk.contains("[W131]") && result.talk.contains("line"), "\(result.talk)")
        }
    }

    @Test func aPartOfTheEngineNeedsNoRegistry() async throws {
        try await alone(["add", "iii-http"]) { result, folder in
            #expect(result.status == 0, "\(result.talk)")
            let config = try String(contentsOfFile: folder.appending("config.yaml").string, encoding: .utf8)
            #expect(config.hasSuffix("workers:\n  - name: iii-http\n"), "\(config)")
        }
    }

    @Test func aLargePlanWantsConsent() async throws {
        try await Road.open { road in
            let names = (0..<34).map { "w\($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names { group.addTask { try await road.publish(name, "1.0.0") } }
                try await group.waitForAll()
            }
            let needs = Dictionary(names.map { ($0, "*") }) { first, _ in first }
            try await road.publish("all", "1.0.0", needs: needs)
            let large = try await road.iii("worker", "add", "all")
            #expect(large.status == 1)
            #expect(large.talk.contains("[W183]") && large.talk.contains("--max-workers 34"), "\(large.talk)")
            let unasked = try await road.iii("worker", "add", "all", "--max-workers", "34")
            #expect(unasked.status == 1 && unasked.talk.contains("[W104]"), "\(unasked.talk)")
            #expect(unasked.talk.contains("plan:\n  + w0 1.0.0  bundle  for all\n"), "\(unasked.talk)")
            #expect(road.tree(road.store).isEmpty)
            #expect(road.read("config.yaml") == nil)
            let allowed = try await road.iii("worker", "add", "all", "--max-workers", "34", "--yes")
            #expect(allowed.status == 0, "\(allowed.talk)")
        }
    }
}
