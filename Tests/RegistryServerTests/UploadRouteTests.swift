// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONText
import RegistryAPI
import RegistryServer
import SystemPackage
import Testing
import WorkerModel

/// An upload ends in the whole blob or in nothing that anybody can read, however it is cut up.
struct UploadRouteTests {
    private static let bytes = BlobRouteTests.bytes
    private static let digest = Digest.sha256(bytes)

    private func run(
        limits: ServerLimits = .standard,
        _ body: @Sendable @escaping (TestedServer) async throws -> Void
    ) async throws {
        try await ServerFixture.run(limits: limits) { try await $0.routes(body) }
    }

    @Test func blobArrivesInParts() async throws {
        try await run { server in
            let (digest, count) = (Self.digest, Self.bytes.count)
            #expect(try await server.offset(of: Self.bytes) == 0)
            for (start, end) in [(0, 100), (100, 100), (100, 200_000)] {
                let part = Array(Self.bytes[start..<end])
                let answer = try await server.patch(digest, at: start, of: count, part)
                #expect(answer.status == 202 && answer.header("Upload-Offset") == String(end))
                #expect(try await server.offset(of: Self.bytes) == end)
                #expect(try await server.ask(.get, "/blobs/sha256/\(digest)").status == 404)
            }
            let last = try await server.patch(digest, at: 200_000, of: count, Array(Self.bytes[200_000...]))
            #expect(last.status == 200 && last.json["stored"] == true)
            #expect(try await server.ask(.get, "/blobs/sha256/\(digest)").bytes == Self.bytes)
            // What is there is there: a repeat changes nothing and costs nothing.
            #expect(try await server.patch(digest, at: 7, [1]).json["stored"] == true)
            let question = UploadQuestion(digest: digest, size: ByteCount(count))
            let answer = try await server.ask(.post, "/blobs", as: .publisher, question.json.bytes())
            #expect(try UploadState(json: answer.json) == UploadState(digest: digest, isStored: true))
        }
    }

    @Test func partAtAWrongPlaceIsRefusedAndTheRightOneNamed() async throws {
        try await run { server in
            let part = Array(Self.bytes[..<1000])
            try await server.patch(Self.digest, at: 0, of: Self.bytes.count, part)
            for offset in [1, 999, 1001, 5_000_000_000] {
                let answer = try await server.patch(Self.digest, at: offset, of: 6_000_000, part)
                #expect(answer.status == (offset == 5_000_000_000 ? 422 : 409))
                if answer.status == 409 {
                    #expect(answer.code == "upload_conflict" && answer.header("Upload-Offset") == "1000")
                }
            }
            #expect(try await server.offset(of: Self.bytes) == 1000)
            // At nought it begins anew.
            try await server.patch(Self.digest, at: 0, of: Self.bytes.count, Array(part[..<10]))
            #expect(try await server.offset(of: Self.bytes) == 10)
        }
    }

    @Test func partsOfOtherBytesEndInNothing() async throws {
        try await run { server in
            var wrong = Self.bytes
            wrong[5] ^= 1
            try await server.patch(Self.digest, at: 0, of: wrong.count, Array(wrong[..<1000]))
            let answer = try await server.patch(Self.digest, at: 1000, Array(wrong[1000...]))
            #expect(answer.status == 422 && answer.code == "digest_mismatch")
            #expect(try await server.ask(.head, "/blobs/sha256/\(Self.digest)").status == 404)
            #expect(try await server.offset(of: Self.bytes) == 0)
            #expect(try TestFolder.files(below: server.fixture.folder.appending("blobs")) == [])
        }
    }

    @Test func nobodyGetsAtTheUploadOfAnother() async throws {
        try await run { server in
            let (digest, count) = (Self.digest, Self.bytes.count)
            try await server.patch(digest, at: 0, of: count, Array(Self.bytes[..<1000]))
            #expect(try await server.offset(of: Self.bytes, as: .stranger) == 0)
            #expect(try await server.patch(digest, at: 1000, of: count, as: .stranger, [0]).status == 409)
            #expect(try await server.patch(digest, at: 1000, of: count, as: .nobody, [0]).status == 401)
            #expect(try await server.patch(digest, at: 1000, of: count, as: .reader, [0]).status == 403)
            #expect(try await server.offset(of: Self.bytes) == 1000)
        }
    }

    @Test(
        arguments: [
            (nil, nil, "Upload-Offset"), ("-1", nil, "Upload-Offset"), ("ten", nil, "Upload-Offset"),
            ("", nil, "Upload-Offset"), ("99999999999999999999", nil, "Upload-Offset"), ("0", "1e3", "Upload-Length"),
            ("10", "9", "Upload-Length"),
        ] as [(String?, String?, String)]
    )
    func badHeadersAreNamed(_ offset: String?, _ length: String?, _ name: String) async throws {
        try await run { server in
            var headers: HTTPFields = [:]
            headers[.uploadOffset] = offset
            headers[.uploadLength] = length
            let path = "/blobs/sha256/\(Self.digest)"
            let answer = try await server.ask(.patch, path, as: .publisher, headers: headers, [1])
            #expect(answer.status == 422 && answer.code == "validation_error")
            guard case .array(let details)? = answer.json["error"]?["details"], let first = details.first else {
                Issue.record("there are no details")
                return
            }
            #expect(details.count == 1)
            #expect(first["path"] == .string(name))
        }
    }

    @Test func whatIsTooLargeIsRefusedBeforeItIsSent() async throws {
        try await run(limits: ServerLimits(upload: .kibibytes(100))) { server in
            let question = UploadQuestion(digest: Self.digest, size: ByteCount(Self.bytes.count))
            #expect(try await server.ask(.post, "/blobs", as: .publisher, question.json.bytes()).status == 413)
            #expect(try await server.patch(Self.digest, at: 0, of: 200_000, [1]).status == 413)
            #expect(
                try await server.ask(.put, "/blobs/sha256/\(Self.digest)", as: .publisher, Self.bytes).status == 413
            )
            let answer = try await server.patch(Self.digest, at: 0, of: 1000, Array(Self.bytes[..<1001]))
            #expect(answer.status == 413, "longer than it said it would be")
            #expect(try await server.ask(.post, "/blobs", as: .publisher, [0x7B]).status == 400)
        }
    }

    @Test func sixUploadsOfOneBlobAtOnceAllSucceed() async throws {
        try await ServerFixture.run { fixture in
            try await fixture.live { server in
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<6 {
                        group.addTask {
                            try await server.ask(
                                .put,
                                "/blobs/sha256/\(Self.digest)",
                                as: .publisher,
                                Self.bytes
                            ).status
                        }
                    }
                    return try await group.reduce(into: [Int]()) { $0.append($1) }
                }
                #expect(statuses == [200, 200, 200, 200, 200, 200])
                #expect(try TestFolder.files(below: fixture.folder.appending("blobs")).count == 1)
            }
        }
    }
}
