// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import ImageDocuments
import JSONText
package import Transport
package import WorkerModel

/// An index or a manifest as its registry has it.
package struct ImageDocument: Sendable {
    package let bytes: [UInt8]
    package let digest: Digest
    package let content: OCIDocument
}

/// Talks to registries of images (OCI distribution specification), anonymously or with an account.
///
/// Safe to use from many tasks at once. Tokens are kept while it lives.
package struct ImageRegistry: Sendable {
    let transport: any Transport
    let pacing: Pacing
    private let insecureHosts: Set<String>
    private let credentials: @Sendable () throws -> ImageCredentials
    private let tokens = TokenCache()

    /// - Parameters:
    ///   - transport: the way to the network.
    ///   - insecureHosts: hosts, with their ports, to be talked to over plain http; those of this machine always are.
    ///   - pacing: the waits between two tries.
    ///   - credentials: read when a registry asks for them, and not before.
    package init(
        transport: any Transport,
        insecureHosts: Set<String> = [],
        pacing: Pacing = .live,
        credentials: @escaping @Sendable () throws -> ImageCredentials
    ) {
        self.transport = transport
        self.insecureHosts = insecureHosts
        self.pacing = pacing
        self.credentials = credentials
    }

    /// Fetches the index or manifest that a reference names, whose bytes have the digest that it names.
    ///
    /// - Throws: `OCIImageError`; `TransportError` where the registry does not answer.
    package func document(_ reference: ImageReference) async throws -> ImageDocument {
        let named = try namedDigest(reference)
        let part = named.map { "sha256:\($0)" } ?? reference.tag ?? "latest"
        let response = try await get("manifests/\(part)", of: reference, ["Accept": OCIMediaType.accepted])
        let bytes = try await collect(response, reference)
        let digest = Digest.sha256(bytes)
        if let named, digest != named {
            throw OCIImageError.digestMismatch(reference, what: "its manifest", expected: named, actual: digest)
        }
        do {
            let declared = response.headers["Content-Type"].flatMap(OCIMediaType.init(header:))
            return ImageDocument(
                bytes: bytes,
                digest: digest,
                content: try OCIDocument(parsing: bytes, declared: declared)
            )
        } catch { throw OCIImageError.unreadable(reference, reason: error.reason) }
    }

    /// Fetches a small blob, such as the configuration of an image.
    ///
    /// - Throws: As `document`.
    package func blob(_ blob: OCIDescriptor, of reference: ImageReference) async throws -> [UInt8] {
        let bytes = try await collect(try await get("blobs/sha256:\(blob.digest)", of: reference), reference)
        let digest = Digest.sha256(bytes)
        guard digest == blob.digest else {
            throw OCIImageError.digestMismatch(
                reference,
                what: "its configuration",
                expected: blob.digest,
                actual: digest
            )
        }
        return bytes
    }

    private func collect(_ response: TransportResponse, _ reference: ImageReference) async throws -> [UInt8] {
        do { return try await response.body.collect(upTo: OCIDocument.sizeLimit) } catch let error as BodyTooLarge {
            throw OCIImageError.unreadable(reference, reason: error.words)
        }
    }

    private func namedDigest(_ reference: ImageReference) throws(OCIImageError) -> Digest? {
        guard let text = reference.digest else { return nil }
        guard text.hasPrefix("sha256:"), let digest = try? Digest(parsing: text) else {
            throw .unsupportedDigest(reference)
        }
        return digest
    }

    /// Where a reference's registry answers: plain http on this machine's loopback and where the user says so, https
    /// everywhere else.
    func base(of reference: ImageReference) throws(RemoteURLError) -> RemoteURL {
        let host = reference.canonicalHost == "docker.io" ? "registry-1.docker.io" : reference.canonicalHost
        let name = host.hasPrefix("[") ? String(host.prefix { $0 != "]" }) + "]" : String(host.prefix { $0 != ":" })
        let isLocal = IPAddress.isLoopback(host: name)
        return try RemoteURL(parsing: "\(isLocal || insecureHosts.contains(host) ? "http" : "https")://\(host)")
    }
}

extension ImageRegistry {
    /// Asks for something of a repository, again where the reason why there is no answer may pass.
    func get(
        _ path: String,
        of reference: ImageReference,
        _ headers: HeaderFields = [:],
        accepting: Set<Int> = [200]
    ) async throws -> TransportResponse {
        let url = try base(of: reference).appending(target: "/v2/\(reference.canonicalPath)/\(path)")
        let request = TransportRequest(.get, url, purpose: .image, headers: headers)
        var schedule = RetrySchedule()
        while true {
            do {
                let response = try await send(request, for: reference)
                guard response.isTransientFailure,
                    let wait = schedule.wait(advice: response.retryAfter, jitter: pacing.jitter())
                else { return try await check(response, reference, accepting) }
                try await pacing.wait(Retry(after: response, wait: wait))
            } catch let error as TransportError {
                guard error.isTransient, let wait = schedule.wait(jitter: pacing.jitter()) else { throw error }
                try await pacing.wait(Retry(after: error, wait: wait))
            }
        }
    }

    /// The same with an account at a host, which wins over those that are known; `isPlain` talks to it without TLS.
    package func adding(
        user: String,
        password: Redacted<String>,
        at host: String,
        isPlain: Bool
    ) -> ImageRegistry {
        ImageRegistry(
            transport: transport,
            insecureHosts: isPlain ? insecureHosts.union([host]) : insecureHosts,
            pacing: pacing
        ) { [credentials] in try credentials().adding(user, password, at: host) }
    }

    private func check(
        _ response: TransportResponse,
        _ reference: ImageReference,
        _ accepting: Set<Int>
    ) async throws -> TransportResponse {
        if accepting.contains(response.status) { return response }
        switch response.status {
        case 401, 403: throw await unauthorized(reference)
        case 404: throw OCIImageError.notFound(reference)
        default: throw OCIImageError.refused(reference, status: response.status)
        }
    }

    private func unauthorized(_ reference: ImageReference) async -> OCIImageError {
        let host = reference.canonicalHost
        return .unauthorized(reference, host: host, cause: await tokens.failure(at: host))
    }

    /// Sends a request, once more with what a 401 asks for.
    func send(_ request: TransportRequest, for reference: ImageReference) async throws -> TransportResponse {
        var request = request
        let scope = "\(reference.canonicalHost)/\(reference.canonicalPath)"
        if let known = await tokens[scope] { request.credentials = [known] }
        let response = try await transport.send(request)
        // Whoever the registry redirects to is told nothing.
        guard response.status == 401, response.url.origin == request.url.origin else { return response }
        let header = response.headers["WWW-Authenticate"] ?? ""
        guard let credential = try await answer(AuthenticationChallenge.parse(header), request.url, reference) else {
            return response
        }
        await tokens.keep(credential, for: scope)
        request.credentials = [credential]
        return try await transport.send(request)
    }

    /// What to send to a registry that asks; nil where we have nothing that it would take.
    private func answer(
        _ challenges: [AuthenticationChallenge],
        _ url: RemoteURL,
        _ reference: ImageReference
    ) async throws -> TransportRequest.Credential? {
        let account = try await account(for: reference)
        for challenge in challenges {
            switch challenge.scheme {
            case "bearer": return try await token(challenge, account, url, reference)
            case "basic": if let value = account?.authorization { return .init(name: "Authorization", value: value) }
            default: break
            }
        }
        return nil
    }

    /// Our account for a repository; where the program that keeps it fails we are nobody there, which is enough for most
    /// images.
    private func account(for reference: ImageReference) async throws -> ImageCredentials.Account? {
        let credentials = try credentials()
        let host = reference.canonicalHost
        do { return try await credentials.account(host: host, repository: reference.canonicalPath) } catch let error
            as CancellationError
        { throw error } catch {
            await tokens.keep(error, at: host)
            return nil
        }
    }

    /// Fetches a token from the realm that the registry names.
    private func token(
        _ challenge: AuthenticationChallenge,
        _ account: ImageCredentials.Account?,
        _ url: RemoteURL,
        _ reference: ImageReference
    ) async throws -> TransportRequest.Credential? {
        let realmText = challenge.parameters["realm"] ?? ""
        guard let realm = try? RemoteURL(parsing: realmText), realm.scheme == .https || url.scheme == .http else {
            throw OCIImageError.unsafeRealm(reference, realm: realmText)
        }
        let request = try tokenRequest(
            to: realm,
            challenge,
            account,
            isNear: url.scheme == .http || realm.host == url.host
        )
        let response = try await transport.send(request)
        if response.status == 401 || response.status == 403 {
            throw await unauthorized(reference)
        }
        guard response.status == 200 else { throw OCIImageError.refused(reference, status: response.status) }
        guard let bytes = try? await response.body.collect(upTo: .mebibytes(1)),
            let answer = try? JSONCursor(JSONValue(parsing: bytes)),
            // Servers that have only one of the two may send the other empty.
            let token = ["token", "access_token"].lazy.compactMap({ try? answer.optional($0)?.string() })
                .first(where: { !$0.isEmpty }),
            // What goes into a header must not end it.
            token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw OCIImageError.unreadable(reference, reason: "the answer of \(realm) holds no token") }
        return .init(name: "Authorization", value: Redacted("Bearer \(token)"))
    }
}

extension ImageRegistry {
    /// The question for a token: a GET with the account (Docker's token protocol), or a POST with an identity token (its
    /// OAuth 2 form).
    ///
    /// With `isNear` the realm may be trusted as far as the registry is; a realm elsewhere gets no more trust than any address
    /// that somebody names.
    private func tokenRequest(
        to realm: RemoteURL,
        _ challenge: AuthenticationChallenge,
        _ account: ImageCredentials.Account?,
        isNear: Bool
    ) throws -> TransportRequest {
        let purpose: TransportRequest.Purpose = isNear ? .image : .artifact
        var words = ["service", "scope"].compactMap { name in
            challenge.parameters[name].map { "\(name)=\(PercentEncoding.encode($0))" }
        }
        if case .identity(let token) = account {
            words += ["grant_type=refresh_token", "client_id=iii"]
            words.append("refresh_token=\(PercentEncoding.encode(token.exposed))")
            let headers: HeaderFields = ["Content-Type": "application/x-www-form-urlencoded"]
            let body = TransportRequest.Body.bytes(Array(words.joined(separator: "&").utf8))
            return TransportRequest(.post, realm, purpose: purpose, headers: headers, body: body)
        }
        if let query = realm.query { words.insert(query, at: 0) }
        let wire = try RemoteURL(parsing: "\(realm.origin)\(realm.path)?\(words.joined(separator: "&"))")
        var request = TransportRequest(.get, wire, purpose: purpose)
        if let value = account?.authorization { request.credentials = [.init(name: "Authorization", value: value)] }
        return request
    }
}

/// What was used last for each repository.
private actor TokenCache {
    private var credentials: [String: TransportRequest.Credential] = [:]
    /// Why we are nobody at a host.
    private var failures: [String: any Error] = [:]

    subscript(scope: String) -> TransportRequest.Credential? { credentials[scope] }

    func keep(_ credential: TransportRequest.Credential, for scope: String) { credentials[scope] = credential }

    func failure(at host: String) -> (any Error)? { failures[host] }

    func keep(_ failure: any Error, at host: String) { failures[host] = failure }
}
