// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
import HTTPTypes
import HummingbirdTesting
import JSONText
import NIOCore
import NIOPosix
import RegistryAPI
import RegistryServer
import RegistryService
import RegistryStorage
import SystemPackage
import Testing
import WorkerModel

/// A file that is not what was stored is not given out, ends what is under way, and is replaced by the right bytes; and
/// there is an end to what is stored.
struct BlobDamageTests {
    /// Makes the file of a blob shorter, or exchanges its first byte.
    private static func damage(_ digest: Digest, of fixture: ServerFixture, upTo size: Int64?) throws {
        let path = fixture.folder.appending("blobs/sha256/\(digest.description.prefix(2))/\(digest)")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path.string)
        let file = try FileDescriptor.open(path, .readWrite)
        try file.closeAfter {
            if let size { try file.resize(to: size) } else { _ = try file.writeAll(toAbsoluteOffset: 0, [0xFF]) }
        }
    }

    @Test(arguments: [Int64?.none, 0, 299_999])
    func rightBytesTakeThePlaceOfDamagedOnes(_ size: Int64?) async throws {
        try await ServerFixture.run { fixture in
            try await fixture.live { server in
                let (bytes, path) = (BlobRouteTests.bytes, "/blobs/sha256/\(Digest.sha256(BlobRouteTests.bytes))")
                let digest = try await server.upload(bytes)
                try Self.damage(digest, of: fixture, upTo: size)
                if size != nil {
                    for method in [HTTPRequest.Method.get, .head] {
                        let answer = try await server.ask(method, path)
                        #expect(answer.status == 500 && answer.header("Cache-Control") == nil)
                    }
                    #expect(try await server.ask(.get, path).code == "internal_error")
                    let isDamaged = { (line: JSONValue) in line.text().contains("\(digest) is damaged") }
                    #expect(fixture.log.all.contains(where: isDamaged))
                }
                let question = UploadQuestion(digest: digest, size: ByteCount(bytes.count)).json.bytes()
                let asked = try await server.ask(.post, "/blobs", as: .publisher, question)
                #expect(try UploadState(json: asked.json).isStored == false)
                #expect(try await server.upload(bytes) == digest)
                let healed = try await server.ask(.get, path)
                #expect(healed.status == 200 && healed.bytes == bytes)
                let again = try await server.ask(.post, "/blobs", as: .publisher, question)
                #expect(try UploadState(json: again.json).isStored)
            }
        }
    }

    /// The blob comes into the store without the server and its client takes little at once, so that nothing here depends on
    /// how fast many bytes go over the wire.
    @Test func blobThatIsCutWhileItIsSentEndsItsConnection() async throws {
        try await ServerFixture.run { fixture in
            // More than the sockets of both sides hold.
            let bytes = [UInt8](repeating: 7, count: 16 << 20)
            let digest = Digest.sha256(bytes)
            let upload = try await fixture.service.blobs.beginUpload(upTo: ByteCount(bytes.count))
            try await upload.append(bytes)
            _ = try await upload.finish(expecting: digest, at: Timestamp(milliseconds: 0))
            try await fixture.live { server in
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .channelOption(.socketOption(.so_rcvbuf), value: 64 << 10)
                    .connect(host: "localhost", port: try #require(server.client.port)) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                        }
                    }
                try await channel.executeThenClose { inbound, outbound in
                    let request = "GET /blobs/sha256/\(digest) HTTP/1.1\r\nHost: a\r\n\r\n"
                    try await outbound.write(ByteBuffer(string: request))
                    var pieces = inbound.makeAsyncIterator()
                    var count = try await pieces.next()?.readableBytes ?? 0
                    try Self.damage(digest, of: fixture, upTo: 1 << 20)
                    // A reset is an end too.
                    while let piece = try? await pieces.next() { count += piece.readableBytes }
                    #expect(count > 0 && count < bytes.count)
                }
                let line = await fixture.log.first { $0["message"] == "blob damaged" }
                #expect(line?["blob.digest"] == .string(digest.description))
            }
        }
    }

    /// What is unfinished, what is whole and what is coming count together, also from one request to the next.
    @Test func whatWasCutCountsToo() async throws {
        try await ServerFixture.run(limits: ServerLimits(uploadQuota: ByteCount(1000))) { fixture in
            try await fixture.routes { server in
                let bytes = BlobRouteTests.bytes.prefix(700)
                let digest = Digest.sha256(bytes)
                #expect(try await server.patch(digest, at: 0, of: 700, Array(bytes[..<600])).status == 202)
                let other = [UInt8](repeating: 1, count: 401)
                let refused = try await server.patch(.sha256(other), at: 0, of: 401, other)
                #expect(refused.status == 413 && refused.code == "quota_exceeded")
                #expect(try await server.patch(digest, at: 600, of: 700, Array(bytes[600...])).status == 200)
                let third = [UInt8](repeating: 1, count: 301)
                #expect(try await server.patch(.sha256(third), at: 0, of: 301, third).status == 413)
                #expect(try await server.patch(.sha256(third), at: 0, of: 301, Array(third[..<300])).status == 202)
            }
        }
    }

    @Test func accountSendsOnlySoMuchThatNoVersionNames() async throws {
        try await ServerFixture.run(limits: ServerLimits(uploadQuota: ByteCount(1000))) { fixture in
            try await fixture.routes { server in
                func put(_ byte: UInt8, _ count: Int, as who: TestedServer.Who = .publisher) async throws -> Answer {
                    let bytes = [UInt8](repeating: byte, count: count)
                    return try await server.ask(
                        .put,
                        "/blobs/sha256/\(Digest.sha256(bytes))",
                        as: who,
                        headers: [.contentLength: String(count)],
                        bytes
                    )
                }
                #expect(try await put(1, 600).status == 200)
                let refused = try await put(2, 401)
                #expect(refused.status == 413 && refused.code == "quota_exceeded")
                // The same again is no more, and another account has its own.
                #expect(try await put(1, 600).status == 200)
                #expect(try await put(2, 401, as: .stranger).status == 200)
                #expect(try await put(3, 400).status == 200)
                #expect(try await put(4, 1).status == 413)
            }
        }
    }

    @Test func fullDiskIsNotReady() async throws {
        let full = { @Sendable (store: any BlobStore) -> any BlobStore in WatchedBlobStore(store: store, isFull: true) }
        try await ServerFixture.run(over: full) { fixture in
            try await fixture.routes { server in
                let answer = try await server.ask(.get, "/readyz")
                #expect(answer.status == 503 && answer.json == ["status": "unavailable"])
            }
        }
    }
}
