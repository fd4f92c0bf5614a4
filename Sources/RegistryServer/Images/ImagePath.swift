// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryService
import WorkerModel

/// What a path below `/v2/` names, as the distribution specification lays them out.
///
/// Names of repositories have any number of parts, so paths are read from their end.
enum ImagePath: Hashable {
    case root
    case token
    case catalog
    case tags(RepositoryName)
    case manifest(RepositoryName, ManifestReference)
    case blob(RepositoryName, ContentDigest)
    case uploads(RepositoryName)
    case upload(PushBlob.Session)
    case referrers(RepositoryName, ContentDigest)

    static let prefix = "/v2"

    /// Reads a path, percent-encoded as it came.
    ///
    /// - Throws: `RequestFault.unknownRoute`, `RegistryServiceError.image` for a name, tag or digest that is none.
    init(_ path: String) throws {
        guard let text = String(validating: StreamSafeRequests.decoded(path.utf8), as: UTF8.self),
            text.hasPrefix(Self.prefix)
        else { throw RequestFault.unknownRoute }
        var parts = text.dropFirst(Self.prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.first?.isEmpty ?? true else { throw RequestFault.unknownRoute }
        parts = Array(parts.dropFirst())
        // `/v2/` and `…/blobs/uploads/` end with a slash.
        if parts.last == "" { parts.removeLast() }
        switch parts.count {
        case 0: self = .root
        case 1 where parts[0] == "token": self = .token
        case 1 where parts[0] == "_catalog": self = .catalog
        case 3...: self = try Self.inRepository(parts)
        default: throw RequestFault.unknownRoute
        }
    }

    private static func inRepository(_ parts: [Substring]) throws -> ImagePath {
        let (kind, last) = (parts[parts.count - 2], parts[parts.count - 1])
        func name(without count: Int) throws -> RepositoryName {
            do throws(RepositoryNameError) {
                return try RepositoryName(parsing: parts.dropLast(count).joined(separator: "/"))
            } catch { throw RegistryServiceError.image(.nameInvalid(error)) }
        }
        if parts.count >= 4, parts[parts.count - 3] == "blobs", kind == "uploads" {
            let repository = try name(without: 3)
            guard let session = PushBlob.Session(String(last), in: repository) else {
                throw RegistryServiceError.image(.uploadUnknown)
            }
            return .upload(session)
        }
        switch (kind, last) {
        case ("tags", "list"): return .tags(try name(without: 2))
        case ("blobs", "uploads"): return .uploads(try name(without: 2))
        case ("manifests", _):
            return .manifest(try name(without: 2), try ManifestReference(parsing: String(last)))
        case ("blobs", _): return .blob(try name(without: 2), try digest(last))
        case ("referrers", _): return .referrers(try name(without: 2), try digest(last))
        default: throw RequestFault.unknownRoute
        }
    }

    /// Reads a digest.
    ///
    /// - Throws: `RegistryServiceError.image` with `.digestInvalid`.
    static func digest(_ text: some StringProtocol) throws -> ContentDigest {
        guard let digest = try? ContentDigest(parsing: text) else {
            throw RegistryServiceError.image(
                .digestInvalid("is neither of sha256 nor of sha512, or not written as one")
            )
        }
        return digest
    }

    /// The repository, where the path names one.
    var repository: RepositoryName? {
        switch self {
        case .root, .token, .catalog: nil
        case .tags(let name), .manifest(let name, _), .blob(let name, _), .uploads(let name), .referrers(let name, _):
            name
        case .upload(let session): session.repository
        }
    }

    /// The path of an upload.
    static func address(of session: PushBlob.Session) -> String {
        "\(prefix)/\(session.repository)/blobs/uploads/\(session.id)"
    }

    /// The path of a blob.
    static func address(of digest: ContentDigest, in repository: RepositoryName) -> String {
        "\(prefix)/\(repository)/blobs/\(digest)"
    }
}
