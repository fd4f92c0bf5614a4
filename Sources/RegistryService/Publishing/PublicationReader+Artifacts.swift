// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import JSONText
import RegistryStorage
import WorkerModel

extension PublicationReader {
    /// What the version delivers, from the members that belong to its kind.
    mutating func readArtifacts(of kind: WorkerKind, named name: WorkerName?) -> PublishedArtifacts? {
        switch kind {
        case .engine: return .engine
        case .image: return readImage(named: name)
        case .bundle: return readBundle().map { .bundle($0) }
        case .binary: return readBinaries().map { .binaries($0) }
        }
    }

    /// An image elsewhere, or one that this registry keeps: in the repository of the worker, named by its digest.
    private mutating func readImage(named name: WorkerName?) -> PublishedArtifacts? {
        guard let image = required("image_tag", { text in try ImageReference(parsing: text) }) else { return nil }
        guard isOwn(image.host) else { return .image(image.description) }
        guard let digest = image.digest.flatMap({ try? ContentDigest(parsing: $0) }) else {
            note("$.image_tag", "names an image of this registry without its digest, as in `HOST/NAME@sha256:…`")
            return nil
        }
        if let name, image.path != name.description {
            note("$.image_tag", "names an image of this registry outside of the worker's own repository, `\(name)`")
            return nil
        }
        return .hostedImage(digest)
    }

    private mutating func readBundle() -> ArtifactLocation? {
        let digest = required("sha256") { try Digest(parsing: $0) }
        return location(member("archive_url"), digest)
    }

    private mutating func readBinaries() -> [TargetTriple: ArtifactLocation]? {
        guard let cursor = member("binaries") else {
            note("$.binaries", "is required")
            return nil
        }
        guard let members = note({ () throws(JSONShapeError) in try cursor.members() }) else { return nil }
        if members.isEmpty { note(cursor.path, "must have at least one target") }
        if members.count > Limit.targets { note(cursor.path, "has more than \(Limit.targets) targets") }
        var builds: [TargetTriple: ArtifactLocation] = [:]
        for (key, build) in members.prefix(Limit.targets) {
            let target = parsed(JSONCursor(.string(key), path: build.path)) { try TargetTriple(parsing: $0) }
            guard note({ () throws(JSONShapeError) in try build.object() }) != nil else { continue }
            refuseUnknownKeys(in: build, besides: ["url", "sha256"], note: " in a binary")
            let digest = required("sha256", in: build) { try Digest(parsing: $0) }
            let url = build.value["url"].map { JSONCursor($0, path: build.path + ".url") }
            if let target, let location = location(url, digest) { builds[target] = location }
        }
        return builds
    }

    /// Where an artifact is: elsewhere, or, where no URL is given, among this registry's blobs.
    private mutating func location(_ url: JSONCursor?, _ digest: Digest?) -> ArtifactLocation? {
        var external: String?
        if let url, url.value != .null {
            guard let text = parsed(url, { try ArtifactURL(parsing: $0).description }) else { return nil }
            external = text
        }
        guard let digest else { return nil }
        return ArtifactLocation(url: external == publicURL.blob(digest) ? nil : external, digest: digest)
    }
}

/// An address that an artifact may have: https, a host, no credentials.
struct ArtifactURL: CustomStringConvertible {
    static let maximumLength = 2048

    let description: String

    /// - Throws: `ArtifactURLError`.
    init(parsing text: String) throws(ArtifactURLError) {
        guard text.utf8.count <= Self.maximumLength else { throw ArtifactURLError(reason: .tooLong) }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            throw ArtifactURLError(reason: .character)
        }
        guard text.lowercased().hasPrefix("https://") else { throw ArtifactURLError(reason: .scheme) }
        let authority = text.dropFirst("https://".count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.contains("@") { throw ArtifactURLError(reason: .credentials) }
        if authority.isEmpty || authority.hasPrefix(":") { throw ArtifactURLError(reason: .host) }
        description = text
    }
}

/// Why a text is no address of an artifact.
///
/// W105. The text itself is not repeated: it may hold a credential.
struct ArtifactURLError: CodedError {
    enum Reason { case scheme, host, credentials, character, tooLong }

    let reason: Reason

    var code: ErrorCode { .badPayload }
    var message: String {
        switch reason {
        case .scheme: "it does not begin with `https://`"
        case .host: "it has no host"
        case .credentials: "it has a user name or password in it"
        case .character: "it has a character that a URL cannot have"
        case .tooLong: "it is longer than \(ArtifactURL.maximumLength) characters"
        }
    }
}
