// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Synchronization
import Testing
import Transport
import TransportTestSupport
import WorkerModel

@testable import ImageDocuments
@testable import OCIImages

/// A push over a bad line comes to its end, and sends nothing twice that has arrived.
struct BrokenPushTests {
    private static let layer = [UInt8](repeating: 7, count: 1000)
    private static let blob = reference(to: layer)

    private static func reference(to layer: [UInt8]) -> OCIReference {
        OCIReference(
            mediaType: "application/vnd.oci.image.layer.v1.tar",
            digest: ContentDigest(of: layer, .sha256),
            size: ByteCount(Int64(layer.count)),
            isElsewhere: false,
            platform: nil
        )
    }

    /// Pushes the layer, and gives what was asked for.
    private func push(_ answer: @escaping @Sendable (TransportRequest) -> FakeTransport.Answer) async throws -> [String]
    {
        let network = FakeTransport(answer)
        let registry = ImageRegistry(transport: network, pacing: .immediate()) { .none }
        let target = try ImageReference(parsing: "r.example/a")
        #expect(try await registry.push(Self.blob, to: target) { BodyStream(Array(Self.layer.dropFirst(Int($0)))) })
        return network.requests.map { request in
            var line = "\(request.method.rawValue) \(request.url.path)"
            if case .bytes(let bytes) = request.body { line += " \(bytes.count)" }
            return line + (request.headers["Content-Range"].map { " \($0)" } ?? "")
        }
    }

    @Test func goesOnBehindWhatHasArrived() async throws {
        let requests = try await push { request in
            switch (request.method, request.headers["Content-Range"]) {
            case (.post, _): .respond(status: 202, headers: ["Location": "/up/1"])
            case (.patch, nil): .fail(.cut)
            case (.get, _): .respond(status: 204, headers: ["Location": "/up/2", "Range": "0-599"])
            case (.patch, _): .respond(status: 202, headers: ["Location": "/up/3"])
            default: .respond(status: 201)
            }
        }
        #expect(
            requests == [
                "POST /v2/a/blobs/uploads/", "PATCH /up/1 1000", "GET /up/1", "PATCH /up/2 400 600-999", "PUT /up/3",
            ]
        )
    }

    @Test func beginsAnewWhereTheUploadIsForgotten() async throws {
        let first = FirstOnly()
        let requests = try await push { request in
            switch request.method {
            case .post: .respond(status: 202, headers: ["Location": "/up"])
            case .patch: first.take() ? .fail(.cut) : .respond(status: 202)
            case .get: .respond(status: 404)
            default: .respond(status: 201)
            }
        }
        let begin = "POST /v2/a/blobs/uploads/"
        #expect(requests == [begin, "PATCH /up 1000", "GET /up", begin, "PATCH /up 1000", "PUT /up"])
    }

    /// The end of an upload is not a failure because its answer was lost.
    @Test func endWhoseAnswerWasLostIsAnEnd() async throws {
        let first = FirstOnly()
        let requests = try await push { request in
            switch request.method {
            case .post, .patch: .respond(status: 202, headers: ["Location": "/up"])
            case .put: first.take() ? .fail(.cut) : .respond(status: 404)
            default: .respond(status: 200)
            }
        }
        #expect(requests.suffix(3) == ["PUT /up", "PUT /up", "HEAD /v2/a/blobs/\(Self.blob.digest)"])
    }

    /// A line that breaks more often than tries are made, and carries a mebibyte each time.
    @Test func progressBeginsTheCountOfTriesAnew() async throws {
        let size = 8 << 20
        let layer = [UInt8](repeating: 1, count: size)
        let blob = Self.reference(to: layer)
        let arrived = Arrived()
        let network = FakeTransport { request in
            switch request.method {
            case .post: .respond(status: 202, headers: ["Location": "/up"])
            case .patch: arrived.add(1 << 20) < size ? .fail(.cut) : .respond(status: 202)
            case .get: .respond(status: 204, headers: ["Range": "0-\(arrived.add(0) - 1)"])
            default: .respond(status: 201)
            }
        }
        let registry = ImageRegistry(transport: network, pacing: .immediate()) { .none }
        let target = try ImageReference(parsing: "r.example/a")
        #expect(try await registry.push(blob, to: target) { BodyStream(Array(layer.dropFirst(Int($0)))) })
        #expect(network.requests.filter { $0.method == .patch }.count == 8)
    }
}

/// True the first time.
private final class FirstOnly: Sendable {
    private let arrived = Arrived()

    func take() -> Bool { arrived.add(1) == 1 }
}

/// A sum that several tasks add to.
private final class Arrived: Sendable {
    private let sum = Mutex(0)

    func add(_ count: Int) -> Int {
        sum.withLock { sum in
            sum += count
            return sum
        }
    }
}
