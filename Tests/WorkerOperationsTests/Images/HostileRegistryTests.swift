// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Diagnostics
import Foundation
import HostSystem
import OCIImages
import SystemPackage
import TestSupport
import Testing
import Transport
import TransportTestSupport
import WorkerModel

@testable import WorkerOperations

/// Registries that lie about what they send: nothing of it is taken for an image, and nothing else is touched.
@Suite(.timeLimit(.minutes(10))) struct HostileRegistryTests {
    /// An image of one layer as a registry serves it, and the ways in which it may be wrong.
    struct Served: Sendable {
        var layer: [UInt8]
        var layerType = "application/vnd.oci.image.layer.v1.tar+gzip"
        /// What is sent for the layer, where that is something else.
        var sentLayer: [UInt8]?
        var diffID: String
        var sentConfiguration: [UInt8]?
        /// Members of the manifest besides the usual ones.
        var more = ""
        var layerCount = 1
        var declaredSize: Int64?
        /// How the layer is answered, where not simply.
        var answer: (@Sendable (LoopbackServer.Received, [UInt8]) -> [LoopbackServer.Step])?

        init(_ folder: FilePath) throws {
            let script = """
                import gzip, hashlib, io, tarfile
                data = io.BytesIO()
                with tarfile.open(fileobj=data, mode='w') as t:
                    for n in range(50):
                        i = tarfile.TarInfo(f'file{n}')
                        i.size = 2000
                        t.addfile(i, io.BytesIO(bytes((n * k * k) % 251 for k in range(2000))))
                open('layer.gz', 'wb').write(gzip.compress(data.getvalue()))
                print(hashlib.sha256(data.getvalue()).hexdigest(), end='')
                """
            try script.write(toFile: folder.appending("layer.py").string, atomically: true, encoding: .utf8)
            diffID = try Shell.run("python3 layer.py", in: folder)
            layer = try HostFiles.read(folder.appending("layer.gz"), upTo: .mebibytes(4)) ?? []
        }

        private var configuration: [UInt8] {
            let text =
                #"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["sha256:\#(diffID)"]}}"#
            return Array(text.utf8)
        }

        private var manifest: [UInt8] {
            let item =
                #"{"mediaType":"\#(layerType)","digest":"sha256:\#(Digest.sha256(layer))","size":\#(declaredSize ?? Int64(layer.count))}"#
            let items = Array(repeating: item, count: layerCount).joined(separator: ",")
            let digest = Digest.sha256(configuration)
            return Array(
                (#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":"#
                    + #"{"mediaType":"c","digest":"sha256:\#(digest)","size":\#(configuration.count)},"layers":[\#(items)]\#(more)}"#)
                    .utf8
            )
        }

        func steps(_ request: LoopbackServer.Received) -> [LoopbackServer.Step] {
            if request.path.contains("/manifests/") {
                return Self.respond(manifest, "application/vnd.oci.image.manifest.v1+json")
            }
            if request.path.hasSuffix(Digest.sha256(configuration).description) {
                return Self.respond(sentConfiguration ?? configuration)
            }
            let bytes = sentLayer ?? layer
            return answer?(request, bytes) ?? Self.respond(bytes)
        }

        static func respond(
            _ body: [UInt8],
            _ type: String = "application/octet-stream",
            _ status: String = "200 OK",
            _ more: String = ""
        ) -> [LoopbackServer.Step] {
            let head = "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\(more)\r\n"
            return [.send(Array(head.utf8) + body)]
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// What the error says.
        let words: String
        let change: @Sendable (inout Served) throws -> Void

        init(_ testDescription: String, _ words: String, _ change: @escaping @Sendable (inout Served) throws -> Void) {
            self.testDescription = testDescription
            self.words = words
            self.change = change
        }
    }

    static let cases = [
        Case("a layer of other bytes", "a layer of the image has the digest") { served in
            served.sentLayer = served.layer.dropLast() + [7]
        },
        Case("a layer that goes on", "has another size") { $0.sentLayer = $0.layer + [0] },
        Case("a layer that ends early", "the connection broke") { $0.sentLayer = $0.layer.dropLast() },
        Case("a configuration of other bytes", "its configuration has the digest") {
            $0.sentConfiguration = [0x7B, 0x7D]
        },
        Case("a layer that unpacks to something else", "an unpacked layer of the image has the digest") {
            $0.diffID = String(repeating: "0", count: 64)
        },
        Case("a layer packed otherwise than it says", "its media type says zstd") {
            $0.layerType = "application/vnd.oci.image.layer.v1.tar+zstd"
        },
        Case("a layer that is said to be plain", "it is") { $0.layerType = "application/vnd.oci.image.layer.v1.tar" },
        Case("a layer of an unknown type", "layer of the type") { $0.layerType = "text/plain" },
        Case("more layers than the configuration has", "its manifest has 2 layers") { $0.layerCount = 2 },
        Case("more layers than an image may have", "more than 128 layers") { $0.layerCount = 129 },
        Case("an index and an image at once", "either `manifests` or `layers`") { $0.more = #","manifests":[]"# },
        Case("a layer beyond all limits", "8 GiB") { $0.declaredSize = 9 << 30 },
        Case("a negative size", "must not be negative") { $0.declaredSize = -1 },
        Case("a manifest that names something twice", "cannot be read") { $0.more = #","layers":[]"# },
        Case("another part than was asked for", "has another size") { served in
            served.answer = { request, bytes in
                guard request.headers["Range"] != nil else {
                    let head = "HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\n\r\n"
                    return [.send(Array(head.utf8) + bytes.prefix(100)), .close]
                }
                let range = "Content-Range: bytes 0-9/\(bytes.count)\r\n"
                return Served.respond(Array(bytes.prefix(10)), "application/octet-stream", "206 Partial Content", range)
            }
        },
        Case("few bytes that grow without end", "grow to more than") { served in
            let script = """
                import gzip, hashlib, sys
                data = bytes(64 << 20)
                sys.stdout.buffer.write(hashlib.sha256(data).hexdigest().encode() + gzip.compress(data, 9).hex().encode())
                """
            let text = Array(try Shell.run("python3 -c '\(script)'", in: "/").utf8)
            served.diffID = String(decoding: text.prefix(64), as: UTF8.self)
            served.layer = stride(from: 64, to: text.count - 1, by: 2).compactMap { place in
                UInt8(String(decoding: text[place...place + 1], as: UTF8.self), radix: 16)
            }
        },
    ]

    private static func pull(
        _ served: Served,
        in folder: FilePath,
        account: Bool = false
    ) async throws -> (error: (any CodedError)?, requests: [LoopbackServer.Received]) {
        try await LoopbackServer.with(answer: served.steps) { server in
            let host = "127.0.0.1:\(server.port)"
            let home = folder.appending("home")
            let known = ImageCredentials.none.adding("u", Redacted("p"), at: host)
            let puller = Puller(home: home, account: account ? known : .none)
            do { try await puller.pull("\(host)/t/bad:1") } catch let error as any CodedError {
                return (error, server.requests)
            }
            return (nil, server.requests)
        }
    }

    @Test func theImageThatTheyBeginWithIsSound() async throws {
        try await withTemporaryDirectory { folder in
            let result = try await Self.pull(try Served(folder), in: folder)
            #expect(result.error == nil)
            #expect(try HostFiles.entries(of: folder.appending("home/store/images/sha256")).count == 1)
        }
    }

    @Test(arguments: cases) func nothingOfItIsKept(_ lie: Case) async throws {
        try await withTemporaryDirectory { folder in
            var served = try Served(folder)
            try lie.change(&served)
            let before = try HostFiles.entries(of: folder).sorted()
            let result = try await Self.pull(served, in: folder)
            let error = try #require(result.error)
            let chain = sequence(first: error as any Error) { ($0 as? any CodedError)?.cause }.map { "\($0)" }
            #expect(error.message.contains(lie.words), "\(error.message) \(chain)")
            #expect(result.requests.count < 20)
            let images = folder.appending("home/store/images")
            for name in ["sha256", "staging"] {
                let path = images.appending(name)
                if try HostFiles.kind(of: path) != nil { #expect(try HostFiles.entries(of: path).isEmpty) }
            }
            #expect(try HostFiles.entries(of: folder).filter { $0 != "home" }.sorted() == before)

            // The next pull of what was meant is none the worse for it.
            let again = try await Self.pull(try Served(folder), in: folder)
            #expect(again.error == nil)
        }
    }

    /// Storage elsewhere asks who we are: it is told nothing, though the registry knows us.
    @Test(arguments: ["Basic realm=x", #"Bearer realm="http://STORAGE/token",service=x"#])
    func whereARedirectLeadsNoCredentialsGo(_ challenge: String) async throws {
        try await withTemporaryDirectory { folder in
            let ask: @Sendable (LoopbackServer.Received) -> [LoopbackServer.Step] = { request in
                let host = request.headers["Host"] ?? ""
                let header = challenge.replacing("STORAGE", with: host)
                return Served.respond([], "text/plain", "401 Unauthorized", "WWW-Authenticate: \(header)\r\n")
            }
            try await LoopbackServer.with(answer: ask) { storage in
                var served = try Served(folder)
                let place = storage.url
                served.answer = { _, _ in
                    Served.respond([], "text/plain", "307 Temporary Redirect", "Location: \(place)/blob\r\n")
                }
                let inner = served
                let asking: @Sendable (LoopbackServer.Received) -> [LoopbackServer.Step] = { request in
                    guard request.headers["Authorization"] != nil else {
                        return Served.respond(
                            [],
                            "text/plain",
                            "401 Unauthorized",
                            "WWW-Authenticate: Basic realm=r\r\n"
                        )
                    }
                    return inner.steps(request)
                }
                try await LoopbackServer.with(answer: asking) { server in
                    let host = "127.0.0.1:\(server.port)"
                    let account = ImageCredentials.none.adding("u", Redacted("p"), at: host)
                    let puller = Puller(home: folder.appending("home"), account: account)
                    let error = await #expect(throws: (any Error).self) { try await puller.pull("\(host)/t/away:1") }
                    #expect((error as? any CodedError)?.code == .imagePull, "\(String(describing: error))")
                    #expect(server.requests.contains { $0.headers["Authorization"] == "Basic dTpw" })
                    #expect(storage.requests.map(\.path) == ["/blob"])
                    #expect(storage.requests.allSatisfy { $0.headers["Authorization"] == nil })
                }
            }
        }
    }
}
