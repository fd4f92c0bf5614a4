// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Testing
import WorkerModel

extension RegistryStoreContract {
    /// What `acme` has uploaded since a moment and no version needs.
    private static func unreferenced(_ moment: Int64, in session: any RegistryReadSession) throws -> Int64 {
        try session.unreferencedUploads(of: Sample.account(), since: Sample.time(moment)).bytes
    }

    private static func everyKind() throws -> [PublishedVersion] {
        let hosted = ArtifactLocation(url: nil, digest: Digest.sha256([1]))
        let elsewhere = ArtifactLocation(url: "https://example.com/a?b=c&d='e'", digest: Digest.sha256([2]))
        let builds: [TargetTriple: ArtifactLocation] = [
            try TargetTriple(parsing: "x86_64-unknown-linux-gnu"): hosted,
            try TargetTriple(parsing: "aarch64-apple-darwin"): elsewhere,
        ]
        let readme = ##"{"readme":"# Ünïcode 🎉 \u0000 '); DROP TABLE versions; --","config":{"b":[1,2.50,1e3]}}"##
        return [
            try Sample.published("echo", "1.0.0", artifacts: .engine, publication: readme),
            try Sample.published(
                "echo",
                "1.1.0-rc.1",
                artifacts: .binaries(builds),
                dependencies: ["z": "", "a": "^1 || 2.x"]
            ),
            try Sample.published("echo", "1.1.0", artifacts: .bundle(hosted), dependencies: ["b": "latest"], at: 2001),
            try Sample.published("echo", "1.2.0", artifacts: .bundle(elsewhere)),
            try Sample.published("echo", "1.3.0", artifacts: .image("ghcr.io/acme/echo@sha256:\(hosted.digest)")),
        ]
    }

    static let versions = [
        claim("a version of every kind is read as it was written, to the byte") { (store) async throws in
            let written = try everyKind()
            try await store.write { (session) throws in
                try session.prepare("echo")
                for version in written { try session.insertVersion(version) }
            }
            try await store.read { (session) throws in
                for version in written {
                    #expect(try session.version(version.version, of: version.worker) == version)
                    #expect(try session.answers(version.version, of: version.worker) == version.answers)
                }
            }
        },
        claim("a long publication is kept whole") { (store) async throws in
            let long = "\"" + String(repeating: "wörds ", count: 200_000) + "\""
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0", publication: long))
            }
            let read = try await store.read { try $0.version(Sample.version("1.0.0"), of: Sample.name("echo")) }
            #expect(read?.publication == long)
        },
        claim("a version is published once, and what is there stays") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare("echo", "other")
                try session.insertVersion(Sample.published("echo", "1.0.0", publication: "1"))
                // Another worker's versions are its own.
                try session.insertVersion(Sample.published("other", "1.0.0"))
            }
            let error = await #expect(throws: RegistryStorageError.self) {
                try await store.write { try $0.insertVersion(Sample.published("echo", "1.0.0", publication: "2")) }
            }
            guard case .versionExists(let name, let version) = error else {
                Issue.record("should be versionExists")
                return
            }
            #expect("\(name)@\(version)" == "echo@1.0.0")
            let kept = try await store.read { try $0.version(Sample.version("1.0.0"), of: Sample.name("echo")) }
            #expect(kept?.publication == "1")
        },
        claim("a version needs its worker and its publisher") { (store) async throws in
            let noWorker = await #expect(throws: RegistryStorageError.self) {
                try await store.write { (session) throws in
                    try session.prepare()
                    try session.insertVersion(Sample.published("echo", "1.0.0"))
                }
            }
            if case .workerNotFound = noWorker {} else { Issue.record("should be workerNotFound") }
            let noAccount = await #expect(throws: RegistryStorageError.self) {
                try await store.write { (session) throws in
                    try session.insertWorker(Sample.worker("echo"))
                    try session.insertVersion(Sample.published("echo", "1.0.0"))
                }
            }
            if case .accountNotFound = noAccount {} else { Issue.record("should be accountNotFound") }
        },
        claim("versions are listed published last first") { (store) async throws in
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "2.0.0", at: 10))
                try session.insertVersion(Sample.published("echo", "1.0.1", dependencies: ["b": "*", "a": ""], at: 30))
                try session.insertVersion(Sample.published("echo", "1.0.2", artifacts: .image("i"), at: 30))
                try session.insertVersion(Sample.published("echo", "3.0.0", at: 20))
            }
            let listed = try await store.read { try $0.versions(of: Sample.name("echo")) }
            #expect(listed.map(\.version.description) == ["1.0.2", "1.0.1", "3.0.0", "2.0.0"])
            #expect(listed[0].kind == .image)
            #expect(listed[1].dependencies == (try Sample.dependencies(["b": "*", "a": ""])))
            #expect(listed[1].publishedAt == Sample.time(30))
        },
        claim("a yank is kept with its reason, and can be taken back") { (store) async throws in
            let name = try Sample.name("echo")
            let version = try Sample.version("1.0.0")
            let yank = Yank(reason: "it's broken", at: Sample.time(99))
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0"))
                try session.setYank(yank, of: version, of: name)
            }
            try await store.read { (session) throws in
                #expect(try session.version(version, of: name)?.yank == yank)
                #expect(try session.versions(of: name).first?.yank == yank)
                #expect(try session.index(of: name)?.entries.first?.isYanked == true)
            }
            try await store.write { try $0.setYank(nil, of: version, of: name) }
            #expect(try await store.read { try $0.version(version, of: name) }?.yank == nil)
            #expect(try await store.read { try $0.index(of: name) }?.entries.first?.isYanked == false)
            await #expect(throws: RegistryStorageError.self) {
                try await store.write { try $0.setYank(nil, of: Sample.version("9.0.0"), of: name) }
            }
        },
        claim("answers are replaced, the rest of the version stays") { (store) async throws in
            let answers = ReadyAnswers(format: 7, resolveNode: "a", download: "b", detail: "c")
            let (name, version) = (try Sample.name("echo"), try Sample.version("1.0.0"))
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0", publication: "kept"))
                try session.replaceAnswers(answers, of: version, of: name)
                #expect(throws: RegistryStorageError.self) {
                    try session.replaceAnswers(answers, of: Sample.version("2.0.0"), of: name)
                }
            }
            let read = try await store.read { try $0.version(version, of: name) }
            #expect(read?.answers == answers)
            #expect(read?.publication == "kept")
        },
        claim("digests that hosted artifacts need are known") { (store) async throws in
            let many = (0..<1200).map { Digest.sha256(Array("\($0)".utf8)) }
            let builds = [try TargetTriple(parsing: "a-b"): ArtifactLocation(url: nil, digest: many[1100])]
            try await store.write { (session) throws in
                try session.prepare("echo")
                let hosted = ArtifactLocation(url: nil, digest: many[3])
                try session.insertVersion(Sample.published("echo", "1.0.0", artifacts: .bundle(hosted)))
                try session.insertVersion(Sample.published("echo", "1.1.0", artifacts: .bundle(hosted)))
                try session.insertVersion(Sample.published("echo", "2.0.0", artifacts: .binaries(builds)))
                let elsewhere = ArtifactLocation(url: "https://example.com", digest: many[4])
                try session.insertVersion(Sample.published("echo", "3.0.0", artifacts: .bundle(elsewhere)))
            }
            #expect(try await store.read { try $0.referenced(among: many) } == [many[3], many[1100]])
        },
        claim("uploads count for their account until a version needs them, and are forgotten only then") {
            (store) async throws in
            let (acme, digests) = (try Sample.account(), (0..<3).map { Digest.sha256([UInt8($0)]) })
            try await store.write { (session) throws in
                try session.prepare("echo")
                for (index, digest) in digests.enumerated() {
                    let size = ByteCount(Int64(10 * (index + 1)))
                    for _ in 0..<2 {
                        try session.recordUpload(of: digest, size: size, by: acme, at: Sample.time(Int64(index)))
                    }
                }
                #expect(throws: RegistryStorageError.self) {
                    try session.recordUpload(of: digests[0], size: .zero, by: Sample.account("x"), at: Sample.time(1))
                }
            }
            #expect(try await store.read { try unreferenced(0, in: $0) } == 60)
            #expect(try await store.read { try unreferenced(1, in: $0) } == 50)
            try await store.write { (session) throws in
                let hosted = ArtifactLocation(url: nil, digest: digests[0])
                try session.insertVersion(Sample.published("echo", "1.0.0", artifacts: .bundle(hosted)))
                try session.forgetUploads(before: Sample.time(2))
            }
            #expect(try await store.read { try unreferenced(0, in: $0) } == 30)
            let sizes = try await store.read { session in try digests.map { try session.uploadedSize(of: $0)?.bytes } }
            #expect(sizes == [10, nil, 30])
        },
        claim("a text with a NUL character is refused, not cut") { (store) async throws in
            await #expect(throws: RegistryStorageError.self) {
                try await store.write { (session) throws in
                    try session.prepare("echo")
                    try session.insertVersion(Sample.published("echo", "1.0.0", publication: "a\u{0}b"))
                }
            }
        },
    ]

    static let indexes = [
        claim("an index holds every version with its state, and the channels") { (store) async throws in
            let name = try Sample.name("echo")
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0", dependencies: ["b": "^1", "a": ""]))
                try session.insertVersion(Sample.published("echo", "2.0.0-rc.1"))
                try session.insertVersion(Sample.published("echo", "1.10.0"))
                try session.setChannel(.latest, of: name, to: Sample.version("1.0.0"), at: Sample.time(3))
                try session.setChannel(.next, of: name, to: Sample.version("2.0.0-rc.1"), at: Sample.time(3))
                try session.setYank(Yank(reason: "", at: Sample.time(4)), of: Sample.version("1.10.0"), of: name)
            }
            let expected = WorkerIndex(
                name: name,
                entries: [
                    .init(
                        version: try Sample.version("1.0.0"),
                        isPromoted: true,
                        dependencies: try Sample.dependencies(["b": "^1", "a": ""])
                    ),
                    .init(version: try Sample.version("2.0.0-rc.1"), isPromoted: false),
                    .init(version: try Sample.version("1.10.0"), isPromoted: false, isYanked: true),
                ],
                channels: [.latest: try Sample.version("1.0.0"), .next: try Sample.version("2.0.0-rc.1")]
            )
            for _ in 0..<2 { #expect(try await store.read { try $0.index(of: name) } == expected) }
        },
        claim("an index is never older than the last write") { (store) async throws in
            let name = try Sample.name("echo")
            try await store.write { try $0.prepare("echo") }
            for number in 0..<30 {
                try await store.write { try $0.insertVersion(Sample.published("echo", "1.0.\(number)")) }
                #expect(try await store.read { try $0.index(of: name) }?.entries.count == number + 1)
            }
        },
    ]

    static let channels = [
        claim("a channel points to one version and tells where it pointed before") { (store) async throws in
            let name = try Sample.name("echo")
            let (one, two) = (try Sample.version("1.0.0"), try Sample.version("2.0.0"))
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0"))
                try session.insertVersion(Sample.published("echo", "2.0.0"))
                #expect(try session.setChannel(.latest, of: name, to: one, at: Sample.time(3)) == nil)
                #expect(try session.setChannel(.latest, of: name, to: two, at: Sample.time(4)) == one)
                #expect(try session.setChannel(.latest, of: name, to: two, at: Sample.time(5)) == two)
                #expect(try session.setChannel(Sample.channel("rc"), of: name, to: two, at: Sample.time(5)) == nil)
            }
            try await store.read { (session) throws in
                #expect(try session.channel(.latest, of: name) == two)
                #expect(try session.channels(of: name) == [.latest: two, try Sample.channel("rc"): two])
                #expect(try session.channel(.next, of: name) == nil)
            }
        },
        claim("`latest` promotes for ever, no other channel does") { (store) async throws in
            let name = try Sample.name("echo")
            try await store.write { (session) throws in
                try session.prepare("echo")
                for version in ["1.0.0", "2.0.0", "3.0.0"] {
                    try session.insertVersion(Sample.published("echo", version))
                }
                try session.setChannel(.latest, of: name, to: Sample.version("1.0.0"), at: Sample.time(3))
                try session.setChannel(.latest, of: name, to: Sample.version("2.0.0"), at: Sample.time(4))
                try session.setChannel(.next, of: name, to: Sample.version("3.0.0"), at: Sample.time(4))
            }
            try await store.read { (session) throws in
                for (version, isPromoted) in [("1.0.0", true), ("2.0.0", true), ("3.0.0", false)] {
                    #expect(try session.version(Sample.version(version), of: name)?.isPromoted == isPromoted)
                }
                #expect(try session.versions(of: name).filter(\.isPromoted).count == 2)
            }
        },
        claim("a channel points to published versions only") { (store) async throws in
            let error = await #expect(throws: RegistryStorageError.self) {
                try await store.write { (session) throws in
                    try session.prepare("echo")
                    try session.setChannel(
                        .latest,
                        of: Sample.name("echo"),
                        to: Sample.version("1.0.0"),
                        at: Sample.time(1)
                    )
                }
            }
            if case .versionNotFound = error {} else { Issue.record("should be versionNotFound") }
        },
    ]
}
