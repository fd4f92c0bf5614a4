// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import JSONText
import SystemPackage
import TestSupport
import Testing
import TransportTestSupport

/// A registry that lies: each lie has its code, and leaves nothing behind.
@Suite struct LyingRegistryJourney {
    private struct Lie: Sendable {
        let name: String
        let code: String
        var words = ""
        var resolving: (@Sendable (LyingRegistry, String) -> [LoopbackServer.Step])?
        var serving: (@Sendable (LyingRegistry) -> [LoopbackServer.Step])?
    }

    private static let other = String(repeating: "0", count: 64)

    private static let lies = [
        Lie(name: "another digest", code: "W142", words: "0000", resolving: { $0.graph(url: $1, digest: other) }),
        Lie(
            name: "a changed byte",
            code: "W142",
            serving: { lie in
                var bytes = lie.archive
                bytes[bytes.count / 2] ^= 1
                return .answer(200, [:], bytes)
            }
        ),
        Lie(name: "a shorter archive", code: "W142", serving: { .answer(200, [:], $0.archive.dropLast(9)) }),
        Lie(name: "bytes behind it", code: "W142", serving: { .answer(200, [:], $0.archive + [0, 1, 2]) }),
        Lie(name: "another archive behind it", code: "W142", serving: { .answer(200, [:], $0.archive + $0.archive) }),
        Lie(name: "no archive at all", code: "W142", serving: { _ in .answer(200, [:], []) }),
        Lie(
            name: "a page in its place",
            code: "W142",
            words: "text/html",
            serving: { _ in .answer(200, ["Content-Type": "text/html"], Array("<h1>Log in</h1>".utf8)) }
        ),
        Lie(name: "it is gone", code: "W142", words: "404", serving: { _ in .answer(404) }),
        Lie(
            name: "a way to the cloud's metadata",
            code: "W142",
            words: "169.254.169.254",
            serving: { _ in .answer(302, ["Location": "http://169.254.169.254/latest/meta-data/"]) }
        ),
        Lie(
            name: "an address of a private network",
            code: "W142",
            words: "10.0.0.1",
            resolving: { lie, _ in lie.graph(url: "https://10.0.0.1/a.tar.gz") }
        ),
        Lie(
            name: "a file",
            code: "W142",
            resolving: { lie, _ in lie.graph(url: "file:///etc/passwd") }
        ),
        Lie(
            name: "more than a bundle may have",
            code: "W142",
            words: "64 MiB",
            serving: { _ in [.send([LoopbackServer.Step].head(length: 1 << 40)), .hang] }
        ),
        Lie(name: "another worker", code: "W184", words: "`b`", resolving: { $0.graph(name: "b", url: $1) }),
        Lie(name: "another version", code: "W184", words: "1.9.0", resolving: { $0.graph(version: "1.9.0", url: $1) }),
        Lie(
            name: "defaults that nobody could read",
            code: "W140",
            words: "10000 values",
            resolving: { $0.graph(url: $1, defaults: .array(Array(repeating: 1, count: 330_000))) }
        ),
        Lie(
            name: "a key of accents",
            code: "W140",
            resolving: { lie, url in
                lie.graph(url: url, defaults: ["e": .object(["e" + String(repeating: "\u{300}", count: 100_000): 1])])
            }
        ),
        Lie(name: "no JSON", code: "W140", resolving: { _, _ in .answer(200, [:], Array("<html>".utf8)) }),
        Lie(
            name: "more JSON than anybody reads",
            code: "W140",
            words: "1 MiB",
            resolving: { _, _ in .answer(200, [:], [UInt8](repeating: 0x20, count: 2 << 20)) }
        ),
        Lie(name: "a way of its own", code: "W140", resolving: { _, _ in .answer(418) }),
    ]

    @Test(arguments: lies.map(\.name)) func aLieLeavesNothing(name: String) async throws {
        let lie = try #require(Self.lies.first { $0.name == name })
        try await Road.open { road in
            let honest = try await LyingRegistry(on: road)
            try await road.lied(
                resolving: { lie.resolving?(honest, $0) ?? honest.graph(url: $0) },
                serving: { lie.serving?(honest) ?? honest.whole }
            ) { variables in
                let result = try await road.iii("worker", "add", "a@1.0.0", variables: variables)
                #expect(result.status == 1 && result.talk.contains("[\(lie.code)]"), "\(name): \(result.talk)")
                #expect(lie.words.isEmpty || result.talk.contains(lie.words), "\(name): \(result.talk)")
                road.expectUntouched(name)
            }
        }
    }

    @Test func whatItSaysMovesNoCursor() async throws {
        try await Road.open { road in
            let honest = try await LyingRegistry(on: road)
            let envelope =
                #"{"error":{"code":"worker_not_found","message":"\u001b[2Jgone\u202e\u0007","fix":"\u001b]0;x"}}"#
            try await road.lied(
                resolving: { _ in .answer(404, ["Content-Type": "application/json"], Array(envelope.utf8)) },
                serving: { honest.whole }
            ) { variables in
                let result = try await road.iii("worker", "add", "a", variables: variables)
                #expect(result.status == 1 && result.talk.contains("gone"), "\(result.talk)")
                let bad = result.talk.unicodeScalars.filter { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202E }
                #expect(bad.isEmpty, "\(bad.map(\.value))")
            }
        }
    }

    /// What a registry writes is text in `config.yaml`, also where it looks like a variable of its user.
    @Test func itsDefaultsReadNoVariables() async throws {
        try await Road.open { road in
            let honest = try await LyingRegistry(on: road)
            let defaults: JSONValue = [
                "region": "${AWS_SECRET_ACCESS_KEY}", "half": "${HOME:", "${HOME}": ["x\n${PATH}\n}"],
            ]
            try await road.lied(
                resolving: { honest.graph(url: $0, defaults: defaults) },
                serving: { honest.whole }
            ) { variables in
                let result = try await road.iii("worker", "add", "a@1.0.0", variables: variables)
                try #require(result.status == 0, "\(result.talk)")
                let written = try #require(road.read("config.yaml"))
                #expect(!written.contains("${") && written.contains("\\x24{AWS_SECRET_ACCESS_KEY}"), "\(written)")
                #expect(try await road.iii("worker", "verify", variables: variables).status == 0)
            }
        }
    }

    @Test func secretsInAddressesAreNotPrinted() async throws {
        try await Road.open { road in
            let honest = try await LyingRegistry(on: road)
            try await road.lied(
                resolving: { _ in honest.graph(url: "https://user:hunter2@10.0.0.1/a.tar.gz?sig=hunter3") },
                serving: { honest.whole }
            ) { variables in
                let result = try await road.iii("worker", "add", "a@1.0.0", "--json", variables: variables)
                #expect(result.status == 1)
                #expect(!(result.talk + result.output).contains("hunter"), "\(result.talk)\(result.output)")
            }
        }
    }

    @Test func aCutIsGoneOnFrom() async throws {
        try await Road.open { road in
            let honest = try await LyingRegistry(on: road, size: 200_000)
            let half = honest.archive.count / 2
            let asked = Counter()
            try await road.lied(
                resolving: { honest.graph(url: $0) },
                serving: {
                    if asked.next() == 1 {
                        let head = [LoopbackServer.Step].head(200, ["ETag": "\"x\""], length: honest.archive.count)
                        return [.send(head + honest.archive[..<half]), .close]
                    }
                    let range = "bytes \(half)-\(honest.archive.count - 1)/\(honest.archive.count)"
                    return .answer(206, ["ETag": "\"x\"", "Content-Range": range], Array(honest.archive[half...]))
                }
            ) { variables in
                let result = try await road.iii("worker", "add", "a@1.0.0", variables: variables)
                #expect(result.status == 0, "\(result.talk)")
                #expect(try await road.iii("worker", "verify").status == 0)
            }
        }
    }
}
