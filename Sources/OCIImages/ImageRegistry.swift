// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import ImageDocuments
import JSONText
package import Transport
package import WorkerModel

/// An image as its registry has it now.
package struct RegistryImage: Sendable {
    /// The digest of the index or manifest that was named.
    package let digest: Digest
    /// The platforms that it runs on; empty for a single image, which says so only in its configuration.
    package let platforms: [ImagePlatform]
}

/// Talks to registries of images (OCI distribution specification), anonymously or with an account.
///
/// Safe to use from many tasks at once. Tokens are kept while it lives.
package struct ImageRegistry: Sendable {
    private let transport: any Transport
    private let credentials: @Sendable () throws -> ImageCredentials
    private let tokens = TokenCache()

    /// `credentials` are read when a registry asks for them, and not before.
    package init(transport: any Transport, credentials: @escaping @Sendable () throws -> ImageCredentials) {
        self.transport = transport
        self.credentials = credentials
    }

    /// Asks what a reference names; fetches its manifest or index, and nothing else.
    ///
    /// - Throws: `OCIImageError`; `TransportError` where the registry does not answer.
    package func look(_ reference: ImageReference) async throws -> RegistryImage {
        let (document, digest) = try await document(reference)
        guard case .index(let images) = document else { return RegistryImage(digest: digest, platforms: []) }
        var platforms: [ImagePlatform] = []
        for platform in images.compactMap(\.platform) where !platforms.contains(platform) {
            platforms.append(platform)
        }
        return RegistryImage(digest: digest, platforms: platforms)
    }

    /// The document that a reference names, whose bytes have the digest that it names.
    func document(_ reference: ImageReference) async throws -> (OCIDocument, Digest) {
        let named = try namedDigest(reference)
        let part = named.map { "sha256:\($0)" } ?? reference.tag ?? "latest"
        let url = try Self.base(of: reference).appending(target: "/v2/\(reference.canonicalPath)/manifests/\(part)")
        var request = TransportRequest(.get, url, purpose: .artifact)
        request.headers["Accept"] = OCIMediaType.accepted
        let response = try await send(request, reference)
        let bytes: [UInt8]
        do {
            bytes = try await response.body.collect(upTo: OCIDocument.sizeLimit)
        } catch let error as BodyTooLarge { throw OCIImageError.unreadable(reference, reason: "\(error)") }
        let digest = Digest.sha256(bytes)
        if let named, digest != named {
            throw OCIImageError.digestMismatch(reference, expected: "\(named)", actual: "\(digest)")
        }
        do {
            let declared = response.headers["Content-Type"].flatMap(OCIMediaType.init(header:))
            return (try OCIDocument(parsing: bytes, declared: declared), digest)
        } catch { throw OCIImageError.unreadable(reference, reason: error.reason) }
    }

    private func namedDigest(_ reference: ImageReference) throws(OCIImageError) -> Digest? {
        guard let text = reference.digest else { return nil }
        guard text.hasPrefix("sha256:"), let digest = try? Digest(parsing: text) else {
            throw .unsupportedDigest(reference)
        }
        return digest
    }

    /// Where a reference's registry answers: plain http on this machine's loopback, https everywhere else.
    static func base(of reference: ImageReference) throws(RemoteURLError) -> RemoteURL {
        let host = reference.canonicalHost == "docker.io" ? "registry-1.docker.io" : reference.canonicalHost
        let name = host.hasPrefix("[") ? String(host.prefix { $0 != "]" }) + "]" : String(host.prefix { $0 != ":" })
        let isLocal = name == "localhost" || name == "[::1]" || name.hasPrefix("127.")
        return try RemoteURL(parsing: "\(isLocal ? "http" : "https")://\(host)")
    }
}

extension ImageRegistry {
    /// Sends a request, once more with what a 401 asks for.
    private func send(_ request: TransportRequest, _ reference: ImageReference) async throws -> TransportResponse {
        var request = request
        let scope = "\(reference.canonicalHost)/\(reference.canonicalPath)"
        if let known = await tokens[scope] { request.credentials = [known] }
        var response = try await transport.send(request)
        if response.status == 401 {
            let header = response.headers["WWW-Authenticate"] ?? ""
            guard let credential = try await answer(AuthenticationChallenge.parse(header), request.url, reference)
            else {
                throw OCIImageError.unauthorized(reference, host: reference.canonicalHost)
            }
            await tokens.keep(credential, for: scope)
            request.credentials = [credential]
            response = try await transport.send(request)
        }
        switch response.status {
        case 200: return response
        case 401, 403: throw OCIImageError.unauthorized(reference, host: reference.canonicalHost)
        case 404: throw OCIImageError.notFound(reference)
        default: throw OCIImageError.refused(reference, status: response.status)
        }
    }

    /// What to send to a registry that asks; nil where we have nothing that it would take.
    private func answer(
        _ challenges: [AuthenticationChallenge],
        _ url: RemoteURL,
        _ reference: ImageReference
    ) async throws -> TransportRequest.Credential? {
        let account = try credentials().basic(for: reference.canonicalHost)
        for challenge in challenges {
            switch challenge.scheme {
            case "bearer": return try await token(challenge, account, url, reference)
            case "basic": if let account { return .init(name: "Authorization", value: account) }
            default: break
            }
        }
        return nil
    }

    /// Fetches a token from the realm that the registry names.
    private func token(
        _ challenge: AuthenticationChallenge,
        _ account: Redacted<String>?,
        _ url: RemoteURL,
        _ reference: ImageReference
    ) async throws -> TransportRequest.Credential? {
        let realmText = challenge.parameters["realm"] ?? ""
        guard let realm = try? RemoteURL(parsing: realmText), realm.scheme == .https || url.scheme == .http else {
            throw OCIImageError.unsafeRealm(reference, realm: realmText)
        }
        var query = realm.query.map { [$0] } ?? []
        for name in ["service", "scope"] {
            guard let value = challenge.parameters[name] else { continue }
            query.append("\(name)=\(Self.encode(value))")
        }
        let target = "\(realm.path)?\(query.joined(separator: "&"))"
        let wire = try RemoteURL(parsing: realm.origin.description + target)
        var request = TransportRequest(.get, wire, purpose: .artifact)
        if let account { request.credentials = [.init(name: "Authorization", value: account)] }
        let response = try await transport.send(request)
        if response.status == 401 || response.status == 403 {
            throw OCIImageError.unauthorized(reference, host: reference.canonicalHost)
        }
        guard response.status == 200 else { throw OCIImageError.refused(reference, status: response.status) }
        guard let bytes = try? await response.body.collect(upTo: .mebibytes(1)),
            let answer = try? JSONCursor(JSONValue(parsing: bytes)),
            let token = try? (answer.optional("token") ?? answer.optional("access_token"))?.string(),
            // What goes into a header must not end it.
            !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw OCIImageError.unreadable(reference, reason: "the answer of \(realm) holds no token") }
        return .init(name: "Authorization", value: Redacted("Bearer \(token)"))
    }

    private static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.map { byte -> String in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: String(UnicodeScalar(byte))
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): String(UnicodeScalar(byte))
            default: "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }.joined()
    }
}

/// What was used last for each repository.
private actor TokenCache {
    private var credentials: [String: TransportRequest.Credential] = [:]

    subscript(scope: String) -> TransportRequest.Credential? { credentials[scope] }

    func keep(_ credential: TransportRequest.Credential, for scope: String) { credentials[scope] = credential }
}
