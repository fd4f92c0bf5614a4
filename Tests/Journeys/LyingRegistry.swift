// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import Testing
import Transport
import TransportTestSupport

/// A registry of one bundle, `a` 1.0.0, whose answers a test writes byte by byte.
struct LyingRegistry: Sendable {
    /// An archive that is as it should be.
    let archive: [UInt8]
    let digest: String

    /// Packs the bundle.
    init(on road: Road, size: Int = 1000) async throws {
        let folder = road.folder.appending("source/a")
        var random = SystemRandomNumberGenerator()
        let noise = String((0..<size).map { _ in Character(UnicodeScalar(UInt8.random(in: 33...126, using: &random))) })
        try road.write(
            [
                "iii.worker.yaml": "name: a\nversion: 1.0.0\nlanguage: python\nscripts:\n  start: python -m main\n",
                "main.py": "", "noise": noise,
            ],
            in: folder
        )
        let packed = try await road.iii("worker", "pack", folder.string, "--json", in: road.folder)
        try #require(packed.status == 0, "\(packed.talk)")
        guard case .array(let archives)? = try JSONValue(parsing: packed.output)["archives"],
            case .string(let path)? = archives.first?["path"], case .string(let digest)? = archives.first?["sha256"]
        else { throw Unpacked() }
        archive = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        self.digest = digest
    }

    struct Unpacked: Error {}

    /// The answer to `POST /resolve`.
    func graph(
        name: String = "a",
        version: String = "1.0.0",
        url: String,
        digest: String? = nil,
        defaults: JSONValue = .emptyObject
    ) -> [LoopbackServer.Step] {
        let node: JSONValue = [
            "name": .string(name), "type": "bundle", "version": .string(version), "repo": "",
            "config": defaults, "archive_url": .string(url), "sha256": .string(digest ?? self.digest),
            "dependencies": .emptyObject,
        ]
        let graph: JSONValue = [
            "root": ["name": .string(name), "version": .string(version)], "graph": [node], "edges": [],
        ]
        return .answer(200, ["Content-Type": "application/json"], Array(graph.text(.sorted).utf8))
    }

    /// The honest answer to a request for the archive.
    var whole: [LoopbackServer.Step] { .answer(200, ["Content-Type": "application/gzip"], archive) }
}

extension Road {
    /// Runs `body` with a registry that answers `POST /resolve` and everything else as it is told.
    func lied(
        resolving: @escaping @Sendable (_ url: String) -> [LoopbackServer.Step],
        serving: @escaping @Sendable () -> [LoopbackServer.Step],
        _ body: ([String: String]) async throws -> Void
    ) async throws {
        try await LoopbackServer.with(answer: { request in
            let host = request.headers["Host"] ?? ""
            return request.path == "/resolve" ? resolving("http://\(host)/archive") : serving()
        }) { server in try await body(["III_API_URL": server.url]) }
    }

    /// Nothing was installed and nothing is left.
    func expectUntouched(_ what: String) {
        #expect(read("config.yaml") == nil && read("iii.lock") == nil, "\(what)")
        #expect(tree(store).isEmpty, "\(what): \(tree(store))")
        #expect(tree(home.appending("store/staging")).isEmpty, "\(what)")
        #expect(tree(home).filter { $0.hasPrefix("workers") }.isEmpty, "\(what): \(tree(home))")
    }
}
