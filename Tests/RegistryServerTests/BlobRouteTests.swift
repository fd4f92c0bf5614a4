// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONText
import NIOCore
import RegistryServer
import RegistryStorage
import SystemPackage
import Testing
import WorkerModel

/// Bytes go in under their digest or not at all, and come out as they went in.
struct BlobRouteTests {
    static let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    @Test func uploadedBytesComeBack() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let digest = try await server.upload(Self.bytes)
                let answer = try await server.ask(.get, "/blobs/sha256/\(digest)")
                #expect(answer.status == 200 && answer.bytes == Self.bytes)
                #expect(answer.header("Content-Type") == "application/octet-stream")
                #expect(answer.header("Content-Length") == "300000")
                #expect(answer.header("ETag") == "\"\(digest)\"")
                #expect(answer.header("Cache-Control") == "public, max-age=31536000, immutable")
                #expect(answer.header("Accept-Ranges") == "bytes")
                let head = try await server.ask(.head, "/blobs/sha256/\(digest)")
                #expect(head.status == 200 && head.bytes == [] && head.header("Content-Length") == "300000")
            }
        }
    }

    @Test func gzipIsToldByItsFirstBytes() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let digest = try await server.upload([0x1F, 0x8B, 8, 0])
                #expect(
                    try await server.ask(.get, "/blobs/sha256/\(digest)").header("Content-Type") == "application/gzip"
                )
                let empty = try await server.upload([])
                let answer = try await server.ask(.get, "/blobs/sha256/\(empty)")
                #expect(answer.status == 200 && answer.header("Content-Type") == "application/octet-stream")
            }
        }
    }

    @Test(
        arguments: [
            ("bytes=0-9", 206, 0..<10), ("bytes=299990-", 206, 299_990..<300_000), ("bytes=-5", 206, 299_995..<300_000),
            ("bytes=100-999999999", 206, 100..<300_000), ("bytes=300000-", 416, 0..<0), ("bytes=5-1", 416, 0..<0),
            ("bytes=0-1,5-6", 200, 0..<300_000), ("lines=0-9", 200, 0..<300_000),
        ] as [(String, Int, Range<Int>)]
    )
    func rangesAreServed(_ range: String, _ status: Int, _ expected: Range<Int>) async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let digest = try await server.upload(Self.bytes)
                let answer = try await server.ask(.get, "/blobs/sha256/\(digest)", headers: [.range: range])
                #expect(answer.status == status)
                switch status {
                case 416: #expect(answer.header("Content-Range") == "bytes */300000")
                case 206:
                    #expect(answer.bytes == Array(Self.bytes[expected]))
                    #expect(
                        answer.header("Content-Range")
                            == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/300000"
                    )
                default: #expect(answer.bytes == Self.bytes && answer.header("Content-Range") == nil)
                }
            }
        }
    }

    @Test func rangeOfAnotherBlobIsIgnored() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let digest = try await server.upload(Self.bytes)
                let path = "/blobs/sha256/\(digest)"
                let other = try await server.ask(.get, path, headers: [.range: "bytes=0-9", .ifRange: "\"other\""])
                #expect(other.status == 200)
                let same = try await server.ask(.get, path, headers: [.range: "bytes=0-9", .ifRange: "\"\(digest)\""])
                #expect(same.status == 206)
                #expect(try await server.ask(.get, path, headers: [.ifNoneMatch: "\"\(digest)\""]).status == 304)
            }
        }
    }

    @Test func wrongBytesLeaveNothingBehind() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let digest = Digest.sha256(Self.bytes)
                let path = "/blobs/sha256/\(digest)"
                var wrong = Self.bytes
                wrong[wrong.count - 1] ^= 1
                let answer = try await server.ask(.put, path, as: .publisher, wrong)
                #expect(answer.status == 422 && answer.code == "digest_mismatch")
                #expect(try await server.ask(.head, path).status == 404)
                #expect(try TestFolder.files(below: fixture.folder.appending("blobs")) == [])
            }
        }
    }

    @Test func repeatingAnUploadIsASuccess() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let digest = try await server.upload(Self.bytes)
                #expect(try await server.upload(Self.bytes) == digest)
                // What is stored is not read again, so that a repeat is cheap.
                let short = try await server.ask(.put, "/blobs/sha256/\(digest)", as: .publisher, [1])
                #expect(short.status == 200)
                #expect(try await server.ask(.get, "/blobs/sha256/\(digest)").bytes == Self.bytes)
            }
        }
    }

    @Test func uppercaseDigestIsTheSame() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.routes { server in
                let digest = try await server.upload(Self.bytes)
                let answer = try await server.ask(.get, "/blobs/sha256/\(digest.description.uppercased())")
                #expect(answer.status == 200)
            }
        }
    }
}
