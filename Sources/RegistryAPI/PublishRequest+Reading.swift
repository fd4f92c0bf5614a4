// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import JSONText
import WorkerModel

extension PublishRequest {
    /// Reads a request strictly: a key that the type does not have is refused, like a value that does not fit.
    ///
    /// - Throws: `PublishRequestError` with every problem there is.
    package init(json: JSONValue) throws(PublishRequestError) {
        var reader = PublishRequestReader(json: JSONCursor(json))
        let request = reader.request()
        guard reader.problems.found.isEmpty, let request else {
            throw PublishRequestError(problems: reader.problems.found)
        }
        self = request
    }
}

/// Reads every field of a request to publish, going on after each problem.
private struct PublishRequestReader {
    let json: JSONCursor
    var problems = PublishProblems()

    init(json: JSONCursor) { self.json = json }

    /// Nil only together with a problem.
    mutating func request() -> PublishRequest? {
        guard problems.read({ () throws(JSONShapeError) in try json.object() }) != nil else { return nil }
        let name = read("worker_name") { cursor throws(JSONShapeError) in
            try cursor.parsed { try WorkerName(parsingPublished: $0) }
        }
        let version = read("version") { cursor throws(JSONShapeError) in
            let version = try cursor.version()
            if !version.buildMetadata.isEmpty { throw cursor.fail("has build metadata, which a version here cannot") }
            return version
        }
        let artifacts = artifacts()
        let shared = sharedFields()
        guard let name, let version, let artifacts else { return nil }
        var request = PublishRequest(name: name, version: version, artifacts: artifacts)
        shared(&request)
        return request
    }

    private mutating func read<Value>(
        _ key: String,
        _ body: (JSONCursor) throws(JSONShapeError) -> Value
    ) -> Value? {
        problems.read { () throws(JSONShapeError) in try body(json.required(key)) }
    }

    private mutating func readOptional<Value>(
        _ key: String,
        _ body: (JSONCursor) throws(JSONShapeError) -> Value
    ) -> Value? {
        problems.read { () throws(JSONShapeError) in
            guard let cursor = try json.optional(key) else { return nil }
            return try body(cursor)
        }
    }

    private mutating func text(_ key: String) -> String {
        readOptional(key) { cursor throws(JSONShapeError) in try cursor.string() } ?? ""
    }

    /// The fields that every kind has, as a change to a request that is yet to be made.
    private mutating func sharedFields() -> (inout PublishRequest) -> Void {
        let channel = readOptional("tag") { cursor throws(JSONShapeError) in
            try cursor.parsed { try ChannelName(parsing: $0) }
        }
        let (readme, repository) = (text("readme"), text("repo"))
        let (description, license) = (text("description"), text("license"))
        let tags = readOptional("tags") { cursor throws(JSONShapeError) in try cursor.strings() } ?? []
        let dependencies = dependencies()
        let config = readOptional("config") { cursor throws(JSONShapeError) in JSONValue.object(try cursor.object()) }
        let (functions, triggers) = (named("functions"), named("triggers"))
        let isExperimental = readOptional("experimental") { cursor throws(JSONShapeError) in try cursor.bool() }
        return { request in
            request.channel = channel
            request.readme = readme
            request.repository = repository
            request.description = description
            request.license = license
            request.tags = tags
            request.dependencies = dependencies
            request.config = config ?? .emptyObject
            request.functions = functions
            request.triggers = triggers
            request.isExperimental = isExperimental ?? false
        }
    }

    private mutating func dependencies() -> [WorkerDependency] {
        var dependencies: [WorkerDependency] = []
        var seen: Set<WorkerName> = []
        let cursors = readOptional("dependencies") { cursor throws(JSONShapeError) in
            let elements = try cursor.elements()
            guard elements.count <= PublishRequest.maximumEntries else {
                throw cursor.fail("has more than \(PublishRequest.maximumEntries) entries")
            }
            return elements
        }
        for cursor in cursors ?? [] {
            problems.refuseUnknownKeys(of: cursor, besides: ["name", "version"])
            let name = problems.read { () throws(JSONShapeError) in try cursor.required("name").name() }
            let selector = problems.read { () throws(JSONShapeError) in
                let version = try cursor.required("version")
                _ = try version.parsed { try VersionSelector(parsingDependency: $0) }
                return try version.string()
            }
            guard let name, let selector else { continue }
            if !seen.insert(name).inserted { problems.add("\(cursor.path).name", "repeats `\(name)`") }
            dependencies.append(WorkerDependency(name: name, selector: selector))
        }
        return dependencies
    }

    /// Objects that have a name, and anything else besides.
    private mutating func named(_ key: String) -> [JSONValue] {
        let cursors = readOptional(key) { cursor throws(JSONShapeError) in try cursor.elements() } ?? []
        for cursor in cursors {
            let name = problems.read { () throws(JSONShapeError) in try cursor.required("name").string() }
            if name?.isEmpty == true { problems.add("\(cursor.path).name", "is empty") }
        }
        return cursors.map(\.value)
    }
}

extension PublishRequestReader {
    private static let sharedKeys: Set<String> = [
        "worker_name", "version", "type", "tag", "readme", "repo", "description", "license", "tags", "dependencies",
        "config", "functions", "triggers", "experimental",
    ]

    /// The artifacts of the type; keys of other types, and such as no type has, are problems.
    private mutating func artifacts() -> PublishRequest.Artifacts? {
        guard let kind = read("type", { cursor throws(JSONShapeError) in try cursor.workerKind() }) else { return nil }
        problems.refuseUnknownKeys(of: json, besides: Self.sharedKeys.union(Self.artifactKeys(of: kind)), in: kind)
        switch kind {
        case .engine: return .engine
        case .image:
            return read("image_tag") { cursor throws(JSONShapeError) in
                let reference = try cursor.string()
                if reference.isEmpty { throw cursor.fail("is empty") }
                return .image(reference)
            }
        case .bundle: return problems.artifact(in: json, urlKey: "archive_url").map(PublishRequest.Artifacts.bundle)
        case .binary: return binaries()
        }
    }

    private static func artifactKeys(of kind: WorkerKind) -> Set<String> {
        switch kind {
        case .engine: []
        case .binary: ["binaries"]
        case .image: ["image_tag"]
        case .bundle: ["archive_url", "sha256"]
        }
    }

    private mutating func binaries() -> PublishRequest.Artifacts? {
        let members = read("binaries") { cursor throws(JSONShapeError) in
            let members = try cursor.members()
            guard (1...PublishRequest.maximumEntries).contains(members.count) else {
                throw cursor.fail("has \(members.count) targets, not 1 to \(PublishRequest.maximumEntries)")
            }
            return members
        }
        guard let members else { return nil }
        var builds: [TargetTriple: PublishRequest.Artifact] = [:]
        for (key, build) in members {
            problems.refuseUnknownKeys(of: build, besides: ["url", "sha256"])
            let target = problems.read { () throws(JSONShapeError) in
                try JSONCursor(.string(key), path: build.path).parsed { try TargetTriple(parsing: $0) }
            }
            guard let artifact = problems.artifact(in: build, urlKey: "url"), let target else { continue }
            builds[target] = artifact
        }
        return .binaries(builds)
    }
}

extension PublishProblems {
    fileprivate mutating func refuseUnknownKeys(
        of json: JSONCursor,
        besides known: Set<String>,
        in kind: WorkerKind? = nil
    ) {
        let place = kind.map { " of type \($0.rawValue)" } ?? ""
        // What is no object at all is reported where its members are read.
        for key in (try? json.unknownKeys(besides: known)) ?? [] {
            add("\(json.path).\(PrintableText(key, limit: 80))", "is not a key of a request\(place)")
        }
    }

    fileprivate mutating func artifact(in json: JSONCursor, urlKey: String) -> PublishRequest.Artifact? {
        let digest = read { () throws(JSONShapeError) in
            try json.required("sha256").parsed { try Digest(parsing: $0) }
        }
        // A digest that is missing because this is no object needs no second word.
        guard case .object = json.value else { return nil }
        let url = read { () throws(JSONShapeError) -> String? in
            guard let cursor = try json.optional(urlKey) else { return nil }
            let text = try cursor.string()
            guard ArtifactURL.isAcceptable(text) else {
                throw cursor.fail("must be an absolute https URL without user information or blanks")
            }
            return text
        }
        return digest.map { PublishRequest.Artifact(url: url, digest: $0) }
    }
}

/// What the registry asks of a URL that it will hand to installers, which check much more.
private enum ArtifactURL {
    static func isAcceptable(_ text: String) -> Bool {
        guard text.utf8.count <= 8192, text.lowercased().hasPrefix("https://"),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return false }
        let authority = text.dropFirst(8).prefix { !"/?#\\".contains($0) }
        return !authority.isEmpty && !authority.contains("@") && !authority.hasPrefix(":")
    }
}
