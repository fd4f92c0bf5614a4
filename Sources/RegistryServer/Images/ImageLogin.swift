// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HTTPTypes
import Hummingbird
import RegistryService
import WorkerModel

/// Who a client of images is: nobody, the holder of a key, or of a token that was made for one.
///
/// A key comes in `X-API-Key`, or as the password of Basic with any name; tokens come as Bearer.
struct ImageLogin: Sendable {
    /// Who sends a request.
    enum Client: Sendable {
        case anybody
        case keyHolder(Caller)
        case tokenHolder(ImageTokens.Holder)
    }

    /// The most bytes of an `Authorization` header that are read.
    private static let longest = 48 << 10

    let request: Request
    let context: RegistryContext
    let service: RegistryService

    /// Who sends a request.
    ///
    /// - Throws: `RegistryServiceError` for a wrong key or token.
    func client() async throws -> Client {
        if let key = request.apiKey {
            return .keyHolder(try await service.keys.caller(key, from: context.clientAddress))
        }
        guard let header = request.headers[.authorization], header.utf8.count <= Self.longest else { return .anybody }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { throw RegistryServiceError.keyUnknown }
        switch parts[0].lowercased() {
        case "basic":
            let key = Redacted(Self.password(parts[1]) ?? "")
            return .keyHolder(try await service.keys.caller(key, from: context.clientAddress))
        case "bearer":
            return .tokenHolder(try await service.images.tokens.holder(of: Redacted(String(parts[1]))))
        default: throw RegistryServiceError.keyUnknown
        }
    }

    /// The caller, where the request may do something to a repository.
    ///
    /// - Throws: `RegistryServiceError.keyMissing` for anybody; `.tokenInvalid` for a token that was made for less.
    func caller(to action: ImageTokens.Action, in repository: RepositoryName) async throws -> Caller {
        switch try await client() {
        case .anybody: throw RegistryServiceError.keyMissing
        case .keyHolder(let caller): return caller
        case .tokenHolder(let holder):
            guard let caller = holder.caller else { throw RegistryServiceError.keyMissing }
            guard holder.may(action, in: repository) else { throw RegistryServiceError.tokenInvalid }
            return caller
        }
    }

    /// What tells a client where tokens are made, and what it needs one for.
    func challenge(for path: ImagePath?) -> String {
        let url = service.publicURL()
        var text = "Bearer realm=\"\(url)\(ImagePath.prefix)/token\",service=\"\(url.authority)\""
        if let repository = path?.repository {
            let actions =
                switch (path, request.method) {
                case (.upload, _): "pull,push"
                case (_, .get), (_, .head): "pull"
                case (_, .delete): "delete"
                default: "pull,push"
                }
            text += ",scope=\"repository:\(repository):\(actions)\""
        }
        return text
    }

    private static func password(_ encoded: Substring) -> String? {
        guard let bytes = Base64.decode(String(encoded)), let text = String(validating: bytes, as: UTF8.self),
            let colon = text.firstIndex(of: ":")
        else { return nil }
        return String(text[text.index(after: colon)...])
    }
}
