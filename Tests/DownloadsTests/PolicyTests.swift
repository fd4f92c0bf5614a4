// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing
import Transport

@testable import Downloads

@Suite struct SpecialRangeTests {
    @Test(arguments: [
        ("0.0.0.0", SpecialRange.unspecified), ("0.1.2.3", .reserved),
        ("10.0.0.0", .privateUse), ("10.255.255.255", .privateUse),
        ("100.64.0.0", .carrierNAT), ("100.127.255.255", .carrierNAT),
        ("127.0.0.1", .loopback), ("127.255.255.255", .loopback),
        ("169.254.0.0", .linkLocal), ("169.254.169.254", .linkLocal),
        ("172.16.0.0", .privateUse), ("172.31.255.255", .privateUse),
        ("192.0.0.8", .reserved), ("192.0.2.1", .documentation), ("192.88.99.1", .reserved),
        ("192.168.0.0", .privateUse), ("192.168.255.255", .privateUse),
        ("198.18.0.0", .benchmarking), ("198.19.255.255", .benchmarking),
        ("198.51.100.7", .documentation), ("203.0.113.7", .documentation),
        ("224.0.0.1", .multicast), ("239.255.255.255", .multicast),
        ("240.0.0.1", .reserved), ("255.255.255.255", .broadcast),
        ("::", .unspecified), ("::1", .loopback),
        ("::127.0.0.1", .embeddedIPv4), ("::8.8.8.8", .embeddedIPv4), ("::2", .embeddedIPv4),
        ("::ffff:127.0.0.1", .embeddedIPv4), ("::ffff:8.8.8.8", .embeddedIPv4), ("::ffff:0:8.8.8.8", .embeddedIPv4),
        ("64:ff9b::127.0.0.1", .embeddedIPv4), ("64:ff9b:1::1", .embeddedIPv4),
        ("2002:7f00:1::", .embeddedIPv4), ("2001::1", .embeddedIPv4), ("2001:0:7f00::1", .embeddedIPv4),
        ("2001:2::1", .benchmarking), ("2001:10::1", .reserved), ("2001:db8::1", .documentation),
        ("3fff::1", .documentation), ("100::1", .reserved), ("5f00::1", .reserved),
        ("fc00::1", .privateUse), ("fdff::1", .privateUse), ("fe80::1", .linkLocal), ("febf::1", .linkLocal),
        ("fec0::1", .privateUse), ("ff02::1", .multicast), ("4000::1", .reserved), ("::1:0:0:0:1", .reserved),
    ])
    func names(_ text: String, _ range: SpecialRange) throws {
        #expect(SpecialRange(of: try #require(IPAddress(text))) == range)
    }

    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888", "2003::1",
        "2a00:1450::1",
    ])
    func leavesPublicAddressesAlone(_ text: String) throws {
        #expect(SpecialRange(of: try #require(IPAddress(text))) == nil)
    }
}

/// Who may be contacted: a row for every rule.
@Suite struct ContactPolicyTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var url: String
        var addresses: [String]
        /// The registry that named the URL.
        var registry: String?
        /// Whether the user has named that registry.
        var isTrusted = true
        var isInsecure = false
        var allowsLoopback = false
        var registryIsLoopback = false
        var purpose = TransportRequest.Purpose.artifact
        var redirectedFromLoopback: Bool?
        /// The addresses that are left, or why there are none.
        var expected: Result<[String], TransportError.Reason>
    }

    private static func refused(_ address: String, _ range: SpecialRange) -> Result<[String], TransportError.Reason> {
        .failure(.refusedAddress(address, range: range.rawValue))
    }

    static let rows: [Row] = [
        Row(
            testDescription: "public https",
            url: "https://e.org",
            addresses: ["8.8.8.8"],
            expected: .success(["8.8.8.8"])
        ),
        Row(
            testDescription: "public http",
            url: "http://e.org",
            addresses: ["8.8.8.8"],
            expected: .failure(.plainHTTP)
        ),
        Row(
            testDescription: "a name that leads inside",
            url: "https://e.org",
            addresses: ["10.0.0.1"],
            expected: refused("10.0.0.1", .privateUse)
        ),
        Row(
            testDescription: "of several addresses only public ones",
            url: "https://e.org",
            addresses: ["127.0.0.1", "8.8.8.8", "::ffff:8.8.4.4"],
            expected: .success(["8.8.8.8"])
        ),
        Row(
            testDescription: "loopback https",
            url: "https://127.0.0.1",
            addresses: ["127.0.0.1"],
            expected: refused("127.0.0.1", .loopback)
        ),
        Row(
            testDescription: "loopback http",
            url: "http://127.0.0.1",
            addresses: ["127.0.0.1"],
            expected: refused("127.0.0.1", .loopback)
        ),
        Row(
            testDescription: "loopback http with the switch",
            url: "http://127.0.0.1",
            addresses: ["127.0.0.1"],
            allowsLoopback: true,
            expected: .success(["127.0.0.1"])
        ),
        Row(
            testDescription: "the switch opens nothing but loopback",
            url: "https://10.0.0.1",
            addresses: ["10.0.0.1"],
            allowsLoopback: true,
            expected: refused("10.0.0.1", .privateUse)
        ),
        Row(
            testDescription: "the switch opens no public http",
            url: "http://e.org",
            addresses: ["8.8.8.8"],
            allowsLoopback: true,
            expected: .failure(.plainHTTP)
        ),
        Row(
            testDescription: "loopback http beside a loopback registry",
            url: "http://127.0.0.1:9",
            addresses: ["127.0.0.1"],
            registry: "http://localhost:8080",
            registryIsLoopback: true,
            expected: .success(["127.0.0.1"])
        ),
        Row(
            testDescription: "private address beside a loopback registry",
            url: "https://10.0.0.1",
            addresses: ["10.0.0.1"],
            registry: "http://127.0.0.1:8080",
            registryIsLoopback: true,
            expected: refused("10.0.0.1", .privateUse)
        ),
        Row(
            testDescription: "the private host of the registry",
            url: "https://registry.corp/blobs/x",
            addresses: ["10.0.0.1"],
            registry: "https://registry.corp",
            expected: .success(["10.0.0.1"])
        ),
        Row(
            testDescription: "another host at the registry's address",
            url: "https://other.corp/x",
            addresses: ["10.0.0.1"],
            registry: "https://registry.corp",
            expected: refused("10.0.0.1", .privateUse)
        ),
        Row(
            testDescription: "artifact over http from a private registry",
            url: "http://registry.corp/blobs/x",
            addresses: ["10.0.0.1"],
            registry: "http://registry.corp",
            expected: .failure(.plainHTTP)
        ),
        Row(
            testDescription: "artifact over http from a registry that may be talked to so",
            url: "http://registry.corp/blobs/x",
            addresses: ["10.0.0.1"],
            registry: "http://registry.corp",
            isInsecure: true,
            expected: .success(["10.0.0.1"])
        ),
        Row(
            testDescription: "talking http to a registry that is only named",
            url: "http://registry.corp/resolve",
            addresses: ["10.0.0.1"],
            registry: "http://registry.corp",
            purpose: .registry,
            expected: .failure(.plainHTTP)
        ),
        Row(
            testDescription: "talking http to the registry with which it is allowed",
            url: "http://registry.corp/resolve",
            addresses: ["10.0.0.1"],
            registry: "http://registry.corp",
            isInsecure: true,
            purpose: .registry,
            expected: .success(["10.0.0.1"])
        ),
        Row(
            testDescription: "talking http to another port of it",
            url: "http://registry.corp:81/resolve",
            addresses: ["10.0.0.1"],
            registry: "http://registry.corp",
            isInsecure: true,
            purpose: .registry,
            expected: .failure(.plainHTTP)
        ),
        Row(
            testDescription: "the private host of a registry that only a lock file names",
            url: "https://registry.corp/blobs/x",
            addresses: ["10.0.0.1"],
            registry: "https://registry.corp",
            isTrusted: false,
            expected: refused("10.0.0.1", .privateUse)
        ),
        Row(
            testDescription: "talking to a private registry that nobody has named",
            url: "https://registry.corp/resolve",
            addresses: ["10.0.0.1"],
            registry: "https://registry.corp",
            isTrusted: false,
            purpose: .registry,
            expected: refused("10.0.0.1", .privateUse)
        ),
        Row(
            testDescription: "a loopback registry that nobody has named",
            url: "http://127.0.0.1:8080/resolve",
            addresses: ["127.0.0.1"],
            registry: "http://127.0.0.1:8080",
            isTrusted: false,
            purpose: .registry,
            expected: refused("127.0.0.1", .loopback)
        ),
        Row(
            testDescription: "localhost",
            url: "https://localhost",
            addresses: ["127.0.0.1"],
            expected: refused("127.0.0.1", .loopback)
        ),
        Row(
            testDescription: "localhost that a name server sends elsewhere",
            url: "https://x.localhost",
            addresses: ["8.8.8.8"],
            expected: .failure(.unknownHost)
        ),
        Row(
            testDescription: "redirect from the internet to loopback",
            url: "https://127.0.0.1",
            addresses: ["127.0.0.1"],
            allowsLoopback: true,
            redirectedFromLoopback: false,
            expected: refused("127.0.0.1", .loopback)
        ),
        Row(
            testDescription: "redirect from the internet to a loopback registry",
            url: "http://127.0.0.1:8080",
            addresses: ["127.0.0.1"],
            registry: "http://127.0.0.1:8080",
            registryIsLoopback: true,
            redirectedFromLoopback: false,
            expected: refused("127.0.0.1", .loopback)
        ),
        Row(
            testDescription: "redirect from loopback to loopback",
            url: "http://127.0.0.1:9",
            addresses: ["127.0.0.1"],
            allowsLoopback: true,
            redirectedFromLoopback: true,
            expected: .success(["127.0.0.1"])
        ),
    ]

    @Test(arguments: rows) func decides(_ row: Row) throws {
        let registry = try row.registry.map { try RemoteURL(parsing: $0).origin }
        var policy = ContactPolicy(
            registries: Set(row.isTrusted ? registry.map { [$0] } ?? [] : []),
            allowsLoopback: row.allowsLoopback
        )
        policy.insecureRegistries = Set(row.isInsecure ? registry.map { [$0] } ?? [] : [])
        let contact = ContactPolicy.Contact(
            url: try RemoteURL(parsing: row.url),
            purpose: row.purpose,
            addresses: try row.addresses.map { try #require(IPAddress($0)) },
            registry: registry,
            registryIsLoopback: row.registryIsLoopback,
            redirectedFromLoopback: row.redirectedFromLoopback
        )
        let result = Result { () throws(TransportError.Reason) in
            try policy.permittedAddresses(for: contact).map(\.description)
        }
        #expect(result == row.expected)
    }

    @Test(arguments: [
        ("localhost", true), ("LOCALHOST.", true), ("localhost.localdomain", true), ("a.localhost", true),
        ("ip6-loopback", true), ("localhost6.localdomain", true), ("mylocalhost", false),
        ("localhost.example.com", false),
    ])
    func knowsLocalNames(_ name: String, _ isLocal: Bool) throws {
        #expect(try RemoteURL(parsing: "https://\(name)/").host.isLocalName == isLocal)
    }
}

@Suite struct RedirectTests {
    private func next(
        _ method: TransportRequest.Method,
        _ status: Int,
        to location: String?
    ) throws -> TransportRequest? {
        var request = TransportRequest(method, try RemoteURL(parsing: "https://e.org/a"), purpose: .artifact)
        request.credentials = [.init(name: "X-API-Key", value: .init("secret"))]
        request.headers = ["Authorization": "secret", "Range": "bytes=1-"]
        var headers = HeaderFields()
        headers["Location"] = location
        let response = TransportResponse(status: status, headers: headers, url: request.url, body: BodyStream([]))
        return try Redirect(of: response, to: request)?.request
    }

    @Test(arguments: [301, 302, 303, 307, 308]) func followsForReading(_ status: Int) throws {
        let request = try #require(try next(.get, status, to: "/b"))
        #expect(request.url.wireText == "https://e.org/b" && request.method == .get)
        #expect(request.credentials.count == 1 && request.headers["Authorization"] == "secret")
    }

    @Test(arguments: ["https://f.org/b", "https://e.org:444/b", "http://e.org/b", "https://sub.e.org/b"])
    func dropsCredentialsOnTheWayElsewhere(_ location: String) throws {
        let request = try #require(try next(.get, 302, to: location))
        #expect(request.credentials.isEmpty && request.headers["Authorization"] == nil)
        #expect(request.headers["Range"] == "bytes=1-")
    }

    @Test(arguments: [200, 300, 304, 305, 404]) func isNoRedirect(_ status: Int) throws {
        #expect(try next(.get, status, to: "/b") == nil)
    }

    @Test func redirectWithoutTargetIsTheAnswer() throws { #expect(try next(.get, 302, to: nil) == nil) }

    @Test func repeatsABodyOnlyWhereTold() throws {
        #expect(try next(.post, 308, to: "/b")?.method == .post)
        #expect(throws: TransportError.Reason.refusedRedirect(to: "https://e.org/b")) {
            try next(.post, 302, to: "/b?x")
        }
    }

    @Test(arguments: ["ftp://e.org/", "file:///etc/passwd", "https://u:p@e.org/", "https://"])
    func refusesWhatIsNoURL(_ location: String) {
        #expect(throws: TransportError.Reason.self) { try next(.get, 302, to: location) }
    }
}
