// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import Testing
import WorkerModel

@Suite struct WorkerSourceTests {
    @Test(arguments: [
        ("pdfkit", "registry pdfkit"), ("pdfkit@1.0.0", "registry pdfkit exact 1.0.0"),
        ("pdfkit@^1.2", "registry pdfkit range ^1.2"), ("pdfkit@>=1 <2", "registry pdfkit range >=1 <2"),
        ("pdfkit@next", "registry pdfkit channel next"), ("Old.Name", "registry Old.Name"),
        ("./w", "path ./w"), ("../w", "path ../w"), ("/abs", "path /abs"), ("~/w", "path ~/w"), (".", "path ."),
        ("ghcr.io/org/worker:1", "image worker"), ("localhost:5000/x", "image x"), ("alpine:3", "image alpine"),
        ("x@sha256:" + String(repeating: "a", count: 64), "image x"),
        ("foo/bar:1@sha512:" + String(repeating: "b", count: 128), "image bar"), ("[::1]:5000/a/b", "image b"),
    ])
    func isReadOnce(text: String, expected: String) throws {
        let shown =
            switch try WorkerSource(parsing: text) {
            case .registry(let name, nil): "registry \(name)"
            case .registry(let name, .exact(let version)?): "registry \(name) exact \(version)"
            case .registry(let name, .range(let range)?): "registry \(name) range \(range)"
            case .registry(let name, .channel(let channel)?): "registry \(name) channel \(channel)"
            case .localPath(let path): "path \(path)"
            case .image(_, let name): "image \(name)"
            }
        #expect(shown == expected)
    }

    @Test(arguments: [
        ("", ErrorCode.invalidSource), ("pdfkit@", .invalidSource), ("pdfkit@Not A Version", .invalidSource),
        ("sp ace", .invalidName), ("a..b", .invalidName), (":tag", .invalidSource), ("a//b", .invalidSource),
        ("ghcr.io/Org/x", .invalidSource), ("ghcr.io/org/x:", .invalidSource), ("x@1:2", .invalidSource),
        ("ghcr.io/org/x@sha256:abc", .invalidSource),
        ("ghcr.io/org/x@md5:" + String(repeating: "a", count: 32), .invalidSource),
        ("host:99999/x", .invalidSource), ("host:/x", .invalidSource), ("a/b/", .invalidSource), ("@1.0", .invalidName),
        ("ghcr.io/" + String(repeating: "a", count: 65), .invalidSource), ("scope@org@1.0", .invalidSource),
    ])
    func isRefusedBeforeAnythingIsFetched(text: String, code: ErrorCode) {
        #expect {
            try WorkerSource(parsing: text)
        } throws: { error in (error as? any CodedError)?.code == code }
    }
}

@Suite struct ImageReferenceTests {
    @Test func partsAreToldApart() throws {
        let digest = "sha256:" + String(repeating: "0", count: 64)
        let reference = try ImageReference(parsing: "ghcr.io:443/org/team/image:v1.0@\(digest)")
        #expect(reference.host == "ghcr.io:443")
        #expect(reference.path == "org/team/image")
        #expect(reference.tag == "v1.0")
        #expect(reference.digest == digest)
        #expect(reference.description == "ghcr.io:443/org/team/image:v1.0@\(digest)")
    }

    @Test(arguments: [
        ("alpine", "docker.io", "library/alpine"), ("org/image", "docker.io", "org/image"),
        ("docker.io/alpine", "docker.io", "library/alpine"), ("localhost/alpine", "localhost", "alpine"),
    ])
    func defaultsAreFilledInForPullingOnly(text: String, host: String, path: String) throws {
        let reference = try ImageReference(parsing: text)
        #expect(reference.canonicalHost == host)
        #expect(reference.canonicalPath == path)
        #expect(reference.description == text)
    }

    @Test(arguments: [
        ("a__b", true), ("a---b", true), ("a___b", false), ("a..b", false), ("a._b", false), ("-a", false),
        ("a-", false),
        ("a.b_c-d", true), ("é", false),
    ])
    func separatorsFollowTheGrammar(path: String, fits: Bool) {
        #expect(((try? ImageReference(parsing: path)) != nil) == fits)
    }

    @Test func errorTellsThePosition() {
        let error = #expect(throws: ImageReferenceError.self) { try ImageReference(parsing: "ghcr.io/org//x") }
        #expect(error?.position == 13)
    }
}
