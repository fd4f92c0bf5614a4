// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Foundation
import Manifests
import TestSupport
import Testing
import WorkerModel
import YAMLText

@testable import ProjectFiles

/// The lock file: the format of older programs to the byte, and its rules on reading and before writing.
struct LockfileTests {
    private let digits = String(repeating: "a", count: 64)

    private func parsed(_ text: String) throws -> Lockfile { try Lockfile(parsing: Array(text.utf8)) }

    private func written(_ lockfile: Lockfile) throws -> String {
        String(decoding: try lockfile.bytes(), as: UTF8.self)
    }

    /// The file that `complete.golden` holds, as a value.
    private func complete() throws -> Lockfile {
        func artifact(_ target: String, _ digit: String) throws -> LockedWorker.Artifact {
            LockedWorker.Artifact(
                url: "https://cdn.example.com/\(target).tar.gz",
                digest: try Digest(parsing: String(repeating: digit, count: 64))
            )
        }
        func worker(
            _ version: String,
            _ source: LockedWorker.Source,
            _ dependencies: [WorkerName: LockedRange] = [:]
        ) throws -> LockedWorker {
            LockedWorker(
                version: LockedVersion(try SemanticVersion(parsing: version)),
                source: source,
                dependencies: dependencies
            )
        }
        let targets = ["aarch64-apple-darwin": "a", "x86_64-unknown-linux-gnu": "b"]
        var artifacts: [TargetTriple: LockedWorker.Artifact] = [:]
        for (target, digit) in targets {
            artifacts[try TargetTriple(parsing: target)] = try artifact("image-resize-\(target)", digit)
        }
        let image = "ghcr.io/org/py-tool@sha256:" + String(repeating: "c", count: 64)
        return Lockfile(
            manifest: .declared([try name("image-resize"): LockedRange("^1.2.0")]),
            workers: [
                try name("image-resize"): try worker(
                    "1.2.3",
                    .binary(artifacts),
                    [name("iii-state"): LockedRange("^0.19")]
                ),
                try name("iii-state"): try worker("0.19.0", .engine),
                try name("py-tool"): try worker("2.0.0", .image(image)),
                try name("scraper"): try worker("0.3.1", .bundle(artifact("scraper", "d"))),
            ]
        )
    }

    @Test func writesTheFormatToTheByte() throws {
        Golden.expect(try written(complete()), matches: "lock/complete.golden")
    }

    @Test func readsWhatItWrites() throws {
        let lockfile = try complete()
        #expect(try Lockfile(parsing: lockfile.bytes()) == lockfile)
        #expect(try written(Lockfile()) == "version: 1\nworkers: {}\n")
        #expect(try parsed("version: 1\nworkers: {}\n").isEmpty)
    }

    @Test func additionsOfOursStandBesideTheOldKeys() throws {
        var lockfile = Lockfile()
        lockfile.workers[try name("a")] = LockedWorker(
            version: LockedVersion(try SemanticVersion(parsing: "1.0.0")),
            source: .engine,
            selector: try VersionSelector(parsing: ">=1 <2"),
            registry: "https://user:secret@registry.example.test:8443/base?key=1#x"
        )
        let text = try written(lockfile)
        #expect(
            text == """
                version: 1
                workers:
                  a:
                    version: 1.0.0
                    type: engine
                    selector: '>=1 <2'
                    registry: https://registry.example.test:8443/base
                    dependencies: {}

                """
        )
        #expect(try parsed(text) == lockfile)
    }

    @Test func whatARegistrySaidOfAVersionIsRemembered() throws {
        var lockfile = Lockfile()
        lockfile.workers[try name("a")] = LockedWorker(
            version: LockedVersion(try SemanticVersion(parsing: "1.0.0")),
            source: .engine,
            notes: [
                VersionNote(code: "yanked", message: "loses data: \u{1B}[31m${HOME}"),
                VersionNote(code: "deprecated", message: "use b", replacement: try name("b")),
            ]
        )
        let text = try written(lockfile)
        #expect(
            text == """
                version: 1
                workers:
                  a:
                    version: 1.0.0
                    type: engine
                    notes:
                      - code: yanked
                        message: "loses data: [31m\\x24{HOME}"
                      - code: deprecated
                        message: use b
                        replacement: b
                    dependencies: {}

                """
        )
        #expect(try parsed(text) == lockfile)
    }

    @Test func notesInAShapeOfTheFutureAreKept() throws {
        let text =
            "version: 1\nworkers:\n  a:\n    version: 1.0.0\n    type: engine\n    dependencies: {}\n    notes: soon\n"
        #expect(try written(parsed(text)) == text)
    }

    @Test func unknownKeysAreKeptAtEveryLevel() throws {
        let text = """
            version: 1
            workers:
              a:
                version: 1.0.0
                type: binary
                dependencies: {}
                source:
                  kind: binary
                  artifacts:
                    x86_64-unknown-linux-gnu:
                      url: https://x.test/a
                      sha256: \(digits)
                      size: 12
                  signature:
                    by: me
                    list:
                      - 1
                      - 'true'
                selector: ??future
                zone: eu
            future:
              - 1

            """
        #expect(try written(parsed(text)) == text.replacing("??future", with: "'??future'"))
        var changed = try parsed(text)
        let worker = try name("a")
        changed.workers[worker]?.selector = .latest
        #expect(try written(changed).contains("    selector: latest\n    dependencies"))
        #expect(try !written(changed).contains("??future"))
    }

    @Test func readsTheFlatSourceOfTheFirstLockFiles() throws {
        let text = """
            version: 1
            workers:
              a:
                version: latest
                type: binary
                source: {kind: binary, target: x86_64-unknown-linux-gnu, url: 'https://x.test/a', sha256: \(digits.uppercased())}
            """
        let lockfile = try parsed(text)
        let worker = try #require(lockfile.workers[try name("a")])
        #expect(worker.version.semantic == nil && worker.version.description == "latest")
        guard case .binary(let artifacts) = worker.source else {
            Issue.record("not a binary")
            return
        }
        #expect(artifacts.keys.map(\.description) == ["x86_64-unknown-linux-gnu"])
        #expect(artifacts.values.first?.digest.description == digits)
        #expect(
            try written(lockfile).contains(
                "      artifacts:\n        x86_64-unknown-linux-gnu:\n          url: https://x.test/a\n"
            )
        )
    }

    static let worker = "workers:\n  a:\n    version: 1.0.0\n"
    static let aa = String(repeating: "a", count: 64)

    @Test(arguments: [
        ("", "`version`"), ("workers: {}\n", "`version` at line 1"), ("version: 1\n", "`workers` at line 1"),
        ("version: 1\nworkers:\n", "`workers`"),
        ("version: '1'\nworkers: {}\n", "`version` at line 1"),
        ("version: 0\nworkers: {}\n", "is format 0, which there is not"),
        ("version: 2\nworkers: {}\n", "is format 2, and this `iii` reads format 1"),
        ("- 1\n", "the document at line 1"),
        ("version: 1\nversion: 1\nworkers: {}\n", "line 2"), ("version: 1\nworkers: &a {}\n", "anchor"),
        ("version: 1\n---\nworkers: {}\n", "line 2"),
        ("version: 1\nmanifest_hash: sha256:v1:ABC\nworkers: {}\n", "`manifest_hash` at line 2"),
        ("version: 1\nmanifest_hash: sha256:v2:\(aa)\nworkers: {}\n", "`manifest_hash`"),
        ("version: 1\nmanifest_hash: sha256:v1:\(aa.uppercased())\nworkers: {}\n", "lower-case"),
        ("version: 1\nmanifest_hash: sha256:v1:sha256:\(aa.dropFirst(7))\nworkers: {}\n", "`manifest_hash`"),
        ("version: 1\ndeclared_dependencies: {a: ^1}\nworkers: {}\n", "is there without `manifest_hash`"),
        (
            "version: 1\nmanifest_hash: sha256:v1:\(aa)\ndeclared_dependencies: {a: ^1}\nworkers: {}\n",
            "but the declared dependencies have"
        ),
        (
            "version: 1\nmanifest_hash: sha256:v1:\(aa)\ndeclared_dependencies: {a: ' '}\nworkers: {}\n",
            "`declared_dependencies.a` at line 3"
        ),
        (
            "version: 1\nmanifest_hash: sha256:v1:\(aa)\ndeclared_dependencies: {a: next}\nworkers: {}\n",
            "not a version range"
        ),
        (
            "version: 1\nmanifest_hash: sha256:v1:\(aa)\ndeclared_dependencies: {../a: ^1}\nworkers: {}\n",
            "no worker name"
        ),
        ("version: 1\nworkers: {../a: {version: 1.0.0, type: engine}}\n", "no worker name"),
        ("version: 1\n\(worker)    type: engine\n    dependencies: {'a b': '1'}\n", "no worker name"),
        ("version: 1\n\(worker)    type: engine\n    dependencies: {b: 1}\n", "put it in quotes"),
        ("version: 1\nworkers: {a: {type: engine}}\n", "`workers.a.version`"),
        ("version: 1\nworkers: {a: {type: engine, version: ' '}}\n", "is blank"),
        ("version: 1\n\(worker)    type: wasm\n", "`workers.a.type` at line 5"),
        ("version: 1\n\(worker)", "`workers.a.type`"),
        ("version: 1\n\(worker)    type: engine\n    source: {kind: engine}\n", "workers of the engine have none"),
        ("version: 1\n\(worker)    type: image\n", "`workers.a.source`"),
        ("version: 1\n\(worker)    type: image\n    source: {kind: bundle}\n", "but the worker's type is `image`"),
        ("version: 1\n\(worker)    type: image\n    source: {kind: image, image: 'x/y:1'}\n", "has no digest"),
        (
            "version: 1\n\(worker)    type: bundle\n    source: {kind: bundle, archive_url: ' ', sha256: \(aa)}\n",
            "`workers.a.source.archive_url`"
        ),
        (
            "version: 1\n\(worker)    type: bundle\n    source: {kind: bundle, archive_url: x, sha256: \(aa)a}\n",
            "64 hexadecimal digits"
        ),
        (
            "version: 1\n\(worker)    type: bundle\n    source: {kind: bundle, archive_url: x, sha256: ' \(aa)'}\n",
            "64 hexadecimal digits"
        ),
        ("version: 1\n\(worker)    type: binary\n    source: {kind: binary, artifacts: {}}\n", "names no artifact"),
        ("version: 1\n\(worker)    type: binary\n    source: {kind: binary}\n", "names no artifact"),
        (
            "version: 1\n\(worker)    type: binary\n    source: {kind: binary, artifacts: {linux: {url: x, sha256: \(aa)}}}\n",
            "not a target"
        ),
        (
            "version: 1\n\(worker)    type: binary\n    source: {kind: binary, artifacts: {a-b: {url: x, sha256: xyz}}}\n",
            "`workers.a.source.artifacts.a-b.sha256`"
        ),
        (
            "version: 1\n\(worker)    type: binary\n    source: {kind: binary, target: ' ', url: x, sha256: \(aa)}\n",
            "is blank"
        ),
    ])
    func refusesNamingThePlace(_ text: String, _ words: String) {
        let error = #expect(throws: LockfileError.self) { try parsed(text) }
        #expect(error?.code == .lockfileInvalid)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.hints.isEmpty == false)
    }

    /// Random damage: read or refused, never a crash; what is read can be written and read again.
    @Test func damagedFilesAreReadOrRefused() throws {
        var maker = ConfigMaker(seed: 1)
        let text = String(decoding: try complete().bytes(), as: UTF8.self)
        for _ in 0..<1500 {
            guard let lockfile = try? Lockfile(parsing: maker.damaged(text)) else { continue }
            #expect(try Lockfile(parsing: lockfile.bytes()) == lockfile)
        }
    }

    @Test func newerFormatNamesTheFix() {
        let error = #expect(throws: LockfileError.self) { try parsed("version: 3\nworkers: {}\n") }
        #expect(error?.hints == ["update `iii`: this project was locked by a newer version of it"])
    }

    @Test func whatCouldNotBeReadIsNotWritten() throws {
        let blank = LockedWorker.Artifact(url: " ", digest: try Digest(parsing: digits))
        for source in [
            LockedWorker.Source.image("x/y:1"), .binary([:]), .bundle(blank),
            .binary([try TargetTriple(parsing: "a-b"): blank]),
        ] {
            let version = LockedVersion(try SemanticVersion(parsing: "1.0.0"))
            let lockfile = Lockfile(workers: [try name("a"): LockedWorker(version: version, source: source)])
            #expect(throws: LockfileError.self) { try lockfile.bytes() }
        }
        #expect(throws: LockfileError.self) {
            try Lockfile(manifest: .declared([try name("a"): LockedRange("next")])).bytes()
        }
    }

    @Test func hashIsOverSortedNamesAndRangesAsWritten() throws {
        #expect(
            ManifestHash(of: [:]).description
                == "sha256:v1:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
        let ranges = [
            try name("b"): LockedRange("^1"), try name("a"): LockedRange(" ^2"), try name("A"): LockedRange("*"),
        ]
        #expect(ManifestHash(of: ranges).digest == Digest.sha256(Array("A=*\na= ^2\nb=^1\n".utf8)))
    }

    @Test func dependenciesOnChannelsAreRememberedByHashAlone() throws {
        let ranges = try WorkerManifest(parsing: Array("name: x\ndependencies: {a: ^1, b: ' 2.x'}\n".utf8)).dependencies
        guard case .declared(let declared) = LockedManifest(ranges) else {
            Issue.record("not declared")
            return
        }
        #expect(declared[try name("b")]?.description == " 2.x")
        for text in ["latest", ""] {
            let manifest = try WorkerManifest(parsing: Array("name: x\ndependencies: {a: ^1, b: '\(text)'}\n".utf8))
            guard case .hash = LockedManifest(manifest.dependencies) else {
                Issue.record("not a hash")
                return
            }
            let lockfile = Lockfile(manifest: LockedManifest(manifest.dependencies))
            #expect(try Lockfile(parsing: lockfile.bytes()) == lockfile)
        }
    }
}
