// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HummingbirdTesting
import JSONText
import NIOCore
import NIOPosix
import RegistryService
import RegistryStorage
import Testing
import WorkerModel

@testable import RegistryServer

/// A request whose body is held back does nothing with a key that was revoked, or for an account that was suspended,
/// meanwhile.
struct RevocationTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let method: String
        let route: String
        let path: String
        let body: String

        init(_ method: String, _ route: String, _ path: String, _ body: String) {
            (self.method, self.route, self.path, self.body) = (method, route, path, body)
        }

        var testDescription: String { "\(method) \(route)" }
    }

    private static let blob = "held back"
    private static let digest = Digest.sha256(blob.utf8).description
    private static let publication = JSONValue.object(Requests.engine("other")).text()

    static let rows = [
        Row("POST", "/publish", "/publish", publication),
        Row("POST", "/publish/check", "/publish/check", publication),
        Row("POST", "/blobs", "/blobs", "{\"sha256\":\"\(digest)\",\"size\":9}"),
        Row("PUT", "/blobs/sha256/{digest}", "/blobs/sha256/\(digest)", blob),
        Row("PATCH", "/blobs/sha256/{digest}", "/blobs/sha256/\(digest)", blob),
        Row("POST", "/w/{name}/skills", "/w/smoke/skills", #"{"version":"1.2.3","skills":{}}"#),
        Row("PUT", "/w/{name}/tags/{tag}", "/w/smoke/tags/next", #"{"version":"1.2.3"}"#),
        Row(
            "POST",
            "/w/{name}/releases/finalize",
            "/w/smoke/releases/finalize",
            #"{"candidate_version":"1.2.3-rc.1","stable_version":"1.2.3","expected_latest_version":"1.2.3"}"#
        ),
        Row("POST", "/w/{name}/versions/{version}/yank", "/w/smoke/versions/1.2.3/yank", #"{"reason":"x"}"#),
        Row("POST", "/w/{name}/deprecate", "/w/smoke/deprecate", #"{"message":"x"}"#),
        Row("DELETE", "/w/{name}/versions/{version}", "/w/smoke/versions/1.2.3", #"{"reason":"x"}"#),
        Row("POST", "/w/{name}/owners", "/w/smoke/owners", #"{"account":"mallory"}"#),
        Row("POST", "/keys", "/keys", "{}"),
    ]

    @Test func everyRouteThatTakesABodyIsInTheTable() {
        let described = APIOperation.all.filter { $0.key != .none && $0.body != nil }
            .map { "\($0.method.rawValue.uppercased()) \($0.path)" }
        #expect(Set(described).subtracting(Self.rows.map(\.testDescription)) == [])
    }

    @Test(arguments: rows, [true, false])
    func keyIsLookedUpAgainWhenTheBodyIsThere(_ row: Row, _ isRevoked: Bool) async throws {
        try await ServerFixture.run { fixture in
            try await fixture.live { server in
                try await server.publish(Requests.binary("smoke", "1.2.3-rc.1", tag: "next"))
                try await server.publish(Requests.binary())
                let acme = try AccountName(parsing: "acme")
                let key = try await fixture.service.keys.create(for: acme)
                let accounts = Accounts(store: fixture.store, surroundings: fixture.service.surroundings)
                let head = """
                    \(row.method) \(row.path) HTTP/1.1\r\nHost: a\r\nX-API-Key: \(key.text.exposed)\r\n\
                    Expect: 100-continue\r\nConnection: close\r\nUpload-Offset: 0\r\n\
                    Content-Length: \(row.body.utf8.count)\r\n\r\n
                    """
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "localhost", port: try #require(server.client.port)) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                        }
                    }
                let (before, after, answer) = try await channel.executeThenClose { inbound, outbound in
                    try await outbound.write(ByteBuffer(string: head))
                    var (answer, pieces) = ("", inbound.makeAsyncIterator())
                    while !answer.contains("100 Continue\r\n\r\n"), let piece = try await pieces.next() {
                        answer += String(buffer: piece)
                    }
                    if isRevoked {
                        let id = try await fixture.service.keys.list(of: acme).last { $0.hash == key.hash }?.id
                        _ = try await fixture.service.keys.revoke(try #require(id))
                    } else {
                        try await accounts.setSuspended(true, acme)
                    }
                    let before = try await Self.lastEvent(fixture)
                    try await outbound.write(ByteBuffer(string: row.body))
                    while let piece = try await pieces.next() { answer += String(buffer: piece) }
                    return (before, try await Self.lastEvent(fixture), answer)
                }
                let expected = isRevoked ? "401" : "403"
                // What only reads tells the holder of a key that was good nothing that changes.
                let isAnswered = ["/blobs", "/publish/check"].contains(row.route)
                #expect(answer.contains("HTTP/1.1 \(expected) ") || isAnswered, "\(answer)")
                #expect(after == before)
            }
        }
    }

    private static func lastEvent(_ fixture: ServerFixture) async throws -> Int64? {
        try await fixture.store.read { try $0.events(of: nil, before: nil, limit: 1).first?.sequence }
    }
}
