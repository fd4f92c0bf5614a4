// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HTTPTypes
import JSONText
import RegistryServer
import RegistryService
import RegistryStorage
import Testing
import WorkerModel

/// Images and artifacts below `/v2/`, as the distribution specification 1.1 has them.
struct ImageRouteTests {
    private static let layer = BlobRouteTests.bytes
    private static let configuration = Array(#"{"os":"linux","architecture":"amd64"}"#.utf8)
    private static let manifestType = "application/vnd.oci.image.manifest.v1+json"

    private func run(_ body: @Sendable @escaping (TestedServer) async throws -> Void) async throws {
        try await ServerFixture.run { try await $0.routes(body) }
    }

    /// A manifest of the configuration and the layer, with other members.
    private static func manifest(_ members: JSONObject = [:], layers: [[UInt8]] = [layer]) -> [UInt8] {
        func reference(_ bytes: [UInt8]) -> JSONValue {
            [
                "mediaType": "application/octet-stream", "digest": .string("sha256:\(Digest.sha256(bytes))"),
                "size": .number(JSONNumber(Int64(bytes.count))),
            ]
        }
        let fixed: JSONObject = [
            "schemaVersion": 2, "mediaType": .string(manifestType), "config": reference(configuration),
            "layers": .array(layers.map(reference)),
        ]
        return JSONValue.object(JSONObject((fixed.members + members.members).map { ($0.key, $0.value) })).bytes()
    }

    private static func digest(_ bytes: [UInt8]) -> String { "sha256:\(Digest.sha256(bytes))" }

    @Test func layerArrivesInPiecesAtTheRightPlaces() async throws {
        try await run { server in
            let begun = try await server.ask(.post, "/v2/echo/blobs/uploads/", as: .publisher)
            let place = try #require(begun.header("Location"))
            #expect(begun.status == 202 && begun.header("Range") == "0-0" && begun.header("Docker-Upload-UUID") != nil)
            #expect(try await server.ask(.get, place, as: .publisher).header("Range") == "0-0")
            let first = try await server.ask(
                .patch,
                place,
                as: .publisher,
                headers: [.contentRange: "0-999"],
                Array(Self.layer[..<1000])
            )
            #expect(first.status == 202 && first.header("Range") == "0-999")
            for wrong in ["0-999", "1001-2000", "999-1998"] {
                let piece = Array(Self.layer[..<1000])
                let answer = try await server.ask(.patch, place, as: .publisher, headers: [.contentRange: wrong], piece)
                #expect(answer.status == 416 && answer.header("Range") == "0-999")
                #expect(answer.imageCode == "BLOB_UPLOAD_INVALID")
            }
            #expect(try await server.ask(.get, place, as: .publisher).status == 204)
            #expect(try await server.ask(.get, place, as: .stranger).status == 404, "of another account")
            let end = "\(place)?digest=\(Self.digest(Self.layer))"
            let stored = try await server.ask(.put, end, as: .publisher, Array(Self.layer[1000...]))
            #expect(stored.status == 201 && stored.header("Docker-Content-Digest") == Self.digest(Self.layer))
            let blob = try #require(stored.header("Location"))
            #expect(try await server.ask(.get, blob).bytes == Self.layer)
            let part = try await server.ask(.get, blob, headers: [.range: "bytes=10-19"])
            #expect(part.status == 206 && part.bytes == Array(Self.layer[10..<20]))
            let head = try await server.ask(.head, blob)
            #expect(head.header("Content-Length") == String(Self.layer.count) && head.bytes.isEmpty)
            #expect(try await server.ask(.get, place, as: .publisher).imageCode == "BLOB_UPLOAD_UNKNOWN")
        }
    }

    @Test func bytesOfAnotherDigestAreNotKept() async throws {
        try await run { server in
            let lie = "sha256:\(RouteTests.hex)"
            let whole = try await server.ask(.post, "/v2/echo/blobs/uploads/?digest=\(lie)", as: .publisher, Self.layer)
            #expect(whole.status == 400 && whole.imageCode == "DIGEST_INVALID")
            let long = "sha512:" + String(repeating: "0", count: 128)
            let other = try await server.ask(
                .post,
                "/v2/echo/blobs/uploads/?digest=\(long)",
                as: .publisher,
                Self.layer
            )
            #expect(other.status == 400 && other.imageCode == "DIGEST_INVALID")
            let begun = try await server.ask(.post, "/v2/echo/blobs/uploads/", as: .publisher)
            let place = try #require(begun.header("Location"))
            #expect(try await server.ask(.put, place, as: .publisher, Self.layer).status == 400, "without a digest")
            #expect(try await server.ask(.put, "\(place)?digest=md5:aa", as: .publisher, Self.layer).status == 400)
            #expect(try await server.ask(.delete, place, as: .publisher).status == 204)
            #expect(try await server.ask(.delete, place, as: .publisher).status == 404)
            for digest in [lie, long, Self.digest(Self.layer)] {
                #expect(try await server.ask(.get, "/v2/echo/blobs/\(digest)").status == 404)
            }
        }
    }

    @Test func imageIsPushedFoundReadAndTakenAway() async throws {
        try await run { server in
            let (bytes, digest) = (Self.manifest(), Self.digest(Self.manifest()))
            let early = try await server.pushManifest(bytes, to: "echo/base", as: "edge")
            #expect(early.status == 400 && early.imageCode == "MANIFEST_BLOB_UNKNOWN")
            for blob in [Self.layer, Self.configuration] { try await server.pushBlob(blob, to: "echo/base") }
            let pushed = try await server.pushManifest(bytes, to: "echo/base", as: "edge")
            #expect(pushed.status == 201 && pushed.header("Docker-Content-Digest") == digest)
            for reference in ["edge", digest] {
                let read = try await server.ask(.get, "/v2/echo/base/manifests/\(reference)")
                #expect(read.bytes == bytes && read.header("Content-Type") == Self.manifestType)
                let head = try await server.ask(.head, "/v2/echo/base/manifests/\(reference)")
                #expect(head.header("Content-Length") == String(bytes.count))
                #expect(head.header("Docker-Content-Digest") == digest)
            }
            let about = Self.manifest([
                "artifactType": "application/x-note",
                "subject": ["mediaType": .string(Self.manifestType), "digest": .string(digest), "size": 1],
            ])
            let note = try await server.pushManifest(about, to: "echo/base", as: Self.digest(about))
            #expect(note.status == 201 && note.header("OCI-Subject") == digest)
            let referrers = try await server.ask(.get, "/v2/echo/base/referrers/\(digest)")
            #expect(referrers.json["manifests"]?.first?["digest"] == .string(Self.digest(about)))
            let none = try await server.ask(.get, "/v2/echo/base/referrers/\(digest)?artifactType=a/b")
            #expect(none.json["manifests"] == .array([]) && none.header("OCI-Filters-Applied") == "artifactType")
            for tag in ["a", "b", "c"] { try await server.pushManifest(bytes, to: "echo/base", as: tag) }
            let page = try await server.ask(.get, "/v2/echo/base/tags/list?n=2&last=a")
            #expect(page.json == ["name": "echo/base", "tags": ["b", "c"]])
            #expect(page.header("Link") == "</v2/echo/base/tags/list?n=2&last=c>; rel=\"next\"")
            #expect(try await server.ask(.get, "/v2/_catalog").json == ["repositories": ["echo/base"]])
            let used = try await server.ask(.delete, "/v2/echo/base/blobs/\(Self.digest(Self.layer))", as: .publisher)
            #expect(used.status == 405)
            #expect(try await server.ask(.delete, "/v2/echo/base/manifests/a", as: .publisher).status == 202)
            #expect(try await server.ask(.get, "/v2/echo/base/manifests/a").imageCode == "MANIFEST_UNKNOWN")
            for reference in [digest, Self.digest(about)] {
                let gone = try await server.ask(.delete, "/v2/echo/base/manifests/\(reference)", as: .publisher)
                #expect(gone.status == 202)
            }
            #expect(try await server.ask(.get, "/v2/echo/base/manifests/b").status == 404)
            let free = try await server.ask(.delete, "/v2/echo/base/blobs/\(Self.digest(Self.layer))", as: .publisher)
            #expect(free.status == 202)
        }
    }

    @Test func blobOfAnotherRepositoryIsMountedAndOfNobodyIsNot() async throws {
        try await run { server in
            try await server.pushBlob(Self.layer, to: "echo")
            let digest = Self.digest(Self.layer)
            let mount = "/v2/echo2/blobs/uploads/?mount=\(digest)&from="
            let mounted = try await server.ask(.post, mount + "echo", as: .publisher)
            #expect(mounted.status == 201 && mounted.header("Location") == "/v2/echo2/blobs/\(digest)")
            #expect(try await server.ask(.get, "/v2/echo2/blobs/\(digest)").bytes == Self.layer)
            let anywhere = "/v2/echo4/blobs/uploads/?mount=\(digest)"
            #expect(try await server.ask(.post, anywhere, as: .publisher).status == 201)
            for source in ["nothing", "..%2Fecho", ""] {
                let asked = mount.replacing("echo2", with: "echo3") + source
                #expect(try await server.ask(.post, asked, as: .publisher).status == 202, "\(source)")
            }
            #expect(try await server.ask(.post, mount + "echo", as: .stranger).status == 403)
        }
    }

    @Test(arguments: [
        "/v2/../etc/manifests/a", "/v2/UP/manifests/a", "/v2/a..b/tags/list", "/v2/a//b/tags/list",
        "/v2/a/manifests/..",
        "/v2/a/manifests/sha256:zz", "/v2/a/blobs/sha256:00", "/v2/a/blobs/md5:00", "/v2/a/manifests/.hidden",
        "/v2/a/referrers/latest", "/v2/a%00b/tags/list", "/v2/\(String(repeating: "a", count: 256))/tags/list",
        "/v2/a/tags/list?n=-1", "/v2/nothing/tags/list", "/v2/a/b", "/v2x", "/v2/a/blobs/uploads/..%2f..",
    ])
    func namesThatAreNoneAreRefused(_ path: String) async throws {
        try await run { server in
            let answer = try await server.ask(.get, path)
            #expect([400, 404, 422].contains(answer.status), "\(answer.status)")
        }
    }

    @Test func documentsThatContradictThemselvesAreRefused() async throws {
        try await run { server in
            for blob in [Self.layer, Self.configuration] { try await server.pushBlob(blob, to: "echo") }
            let index = "application/vnd.oci.image.index.v1+json"
            for (bytes, type) in [
                (Self.manifest(), index), (Self.manifest(["manifests": []]), Self.manifestType),
                ([], Self.manifestType),
                (Self.manifest(["schemaVersion": 1]), Self.manifestType), (Self.manifest(), "text/html"),
                (Self.manifest(["subject": ["digest": "latest"]]), Self.manifestType),
            ] {
                let answer = try await server.pushManifest(bytes, to: "echo", as: "edge", type: type)
                #expect(answer.status == 400 && answer.imageCode == "MANIFEST_INVALID")
            }
            let large = [UInt8](repeating: 0x20, count: 4 << 20 | 1)
            #expect(try await server.pushManifest(large, to: "echo", as: "edge").status == 413)
            let other = try await server.pushManifest(Self.manifest(), to: "echo", as: "sha256:\(RouteTests.hex)")
            #expect(other.imageCode == "DIGEST_INVALID")
            #expect(try await server.ask(.get, "/v2/echo/manifests/edge").status == 404)
        }
    }

    @Test func whoMayPushIsAskedAndToldHowToLogIn() async throws {
        try await run { server in
            let nobody = try await server.ask(.post, "/v2/echo/blobs/uploads/")
            let challenge = try #require(nobody.header("WWW-Authenticate"))
            #expect(nobody.status == 401 && nobody.imageCode == "UNAUTHORIZED")
            let place = try #require(
                try await server.ask(.post, "/v2/mine/blobs/uploads/", as: .publisher).header("Location")
            )
            for method in [HTTPRequest.Method.get, .delete, .patch] {
                let asked = try await server.ask(method, place).header("WWW-Authenticate")
                #expect(asked?.hasSuffix(#"scope="repository:mine:pull,push""#) == true)
            }
            #expect(
                challenge == #"Bearer realm="https://registry.test/v2/token",service="registry.test","#
                    + #"scope="repository:echo:pull,push""#
            )
            #expect(try await server.ask(.post, "/v2/echo/blobs/uploads/", as: .wrong).status == 401)
            #expect(try await server.ask(.post, "/v2/echo/blobs/uploads/", as: .reader).status == 403)
            #expect(try await server.ask(.post, "/v2/iii/blobs/uploads/", as: .publisher).status == 403, "reserved")
            try await server.pushBlob(Self.layer, to: "echo")
            for path in ["echo", "echo/below", "ech0"] {
                let answer = try await server.ask(.post, "/v2/\(path)/blobs/uploads/", as: .stranger)
                #expect((answer.status == 403) == (path != "ech0"), "\(path) \(answer.status)")
            }
            #expect(try await server.ask(.get, "/v2/").status == 401)
            #expect(try await server.ask(.get, "/v2/", as: .reader).status == 200)
        }
    }

    @Test func tokenIsGoodForWhatItWasMadeForAndNoMore() async throws {
        try await run { server in
            func token(_ scope: String, _ login: String?) async throws -> HTTPFields {
                var headers: HTTPFields = [:]
                headers[.authorization] = login.map { "Basic " + Base64.text(Array("any:\($0)".utf8)) }
                let answer = try await server.ask(.get, "/v2/token?service=x&scope=\(scope)", headers: headers)
                guard case .string(let token)? = answer.json["token"] else { throw NoToken(status: answer.status) }
                return [.authorization: "Bearer \(token)"]
            }
            func status(_ name: String, _ headers: HTTPFields) async throws -> Int {
                try await server.ask(.post, "/v2/\(name)/blobs/uploads/", headers: headers).status
            }
            let key = server.fixture.key
            let good = try await token("repository:echo:pull,push", key)
            #expect(try await server.ask(.get, "/v2/", headers: good).status == 200)
            #expect(try await status("echo", good) == 202)
            #expect(try await status("other", good) == 401)
            #expect(try await status("echo", token("repository:echo:pull", key)) == 401)
            #expect(try await status("echo", token("repository:echo:pull,push", nil)) == 401, "anybody only pulls")
            #expect(try await status("echo", token("repository:echo:push", server.fixture.readerKey)) == 403)
            var forged = good
            forged[.authorization]?.removeLast(4)
            #expect(try await status("echo", forged) == 401)
            await #expect(throws: NoToken(status: 401)) { _ = try await token("repository:echo:pull", "iii_wrong") }
            let hash = try #require(KeyText(parsing: key)).hash
            try await server.fixture.store.write { _ = try $0.deleteKey(hash: hash) }
            #expect(try await status("echo", good) == 401, "the key is gone")
        }
    }

    @Test func versionIsDeliveredByItsRepositoryAndStaysThere() async throws {
        try await run { server in
            for blob in [Self.layer, Self.configuration] { try await server.pushBlob(blob, to: "echo") }
            let (bytes, digest) = (Self.manifest(), Self.digest(Self.manifest()))
            try await server.pushManifest(bytes, to: "echo", as: digest)
            var request: JSONObject = [
                "worker_name": "echo", "version": "1.0.0", "type": "image", "tag": "latest",
                "image_tag": .string("registry.test/echo@sha256:\(RouteTests.hex)"),
            ]
            #expect(try await server.publish(request).status == 422, "an image that is not there")
            for wrong in ["registry.test/echo:edge", "registry.test/other@\(digest)"] {
                request["image_tag"] = .string(wrong)
                #expect(try await server.publish(request).status == 422, "\(wrong)")
            }
            request["image_tag"] = .string("registry.test/echo@\(digest)")
            let published = try await server.publish(request)
            #expect(published.status == 200 && published.json["image"] == request["image_tag"])
            #expect(try await server.publish(request).json["error"]?["identical"] == true)
            let download = try await server.ask(.get, "/download/echo")
            #expect(download.json["image_url"] == request["image_tag"], "\(download.json)")
            #expect(try await server.ask(.get, "/w/echo").json["worker"]?["image"] == request["image_tag"])
            for tag in ["1.0.0", "latest"] {
                #expect(try await server.ask(.get, "/v2/echo/manifests/\(tag)").bytes == bytes)
                #expect(try await server.pushManifest(bytes, to: "echo", as: tag).status == 405)
                #expect(try await server.ask(.delete, "/v2/echo/manifests/\(tag)", as: .publisher).status == 405)
            }
            #expect(try await server.ask(.delete, "/v2/echo/manifests/\(digest)", as: .publisher).status == 405)
            #expect(try await server.ask(.get, "/v2/echo/tags/list").json["tags"] == ["1.0.0", "latest"])
            let removed = try await server.ask(.delete, "/w/echo/versions/1.0.0", as: .publisher)
            #expect(removed.status == 200)
            for tag in ["1.0.0", "latest"] {
                #expect(try await server.ask(.get, "/v2/echo/manifests/\(tag)").status == 404)
            }
            #expect(try await server.pushManifest(bytes, to: "echo", as: "1.0.0").status == 405, "a number used up")
        }
    }
}

/// That no token was given.
private struct NoToken: Error, Equatable {
    let status: Int
}

extension TestedServer {
    @discardableResult
    fileprivate func pushBlob(_ bytes: [UInt8], to repository: String) async throws -> Answer {
        let digest = "sha256:\(Digest.sha256(bytes))"
        let path = "/v2/\(repository)/blobs/uploads/?digest=\(digest)"
        let answer = try await ask(.post, path, as: .publisher, bytes)
        #expect(answer.status == 201)
        return answer
    }

    @discardableResult
    fileprivate func pushManifest(
        _ bytes: [UInt8],
        to repository: String,
        as reference: String,
        type: String = "application/vnd.oci.image.manifest.v1+json"
    ) async throws -> Answer {
        let headers: HTTPFields = [.contentType: type]
        return try await ask(.put, "/v2/\(repository)/manifests/\(reference)", as: .publisher, headers: headers, bytes)
    }
}

extension Answer {
    /// The code of the first error, as clients of images read it.
    fileprivate var imageCode: String? {
        if case .string(let code)? = json["errors"]?.first?["code"] { code } else { nil }
    }
}

extension JSONValue {
    /// The first element of an array.
    fileprivate var first: JSONValue? { if case .array(let elements) = self { elements.first } else { nil } }
}
