// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import RegistryAPI
import RegistryService
import RegistryStorage
import Testing
import WorkerModel

/// A publication is read strictly, and all that is wrong with it is told at once.
struct PublicationTests {
    static let publicURL = "https://registry.test"

    static func read(_ document: JSONValue) throws -> Publication {
        try Publication(parsing: document, publicURL: PublicURL(parsing: publicURL))
    }

    static func problems(_ document: JSONValue) -> [PublicationProblem] {
        do {
            _ = try read(document)
            return []
        } catch RegistryServiceError.invalidPublication(let problems) { return problems } catch { return [] }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let path: String
        let reason: String
        let change: @Sendable (inout JSONObject) -> Void
        var testDescription: String { "\(path) \(reason)" }

        init(_ path: String, _ reason: String, _ change: @escaping @Sendable (inout JSONObject) -> Void) {
            self.path = path
            self.reason = reason
            self.change = change
        }
    }

    static let rows: [Row] = [
        Row("$.worker_name", "is required") { $0["worker_name"] = nil },
        Row("$.worker_name", "is not accepted") { $0["worker_name"] = "Team" },
        Row("$.worker_name", "is not accepted") { $0["worker_name"] = "team/worker" },
        Row("$.worker_name", "is not accepted") { $0["worker_name"] = .string(String(repeating: "a", count: 65)) },
        Row("$.version", "is required") { $0["version"] = nil },
        Row("$.version", "is not accepted") { $0["version"] = "1.2" },
        Row("$.version", "has build metadata") { $0["version"] = "1.2.3+build.1" },
        Row("$.type", "is not accepted") { $0["type"] = "executable" },
        Row("$.type", "must be a string") { $0["type"] = 7 },
        Row("$.tag", "is not accepted") { $0["tag"] = "1.x" },
        Row("$.tag", "is not accepted") { $0["tag"] = "Latest" },
        Row("$.readme", "must be a string") { $0["readme"] = nil as JSONValue },
        Row("$.repo", "is not an address") { $0["repo"] = "javascript:alert(1)" },
        Row("$.repo", "is not an address") { $0["repo"] = "https:///acme" },
        Row("$.repo", "is not an address") { $0["repo"] = "https://github.com/a b" },
        Row("$.repo", "is not an address") { $0["repo"] = "data:text/html,x" },
        Row("$.repo", "is not an address") { $0["repo"] = " https://github.com/acme" },
        Row("$.tags", "must be an array") { $0["tags"] = "search" },
        Row("$.tags[1]", "must be a string") { $0["tags"] = ["a", 1] },
        Row("$.tags", "has more than 64") { $0["tags"] = .array(Array(repeating: "t", count: 65)) },
        Row("$.experimental", "must be a boolean") { $0["experimental"] = "yes" },
        Row("$.platforms", "is not a known key") { $0["platforms"] = ["linux/amd64"] },
        Row("$.config", "must be an object") { $0["config"] = [1] },
        Row("$.functions", "must be an array") { $0["functions"] = [:] as JSONValue },
        Row("$.functions[0].name", "is required") { $0["functions"] = [["description": "d"]] },
        Row("$.triggers[0].name", "is not accepted") { $0["triggers"] = [["name": ""]] },
        Row("$.dependencies[0].name", "is the worker itself") {
            $0["dependencies"] = [["name": "smoke", "version": "*"]]
        },
        Row("$.dependencies[1].name", "stands twice") {
            $0["dependencies"] = [["name": "a", "version": "*"], ["name": "a", "version": "^1"]]
        },
        Row("$.dependencies[0].version", "is not accepted") { $0["dependencies"] = [["name": "a", "version": "^^1"]] },
        Row("$.dependencies[0].optional", "is not a known key") {
            $0["dependencies"] = [["name": "a", "version": "*", "optional": true]]
        },
        Row("$.dependencies[0]", "must be an object") { $0["dependencies"] = ["a"] },
        Row("$.package_descriptor", "is not a known key") { $0["package_descriptor"] = [:] as JSONValue },
        Row("$.channel", "is not a known key") { $0["channel"] = "latest" },
        Row("$.archive_url", "is not a known key") { $0["archive_url"] = "https://cdn.test/a" },
        Row("$.binaries", "is required") { $0["binaries"] = nil },
        Row("$.binaries", "must be an object") { $0["binaries"] = [] as JSONValue },
        Row("$.binaries", "must have at least one target") { $0["binaries"] = [:] as JSONValue },
        Row("$.binaries.linux", "is not accepted") { $0["binaries"] = ["linux": ["sha256": .string(Requests.digest)]] },
        Row("$.binaries.x86_64-unknown-linux-gnu.sha256", "is required") {
            $0["binaries"] = ["x86_64-unknown-linux-gnu": ["url": "https://cdn.test/a"]]
        },
        Row("$.binaries.x86_64-unknown-linux-gnu.sha256", "is not accepted") {
            $0["binaries"] = ["x86_64-unknown-linux-gnu": ["sha256": "abc"]]
        },
        Row("$.binaries.x86_64-unknown-linux-gnu.size", "is not a known key") {
            $0["binaries"] = ["x86_64-unknown-linux-gnu": ["sha256": .string(Requests.digest), "size": 3]]
        },
    ]

    @Test(arguments: rows)
    func refusesWhatDoesNotFit(_ row: Row) {
        var request = Requests.binary()
        row.change(&request)
        let found = Self.problems(.object(request))
        #expect(found.contains { $0.path == row.path && $0.reason.hasPrefix(row.reason) }, "\(found)")
    }

    @Test(arguments: [
        "http://cdn.test/a", "ftp://cdn.test/a", "https://", "https:///a", "https://user:secret@cdn.test/a",
        "https://cdn.test/a b", "https://cdn.test\\a", "//cdn.test/a", "",
        "https://cdn.test/" + String(repeating: "a", count: 2048),
    ])
    func refusesAddressesThatNoInstallerFetches(_ url: String) {
        var request = Requests.binary()
        request["binaries"] = ["x86_64-unknown-linux-gnu": ["url": .string(url), "sha256": .string(Requests.digest)]]
        let found = Self.problems(.object(request))
        #expect(found.map(\.path) == ["$.binaries.x86_64-unknown-linux-gnu.url"])
        #expect(!found.contains { $0.reason.contains("secret") })
    }

    @Test func tellsEverythingAtOnce() {
        let found = Self.problems(["type": "bundle", "version": "x", "tags": 1, "binaries": [:], "experimental": 0])
        #expect(
            Set(found.map(\.path))
                == ["$.worker_name", "$.version", "$.tags", "$.binaries", "$.experimental", "$.sha256"]
        )
    }

    @Test(arguments: [.null, [], "text", 1] as [JSONValue])
    func refusesWhatIsNoObject(_ document: JSONValue) {
        #expect(Self.problems(document).map(\.path) == ["$"])
    }

    @Test func fillsInWhatIsMissing() throws {
        let publication = try Self.read(.object(Requests.binary()))
        #expect(publication.readme == "" && publication.license == "" && publication.config == .emptyObject)
        #expect(publication.channel == nil && !publication.isExperimental && publication.functions.isEmpty)
    }

    @Test func readsNullAsNothingWherePublishersSendIt() throws {
        var request = Requests.binary()
        for key in ["config", "tag", "dependencies", "functions"] { request[key] = JSONValue.null }
        let publication = try Self.read(.object(request))
        #expect(publication.config == .emptyObject && publication.channel == nil)
    }

    @Test(arguments: ["", "*", "latest", "^1.0.0", ">=1 <2 || 3.x", "1.2.3"])
    func takesEverySelectorThatPublishersUse(_ selector: String) throws {
        var request = Requests.binary()
        request["dependencies"] = [["name": "a", "version": .string(selector)]]
        #expect(try Self.read(.object(request)).dependencies.map(\.selector) == [selector])
    }

    @Test func knowsItsOwnAddress() throws {
        let digest = Digest.sha256([1])
        var request = Requests.bundle(digest)
        request["archive_url"] = .string("\(Self.publicURL)/blobs/sha256/\(digest)")
        #expect(try Self.read(.object(request)).artifacts.hostedDigests == [digest])
        request["archive_url"] = .string("https://cdn.test/blobs/sha256/\(digest)")
        #expect(try Self.read(.object(request)).artifacts.hostedDigests == [])
    }

    @Test func endsAtTheMostEntries() throws {
        func request(_ count: Int) -> JSONValue {
            var request = Requests.binary()
            request["dependencies"] = .array((0..<count).map { ["name": .string("d\($0)"), "version": "*"] })
            return .object(request)
        }
        #expect(try Self.read(request(256)).dependencies.count == 256)
        #expect(Self.problems(request(257)).map(\.path) == ["$.dependencies"])
    }

    @Test func sameContentIgnoresChannelAndOrder() throws {
        var left = Requests.binary()
        left["tags"] = ["a", "b"]
        left["config"] = try JSONValue(parsing: #"{"x":1,"y":1.0}"#)
        var right = Requests.binary(tag: "next")
        right["tags"] = ["b", "a"]
        right["config"] = ["y": 1, "x": 1]
        right["readme"] = ""
        #expect(try Self.read(.object(left)).hasSameContent(as: Self.read(.object(right))))
        right["readme"] = " "
        #expect(try !Self.read(.object(left)).hasSameContent(as: Self.read(.object(right))))
    }

    @Test(arguments: ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "Linux/amd64", "linux/<b>", "linux/\u{1B}[2J"])
    func refusesWhatIsNoPlatform(_ text: String) throws {
        var image: JSONObject = ["worker_name": "a", "version": "1.0.0", "type": "image", "image_tag": "ghcr.io/a/b:1"]
        image["platforms"] = ["linux/amd64", "linux/arm/v7"]
        #expect(try Self.read(.object(image)).platforms == ["linux/amd64", "linux/arm/v7"])
        image["platforms"] = ["linux/amd64", .string(text)]
        #expect(Self.problems(.object(image)).map(\.path) == ["$.platforms[1]"])
    }

    /// What `iii` writes is what the registry reads, for every kind.
    @Test(
        arguments: [.engine, .image("ghcr.io/a/b:1"), .bundle(.init(digest: .sha256([])))] as [PublishRequest.Artifacts]
    )
    func readsWhatClientsWrite(_ artifacts: PublishRequest.Artifacts) throws {
        var request = PublishRequest(
            name: try WorkerName(parsing: "smoke"),
            version: try SemanticVersion(parsing: "1.2.3"),
            artifacts: artifacts
        )
        request.tags = ["a"]
        request.channel = .latest
        if request.kind == .image { request.platforms = ["linux/amd64"] }
        let publication = try Self.read(request.json)
        #expect(publication.name == request.name && publication.version == request.version)
        #expect(publication.artifacts.kind == request.kind && publication.channel == .latest)
        #expect(publication.platforms == request.platforms)
    }
}
