// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Testing
import WorkerModel

extension RegistryStoreContract {
    static let life = [
        claim("what is said of versions is replaced by versions, and taken back") { (store) async throws in
            let name = try Sample.name("echo")
            let old = try VersionRequirement(parsing: "<2")
            @Sendable func said(_ versions: VersionRequirement?, _ message: String, at time: Int64 = 5) -> Deprecation {
                Deprecation(versions: versions, message: message, replacement: nil, at: Sample.time(time))
            }
            try await store.write { (session) throws in
                try session.prepare("echo", "other")
                try session.setDeprecation(said(nil, "leave"), of: name)
                try session.setDeprecation(said(old, "older"), of: name)
                try session.setDeprecation(said(old, "old", at: 6), of: name)
                #expect(throws: RegistryStorageError.self) {
                    try session.setDeprecation(said(nil, "x"), of: Sample.name("nobody"))
                }
            }
            try await store.write { (session) throws in
                #expect(try session.deprecations(of: name) == [said(old, "old", at: 6), said(nil, "leave")])
                #expect(try session.deprecations(of: Sample.name("other")).isEmpty)
                #expect(try session.removeDeprecations(of: name, for: old))
                #expect(try !session.removeDeprecations(of: name, for: old))
                #expect(try session.deprecations(of: name).map(\.message) == ["leave"])
                #expect(try session.removeDeprecations(of: name, for: nil))
                #expect(try session.deprecations(of: name).isEmpty)
            }
        },
        claim("a removed version leaves nothing but its number") { (store) async throws in
            let (name, version) = (try Sample.name("echo"), try Sample.version("1.0.0"))
            let removal = RemovedVersion(version: version, at: Sample.time(9), reason: "harm", isAbuse: true)
            let artifact = ArtifactLocation(url: nil, digest: Digest.sha256([1]))
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(
                    Sample.published("echo", "1.0.0", artifacts: .bundle(artifact), dependencies: ["a": "*"])
                )
                try session.insertVersion(Sample.published("echo", "1.1.0"))
                try session.setChannel(.latest, of: name, to: version, at: Sample.time(3))
                try session.setChannel(.next, of: name, to: Sample.version("1.1.0"), at: Sample.time(3))
                try session.setSkills(SkillSnapshot(skills: "[1]", prompts: "[]"), of: version, of: name)
                try session.countDownload(
                    DownloadCount(worker: name, version: version, day: Day(number: 1), isCI: false, count: 7)
                )
            }
            try await store.write { (session) throws in
                try session.removeVersion(removal, of: name)
                #expect(throws: RegistryStorageError.self) { try session.removeVersion(removal, of: name) }
            }
            try await store.read { (session) throws in
                #expect(try session.version(version, of: name) == nil)
                #expect(try session.answers(version, of: name) == nil)
                #expect(try !session.contains(version, of: name))
                #expect(try session.skills(of: version, of: name) == nil)
                #expect(try session.versions(of: name).map(\.version.description) == ["1.1.0"])
                #expect(try session.index(of: name)?.entries.count == 1)
                #expect(try session.channels(of: name) == [.next: Sample.version("1.1.0")])
                #expect(try session.referenced(among: [artifact.digest]).isEmpty)
                #expect(try session.downloads(of: version, of: name) == 0)
                #expect(try session.removal(of: version, of: name) == removal)
                #expect(try session.removal(of: Sample.version("1.1.0"), of: name) == nil)
            }
        },
        claim("a channel is removed once, and says where it pointed") { (store) async throws in
            let (name, version) = (try Sample.name("echo"), try Sample.version("1.0.0"))
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0"))
                try session.setChannel(.next, of: name, to: version, at: Sample.time(3))
                #expect(try session.removeChannel(.next, of: name) == version)
                #expect(try session.removeChannel(.next, of: name) == nil)
                #expect(try session.channel(.next, of: name) == nil)
            }
        },
        claim("skills are replaced whole") { (store) async throws in
            let (name, version) = (try Sample.name("echo"), try Sample.version("1.0.0"))
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0"))
                for number in 1...2 {
                    try session.setSkills(
                        SkillSnapshot(skills: "[\(number)]", prompts: "[]"),
                        of: version,
                        of: name
                    )
                }
                #expect(throws: RegistryStorageError.self) {
                    try session.setSkills(.empty, of: Sample.version("9.0.0"), of: name)
                }
            }
            let skills = try await store.read { try $0.skills(of: version, of: name) }
            #expect(skills == SkillSnapshot(skills: "[2]", prompts: "[]"))
        },
        claim("a yank is read with its reason") { (store) async throws in
            let (name, version) = (try Sample.name("echo"), try Sample.version("1.0.0"))
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0"))
                #expect(try session.yank(of: version, of: name) == nil)
                try session.setYank(Yank(reason: "bad", at: Sample.time(8)), of: version, of: name)
                #expect(try session.yank(of: version, of: name) == Yank(reason: "bad", at: Sample.time(8)))
            }
        },
        claim("dependents are the workers whose latest version needs one") { (store) async throws in
            let name = try Sample.name("base")
            try await store.write { (session) throws in
                try session.prepare("base", "a", "b", "c")
                for (worker, old, new) in [("a", "^1", "^2"), ("b", "^1", "*"), ("c", "^1", "^3")] {
                    try session.insertVersion(Sample.published(worker, "1.0.0", dependencies: ["base": old]))
                    try session.insertVersion(Sample.published(worker, "2.0.0", dependencies: ["base": new, "x": "1"]))
                    if worker == "c" { continue }
                    try session.setChannel(
                        .latest,
                        of: Sample.name(worker),
                        to: Sample.version("2.0.0"),
                        at: Sample.time(3)
                    )
                }
                let yank = Yank(reason: "", at: Sample.time(4))
                try session.setYank(yank, of: Sample.version("2.0.0"), of: Sample.name("c"))
            }
            try await store.read { (session) throws in
                let all = try session.dependents(of: name, after: nil, limit: 10)
                #expect(all.map { "\($0.worker) \($0.version) \($0.selector)" } == ["a 2.0.0 ^2", "b 2.0.0 *"])
                let first = try session.dependents(of: name, after: nil, limit: 1)
                #expect(first.map(\.worker.description) == ["a"])
                let rest = try session.dependents(of: name, after: Sample.name("a"), limit: 10)
                #expect(rest.map(\.worker.description) == ["b"])
                #expect(try session.demands(on: name).map(\.selector).sorted() == ["*", "^1", "^2"])
                #expect(try session.demands(on: Sample.name("a")).isEmpty)
            }
        },
        claim("downloads are told by version, day and CI, and summed by day") { (store) async throws in
            let (name, version) = (try Sample.name("echo"), try Sample.version("1.0.0"))
            @Sendable func count(_ day: Int, _ isCI: Bool, _ count: Int64) -> DownloadCount {
                DownloadCount(worker: name, version: version, day: Day(number: day), isCI: isCI, count: count)
            }
            try await store.write { (session) throws in
                try session.prepare("echo")
                try session.insertVersion(Sample.published("echo", "1.0.0"))
                for download in [count(1, false, 3), count(2, false, 4), count(2, true, 5), count(2, false, 1)] {
                    try session.countDownload(download)
                }
            }
            try await store.read { (session) throws in
                let days = try session.downloadCounts(of: name, since: Day(number: 2))
                #expect(days == [count(2, false, 5), count(2, true, 5)])
                #expect(try session.downloads(of: version, of: name) == 13)
                #expect(try session.totals(since: nil) == RegistryTotals(workers: 0, downloads: 8))
                #expect(try session.totals(since: Day(number: 2)).downloads == 5)
            }
        },
        claim("events are told by kind") { (store) async throws in
            let name = try Sample.name("echo")
            try await store.write { (session) throws in
                for kind: RegistryEvent.Kind in [.published, .yanked, .published] {
                    try session.appendEvent(RegistryEvent(kind, at: Sample.time(1), worker: name))
                }
            }
            try await store.read { (session) throws in
                #expect(try session.events(of: nil, kind: .published, before: nil, limit: 9).count == 2)
                #expect(try session.events(of: name, kind: .yanked, before: nil, limit: 9).count == 1)
                #expect(try session.events(of: name, kind: .yanked, before: 2, limit: 9).isEmpty)
            }
        },
    ]
}
