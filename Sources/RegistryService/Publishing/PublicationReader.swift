// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import Manifests
import RegistryStorage
import WorkerModel

/// Reads the body of `POST /publish`, noting what is wrong instead of stopping there.
struct PublicationReader {
    /// What people read about a worker.
    struct About {
        var readme: String
        var repository: String
        var description: String
        var license: String
        var tags: [String]
        var isExperimental: Bool
        var platforms: [String]
    }

    /// What a worker needs and offers.
    struct Interface {
        var dependencies: [WorkerDependency]
        var calls: [CallPattern]
        var config: JSONValue
        var functions: [JSONValue]
        var triggers: [JSONValue]
    }

    /// The keys that every kind of worker has.
    private static let commonKeys: Set<String> = [
        "worker_name", "version", "type", "tag", "readme", "repo", "description", "license", "tags", "dependencies",
        "calls", "config", "functions", "triggers", "experimental",
    ]

    /// The most entries that lists of a publication have.
    enum Limit {
        static let dependencies = 256
        static let targets = 64
        static let tags = 64
        static let functions = 4096
    }

    private(set) var problems: [PublicationProblem] = []
    private let root: JSONCursor
    let publicURL: PublicURL
    /// Under which the client reached the registry.
    private let host: String?

    init(_ document: JSONValue, publicURL: PublicURL, host: String?) {
        root = JSONCursor(document)
        self.publicURL = publicURL
        self.host = host
    }

    /// Whether a host of an image is this registry.
    func isOwn(_ host: String?) -> Bool { host == publicURL.authority || host != nil && host == self.host }

    /// - Returns: nil where a part could not be read; there are problems then.
    mutating func read() -> Publication? {
        let root = root
        guard note({ () throws(JSONShapeError) in try root.object() }) != nil else { return nil }
        let name = required("worker_name") { try WorkerName(parsingPublished: $0) }
        let version = required("version") { try SemanticVersion(parsing: $0) }
        if let version, !version.buildMetadata.isEmpty {
            note("$.version", "has build metadata (`+\(version.buildMetadata)`), which the registry does not accept")
        }
        let kind = required("type") { try Self.kind($0) }
        let channel = optional("tag").flatMap { cursor in parsed(cursor) { try ChannelName(parsing: $0) } }
        if let kind { refuseUnknownKeys(of: kind) }
        let about = readAbout()
        let interface = readInterface(of: name)
        let artifacts = kind.flatMap { readArtifacts(of: $0, named: name) }
        guard let name, let version, let artifacts else { return nil }
        return Publication(
            identity: (name, version, channel),
            artifacts: artifacts,
            about: about,
            interface: interface,
            document: root.value
        )
    }

    private static func kind(_ text: String) throws -> WorkerKind {
        guard let kind = WorkerKind(rawValue: text) else { throw UnknownKind(text: text) }
        return kind
    }

    private mutating func refuseUnknownKeys(of kind: WorkerKind) {
        let own: Set<String> =
            switch kind {
            case .engine: []
            case .binary: ["binaries"]
            case .bundle: ["archive_url", "sha256"]
            case .image: ["image_tag", "platforms"]
            }
        refuseUnknownKeys(in: root, besides: Self.commonKeys.union(own), note: " in a publication of type `\(kind)`")
    }

    private mutating func readAbout() -> About {
        About(
            readme: text("readme"),
            repository: repository(),
            description: text("description"),
            license: text("license"),
            tags: elements("tags", upTo: Limit.tags).compactMap { cursor in
                note { () throws(JSONShapeError) in try cursor.string() }
            },
            isExperimental: member("experimental").flatMap { cursor in
                note { () throws(JSONShapeError) in try cursor.bool() }
            } ?? false,
            platforms: elements("platforms", upTo: Limit.targets).compactMap { cursor in
                parsed(cursor) { try Self.platform($0) }
            }
        )
    }

    /// Where the source is: nothing, or an address that a browser may be sent to.
    private mutating func repository() -> String {
        let address = text("repo")
        if !address.isEmpty, !Self.isWebAddress(address) {
            note("$.repo", "is not an address that begins with `https://` or `http://`")
        }
        return address
    }

    private static func isWebAddress(_ text: String) -> Bool {
        guard text.utf8.count <= ArtifactURL.maximumLength,
            let scheme = ["https://", "http://"].first(where: { text.lowercased().hasPrefix($0) })
        else { return false }
        let host = text.utf8.dropFirst(scheme.utf8.count).prefix { !"/?#".utf8.contains($0) }
        return !host.isEmpty && text.unicodeScalars.allSatisfy { $0.value > 0x20 && !(0x7F...0xA0).contains($0.value) }
    }

    /// `SYSTEM/ARCHITECTURE`, with `/VARIANT` where there is one.
    private static func platform(_ text: String) throws -> String {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            (1...32).contains(part.utf8.count)
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
                    default: false
                    }
                }
        }
        guard (2...3).contains(parts.count), isPlain else { throw NoPlatform() }
        return text
    }

    private mutating func readInterface(of name: WorkerName?) -> Interface {
        Interface(
            dependencies: readDependencies(of: name),
            calls: elements("calls", upTo: CallGrants.maximumCount).compactMap { cursor in
                parsed(cursor) { try CallPattern(parsingWish: $0) }
            },
            config: readConfig(),
            functions: namedObjects("functions"),
            triggers: namedObjects("triggers")
        )
    }

    /// An object; null counts as none.
    private mutating func readConfig() -> JSONValue {
        guard let cursor = optional("config") else { return .emptyObject }
        return note { () throws(JSONShapeError) in .object(try cursor.object()) } ?? .emptyObject
    }

    private mutating func readDependencies(of worker: WorkerName?) -> [WorkerDependency] {
        var dependencies: [WorkerDependency] = []
        for cursor in elements("dependencies", upTo: Limit.dependencies) {
            guard let dependency = readDependency(cursor) else { continue }
            if dependency.name == worker {
                note("\(cursor.path).name", "is the worker itself")
            } else if dependencies.contains(where: { $0.name == dependency.name }) {
                note("\(cursor.path).name", "stands twice: `\(dependency.name)`")
            }
            dependencies.append(dependency)
        }
        return dependencies
    }

    private mutating func readDependency(_ cursor: JSONCursor) -> WorkerDependency? {
        guard note({ () throws(JSONShapeError) in try cursor.object() }) != nil else { return nil }
        refuseUnknownKeys(in: cursor, besides: ["name", "version"], note: " in a dependency")
        let name = required("name", in: cursor) { try WorkerName(parsing: $0) }
        let selector = required("version", in: cursor) { text in
            _ = try VersionSelector(parsingDependency: text)
            return text
        }
        guard let name, let selector else { return nil }
        return WorkerDependency(name: name, selector: selector)
    }

    private mutating func namedObjects(_ key: String) -> [JSONValue] {
        var objects: [JSONValue] = []
        for cursor in elements(key, upTo: Limit.functions) {
            _ = required("name", in: cursor) { text in
                if text.isEmpty { throw EmptyText() }
                return text
            }
            objects.append(cursor.value)
        }
        return objects
    }
}

// MARK: Reading and noting

extension PublicationReader {
    mutating func note(_ path: String, _ reason: String, code: ErrorCode? = nil) {
        problems.append(PublicationProblem(path: path, reason: reason, code: code))
    }

    /// The value, or nil with the problem noted.
    mutating func note<Value>(_ read: () throws(JSONShapeError) -> Value) -> Value? {
        do throws(JSONShapeError) {
            return try read()
        } catch {
            note(error.path, error.reason)
            return nil
        }
    }

    /// A text that a type of its own reads.
    mutating func parsed<Value>(_ cursor: JSONCursor, _ read: (String) throws -> Value) -> Value? {
        guard let text = note({ () throws(JSONShapeError) in try cursor.string() }) else { return nil }
        do {
            return try read(text)
        } catch {
            note(cursor.path, "is not accepted: \(error.words)")
            return nil
        }
    }

    mutating func required<Value>(
        _ key: String,
        in cursor: JSONCursor? = nil,
        _ read: (String) throws -> Value
    ) -> Value? {
        let parent = cursor ?? root
        guard let member = note({ () throws(JSONShapeError) in try parent.required(key) }) else { return nil }
        return parsed(member, read)
    }

    /// A member of the request, nil where it is missing.
    mutating func member(_ key: String) -> JSONCursor? {
        let root = root
        return root.value[key] == nil ? nil : note { () throws(JSONShapeError) in try root.required(key) }
    }

    /// A member of the request, nil where it is missing or null.
    mutating func optional(_ key: String) -> JSONCursor? { member(key).flatMap { $0.value == .null ? nil : $0 } }

    mutating func refuseUnknownKeys(in cursor: JSONCursor, besides known: Set<String>, note reason: String) {
        let unknown = note { () throws(JSONShapeError) in try cursor.unknownKeys(besides: known) } ?? []
        // A request of nothing but unknown keys needs no answer of the same size.
        for key in unknown.prefix(20) {
            note("\(cursor.path).\(PrintableText(key, limit: 80))", "is not a known key" + reason)
        }
    }

    private mutating func text(_ key: String) -> String {
        guard let cursor = member(key) else { return "" }
        return note { () throws(JSONShapeError) in try cursor.string() } ?? ""
    }

    private mutating func elements(_ key: String, upTo limit: Int) -> [JSONCursor] {
        guard let cursor = optional(key) else { return [] }
        let elements = note { () throws(JSONShapeError) in try cursor.elements() } ?? []
        if elements.count > limit { note(cursor.path, "has more than \(limit) entries") }
        return Array(elements.prefix(limit))
    }
}

private struct UnknownKind: CodedError {
    let text: String

    var code: ErrorCode { .badPayload }
    var message: String {
        let known = WorkerKind.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        return "`\(PrintableText(text, limit: 80))` is not one of \(known)"
    }
}

private struct NoPlatform: CodedError {
    var code: ErrorCode { .badPayload }
    var message: String { "it is no platform such as `linux/arm64`" }
}

private struct EmptyText: CodedError {
    var code: ErrorCode { .badPayload }
    var message: String { "it is empty" }
}
