// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import ImageDocuments
import Testing
import Transport
import TransportTestSupport
import WorkerModel

@testable import OCIImages

struct ImageRegistryTests {
    private static let manifest = Array(
        #"""
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
        {"mediaType":"application/vnd.oci.image.manifest.v1+json","size":2,
        "digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "platform":{"os":"linux","architecture":"amd64"}}]}
        """#.utf8
    )
    private static let headers: HeaderFields = ["Content-Type": OCIMediaType.index.rawValue]

    private func authorization(_ request: TransportRequest) -> String? { request.credentials.first?.value.exposed }

    @Test func asksAnonymouslyAndChecksTheDigest() async throws {
        let network = FakeTransport { _ in .respond(status: 200, headers: Self.headers, body: Self.manifest) }
        let image = try await ImageRegistry(transport: network) { .none }.document(ImageReference(parsing: "redis"))
        #expect(image.digest == .sha256(Self.manifest))
        #expect(image.bytes == Self.manifest)
        let request = try #require(network.requests.first)
        #expect(request.url.description == "https://registry-1.docker.io/v2/library/redis/manifests/latest")
        #expect(request.headers["Accept"]?.contains("index.v1+json") == true)
        #expect(request.credentials.isEmpty)

        let pinned = try ImageReference(parsing: "ghcr.io/a/b@sha256:" + String(repeating: "00", count: 32))
        await #expect { try await ImageRegistry(transport: network) { .none }.document(pinned) } throws: { error in
            guard case .digestMismatch = error as? OCIImageError else { return false }
            return true
        }
    }

    @Test func fetchesATokenOnceAndSendsItToTheRegistryOnly() async throws {
        let challenge = #"Bearer realm="https://auth.example/t?a=b",service="r s",scope="repository:a/b:pull""#
        let network = FakeTransport { request in
            if request.url.host.description == "auth.example" {
                return .respond(status: 200, body: Array(#"{"access_token":"abc"}"#.utf8))
            }
            guard request.credentials.first?.value.exposed == "Bearer abc" else {
                return .respond(status: 401, headers: ["WWW-Authenticate": challenge])
            }
            return .respond(status: 200, headers: Self.headers, body: Self.manifest)
        }
        let account = try ImageCredentials(
            parsing: Array(#"{"auths":{"https://ghcr.io/v2/":{"auth":"dTpw"},"other.io":{"auth":"eDp5"}}}"#.utf8),
            from: "config.json"
        )
        let registry = ImageRegistry(transport: network) { account }
        let reference = try ImageReference(parsing: "ghcr.io/a/b:1")
        _ = try await registry.document(reference)
        _ = try await registry.document(reference)
        let requests = network.requests
        #expect(requests.map { $0.url.host.description } == ["ghcr.io", "auth.example", "ghcr.io", "ghcr.io"])
        #expect(requests[1].url.wireText == "https://auth.example/t?a=b&service=r%20s&scope=repository%3Aa%2Fb%3Apull")
        #expect(requests.map(authorization) == [nil, "Basic dTpw", "Bearer abc", "Bearer abc"])
    }

    @Test(arguments: [
        (#"Bearer realm="http://auth.example/t""#, "asks for a token at `http://auth.example/t`"),
        (#"Bearer service="x""#, "asks for a token at ``"), ("Basic realm=x", "does not let us read"),
        ("Negotiate", "does not let us read"), ("", "does not let us read"),
    ])
    func refusesToAnswerWhatWouldNotBeSafe(_ challenge: String, _ words: String) async throws {
        let network = FakeTransport { _ in .respond(status: 401, headers: ["WWW-Authenticate": challenge]) }
        let reference = try ImageReference(parsing: "ghcr.io/a/b")
        let error = await #expect(throws: OCIImageError.self) {
            try await ImageRegistry(transport: network) { .none }.document(reference)
        }
        #expect(error?.code == .imagePull)
        #expect(error?.message.contains(words) == true)
        #expect(network.requests.count == 1)
    }

    @Test(arguments: ["a\\nX: y", "", "\\u00e9"])
    func tokenThatIsNoneIsNotSent(_ token: String) async throws {
        let network = FakeTransport { request in
            if request.url.host.description == "auth.example" {
                return .respond(status: 200, body: Array(#"{"token":"\#(token)"}"#.utf8))
            }
            return .respond(status: 401, headers: ["WWW-Authenticate": #"Bearer realm="https://auth.example/t""#])
        }
        let reference = try ImageReference(parsing: "ghcr.io/a/b")
        let registry = ImageRegistry(transport: network) { .none }
        await #expect(throws: OCIImageError.self) { try await registry.document(reference) }
        #expect(network.requests.allSatisfy { $0.credentials.isEmpty })
    }

    @Test(arguments: [(404, "there is no image"), (403, "does not let us read"), (418, "answered 418")])
    func saysWhatTheServerSaid(_ status: Int, _ words: String) async throws {
        let network = FakeTransport { _ in .respond(status: status) }
        let reference = try ImageReference(parsing: "ghcr.io/a/b")
        let error = await #expect(throws: OCIImageError.self) {
            try await ImageRegistry(transport: network) { .none }.document(reference)
        }
        #expect(error?.message.contains(words) == true)
    }

    @Test(arguments: [
        ("127.0.0.1:5000/a", "http://127.0.0.1:5000"), ("localhost:5000/a", "http://localhost:5000"),
        ("[::1]:5000/a", "http://[::1]:5000"), ("ghcr.io/a/b", "https://ghcr.io"),
        ("localhost.example.com/a", "https://localhost.example.com"), ("a", "https://registry-1.docker.io"),
    ])
    func onlyThisMachineIsAskedWithoutTLS(_ reference: String, _ base: String) throws {
        let registry = ImageRegistry(transport: FakeTransport { _ in .respond(status: 404) }) { .none }
        #expect(try registry.base(of: ImageReference(parsing: reference)).origin.description == base)
    }

    @Test func whatTheUserCallsInsecureIsAskedWithoutTLS() throws {
        let network = FakeTransport { _ in .respond(status: 404) }
        let registry = ImageRegistry(transport: network, insecureHosts: ["reg.example:5000"]) { .none }
        for (reference, scheme) in [("reg.example:5000/a", "http"), ("reg.example/a", "https")] {
            #expect(try registry.base(of: ImageReference(parsing: reference)).scheme.rawValue == scheme)
        }
    }

    /// A registry may send us to storage elsewhere, which then asks who we are.
    @Test func whoeverARegistryRedirectsToIsToldNothing() async throws {
        let network = FakeTransport { request in
            request.url.host.description == "ghcr.io"
                ? .redirect(to: "https://storage.example/blob")
                : .respond(status: 401, headers: ["WWW-Authenticate": "Basic realm=x"])
        }
        let registry = ImageRegistry(transport: network) { .none.adding("u", Redacted("p"), at: "ghcr.io") }
        let reference = try ImageReference(parsing: "ghcr.io/a/b")
        await #expect(throws: OCIImageError.self) { try await registry.document(reference) }
        #expect(network.requests.count == 2)
        #expect(network.requests.allSatisfy { $0.credentials.isEmpty })
    }

    @Test(arguments: [("", "p", "OnA="), ("a", "", "YTo="), ("u", "p", "dTpw"), ("é", "?>", "w6k6Pz4=")])
    func accountsAreSentAsBase64(_ user: String, _ password: String, _ text: String) async throws {
        let credentials = ImageCredentials.none.adding(user, Redacted(password), at: "h")
        #expect(try await credentials.account(host: "h", repository: "a")?.authorization?.exposed == "Basic \(text)")
        #expect(
            try await credentials.account(host: "i", repository: "a")?.authorization?.exposed == nil,
            "nobody there"
        )
    }

    /// Which program is asked for which server, and what comes of it: `name server` as user and password.
    @Test(arguments: [
        (#"{"credsStore":"s"}"#, "ghcr.io", "s ghcr.io"),
        (#"{"credsStore":"s"}"#, "docker.io", "s https://index.docker.io/v1/"),
        (#"{"credsStore":"s","credHelpers":{"ghcr.io":"h"}}"#, "ghcr.io", "h ghcr.io"),
        (#"{"credsStore":"s","auths":{"ghcr.io":{"auth":"eDp5"}}}"#, "ghcr.io", "s ghcr.io"),
        (#"{"credsStore":"knows-none","auths":{"ghcr.io":{"auth":"eDp5"}}}"#, "ghcr.io", "x:y"),
        (#"{"credHelpers":{"other.io":"h"},"auths":{"ghcr.io":{}}}"#, "ghcr.io", nil),
        (#"{"credsStore":""}"#, "ghcr.io", nil), (#"{"credsStore":"s"}"#, "own.io", "u:p"),
    ])
    func programsThatKeepAccountsAreAsked(_ file: String, _ host: String, _ expected: String?) async throws {
        let credentials = try ImageCredentials(parsing: Array(file.utf8), from: "config.json") { name, server in
            name == "knows-none" ? nil : (name, Redacted(server))
        }
        .adding("u", Redacted("p"), at: "own.io")
        let wanted = expected.map { Base64.text(Array($0.replacing(" ", with: ":").utf8)) }
        let found = try await credentials.account(host: host, repository: "a/b")
        #expect(found?.authorization?.exposed == wanted.map { "Basic \($0)" })
    }

    /// The forms of entries, and which of several holds for `ghcr.io/team/app`: the one with the longest path.
    @Test(arguments: [
        (#"{"auths":{"ghcr.io":{"username":"u","password":"p"}}}"#, "u:p"),
        (#"{"auths":{"ghcr.io":{"auth":"","username":"u","password":"p"}}}"#, "u:p"),
        (#"{"auths":{"ghcr.io":{"username":"u"}}}"#, nil),
        (#"{"auths":{"ghcr.io":{"auth":"eDp5"},"ghcr.io/team":{"auth":"dTpw"}}}"#, "u:p"),
        (#"{"auths":{"ghcr.io/team/app":{"auth":"dTpw"},"ghcr.io/team":{"auth":"eDp5"}}}"#, "u:p"),
        (#"{"auths":{"ghcr.io/other":{"auth":"dTpw"},"ghcr.io":{"auth":"eDp5"}}}"#, "x:y"),
        (#"{"auths":{"ghcr.io/tea":{"auth":"dTpw"}}}"#, nil),
        (#"{"auths":{"https://ghcr.io/v1/":{"auth":"eDp5"}}}"#, "x:y"),
        (#"{"auths":{"ghcr.io/v1/":{"auth":"eDp5"}}}"#, "x:y"),
    ])
    func entriesHaveSeveralForms(_ file: String, _ expected: String?) async throws {
        let credentials = try ImageCredentials(parsing: Array(file.utf8), from: "auth.json")
        let found = try await credentials.account(host: "ghcr.io", repository: "team/app")
        #expect(found?.authorization?.exposed == expected.map { "Basic \(Base64.text(Array($0.utf8)))" })
    }

    @Test func theFirstFileWithAnAccountWins() async throws {
        func file(_ text: String) throws -> ImageCredentials {
            try ImageCredentials(parsing: Array(text.utf8), from: "f")
        }
        let both = try file(#"{"auths":{"a.io":{"auth":"dTpw"}}}"#)
            .addingFiles(of: file(#"{"auths":{"a.io":{"auth":"eDp5"},"b.io":{"auth":"eDp5"}}}"#))
        #expect(try await both.account(host: "a.io", repository: "r")?.authorization?.exposed == "Basic dTpw")
        #expect(try await both.account(host: "b.io", repository: "r")?.authorization?.exposed == "Basic eDp5")
        #expect(both.hosts == ["a.io", "b.io"])
    }

    /// An identity token is sent to the token server only, as the password of nobody.
    @Test(arguments: [
        #"{"auths":{"ghcr.io":{"auth":"PHRva2VuPjo=","identitytoken":"long secret"}}}"#, #"{"credsStore":"s"}"#,
    ])
    func anIdentityTokenIsExchanged(_ file: String) async throws {
        let network = FakeTransport { request in
            if request.url.host.description == "auth.example" {
                return .respond(status: 200, body: Array(#"{"token":"","access_token":"abc"}"#.utf8))
            }
            if !request.credentials.isEmpty { return .respond(status: 200, headers: Self.headers, body: Self.manifest) }
            let challenge = #"Bearer realm="https://auth.example/t",service="s",scope="repository:a/b:pull""#
            return .respond(status: 401, headers: ["WWW-Authenticate": challenge])
        }
        let account = try ImageCredentials(parsing: Array(file.utf8), from: "f") { _, _ in
            ("<token>", Redacted("long secret"))
        }
        _ = try await ImageRegistry(transport: network) { account }.document(ImageReference(parsing: "ghcr.io/a/b"))
        let asked = network.requests[1]
        #expect(asked.method == .post && asked.credentials.isEmpty && asked.url.wireText == "https://auth.example/t")
        guard case .bytes(let bytes) = asked.body else {
            Issue.record("nothing was sent")
            return
        }
        let words = String(decoding: bytes, as: UTF8.self)
        #expect(
            words == "service=s&scope=repository%3Aa%2Fb%3Apull&grant_type=refresh_token&client_id=iii"
                + "&refresh_token=long%20secret"
        )
        #expect(network.requests[2].credentials.first?.value.exposed == "Bearer abc")
    }

    @Test(arguments: [200, 401]) func whereAProgramFailsWeAreNobody(_ status: Int) async throws {
        struct Broken: Error {}
        let network = FakeTransport { request in
            if request.url.host.description == "auth.example" {
                return .respond(status: status, body: Array(#"{"token":"abc"}"#.utf8))
            }
            if !request.credentials.isEmpty { return .respond(status: 200, headers: Self.headers, body: Self.manifest) }
            return .respond(status: 401, headers: ["WWW-Authenticate": #"Bearer realm="https://auth.example/t""#])
        }
        let account = try ImageCredentials(parsing: Array(#"{"credsStore":"s"}"#.utf8), from: "f") { _, _ in
            throw Broken()
        }
        let registry = ImageRegistry(transport: network) { account }
        let reference = try ImageReference(parsing: "ghcr.io/a/b")
        if status == 200 {
            _ = try await registry.document(reference)
        } else {
            let error = await #expect(throws: OCIImageError.self) { try await registry.document(reference) }
            #expect(error?.cause is Broken)
        }
        let asked = network.requests.filter { $0.url.host.description == "auth.example" }
        #expect(asked.map(\.credentials.count) == [0])
    }

    @Test(arguments: ["", "[]", #"{"auths":[]}"#, #"{"auths":{"a":{"auth":7}}}"#])
    func damagedCredentialsAreNamed(_ text: String) {
        let error = #expect(throws: OCIImageError.self) {
            try ImageCredentials(parsing: Array(text.utf8), from: "/home/a/.docker/config.json")
        }
        #expect(error?.message.contains("/home/a/.docker/config.json") == true)
    }
}
