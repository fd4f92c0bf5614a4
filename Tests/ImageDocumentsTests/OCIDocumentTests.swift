// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing
import WorkerModel

@testable import ImageDocuments

struct OCIDocumentTests {
    private static let digest = String(repeating: "0a", count: 32)
    private static let config = #"{"mediaType":"c","digest":"sha256:\#(digest)","size":7}"#
    private static let image = #"{"schemaVersion":2,"config":\#(config),"layers":[\#(config)]}"#

    @Test func readsAnImage() throws {
        let pointer = OCIDescriptor(
            mediaType: "c",
            digest: try Digest(parsing: Self.digest),
            size: ByteCount(7),
            platform: nil
        )
        let document = try OCIDocument(parsing: Array(Self.image.utf8), declared: .manifest)
        #expect(document == .image(configuration: pointer, layers: [pointer]))
    }

    @Test func readsAnIndexWithoutItsAttestations() throws {
        let entries = [
            #""platform":{"os":"linux","architecture":"arm64","variant":"v8"}"#,
            #""platform":{"os":"linux","architecture":"amd64","variant":""}"#,
            #""platform":{"os":"unknown","architecture":"unknown"}"#, #""annotations":{}"#,
        ].map { #"{"mediaType":"m","digest":"sha256:\#(Self.digest)","size":1,\#($0)}"# }
        let text =
            #"{"schemaVersion":2,"mediaType":"\#(OCIMediaType.index.rawValue)","manifests":[\#(entries.joined(separator: ","))]}"#
        guard case .index(let images) = try OCIDocument(parsing: Array(text.utf8), declared: nil) else {
            Issue.record("no index")
            return
        }
        #expect(images.map { $0.platform?.description } == ["linux/arm64/v8", "linux/amd64", nil, nil])
        #expect(images.map(\.isAttestation) == [false, false, true, false])
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"schemaVersion":1,"config":{},"layers":[]}"#,
        #"{"schemaVersion":2,"manifests":[],"layers":[],"config":\#(config)}"#,
        #"{"schemaVersion":2,"manifests":[]}"#,
        #"{"schemaVersion":2,"layers":[]}"#,
        #"{"schemaVersion":2,"mediaType":"\#(OCIMediaType.index.rawValue)","config":\#(config),"layers":[]}"#,
        #"{"schemaVersion":2,"mediaType":"text/html","config":\#(config),"layers":[]}"#,
        #"{"schemaVersion":2,"config":{"mediaType":"c","digest":"sha512:00","size":1},"layers":[]}"#,
        #"{"schemaVersion":2,"config":{"mediaType":"c","digest":"sha256:\#(digest)","size":-1},"layers":[]}"#,
        #"{"schemaVersion":2,"config":{"mediaType":"c","digest":"\#(digest)","size":1},"layers":[]}"#,
    ])
    func refusesWhatCouldBeTakenForTwoThings(_ text: String) {
        #expect(throws: OCIDocumentError.self) { try OCIDocument(parsing: Array(text.utf8), declared: .manifest) }
    }

    @Test func refusesMoreLayersThanAnybodyNeeds() throws {
        let layers = Array(repeating: Self.config, count: OCIDocument.layerLimit + 1).joined(separator: ",")
        let text = #"{"schemaVersion":2,"config":\#(Self.config),"layers":[\#(layers)]}"#
        let error = #expect(throws: OCIDocumentError.self) {
            try OCIDocument(parsing: Array(text.utf8), declared: .manifest)
        }
        #expect(error?.reason.contains("128 layers") == true)
    }
}

struct ImagePlatformTests {
    @Test(arguments: [
        ("aarch64-unknown-linux-gnu", "linux/arm64/v8"), ("x86_64-unknown-linux-musl", "linux/amd64"),
        ("armv7-unknown-linux-gnueabihf", "linux/arm/v7"), ("aarch64-apple-darwin", "linux/arm64/v8"),
    ])
    func hostsHaveTheNamesOfImages(_ triple: String, _ name: String) throws {
        #expect(ImagePlatform(of: try TargetTriple(parsing: triple))?.description == name)
    }

    @Test(arguments: [
        ("linux/arm/v7", nil as String?, "linux/arm/v7", true), ("linux/arm", "v6", "linux/arm/v7", true),
        ("linux/arm", "v8", "linux/arm/v7", false), ("linux/arm64", nil, "linux/arm64/v8", true),
        ("linux/amd64", "v3", "linux/amd64", false), ("linux/amd64", "v1", "linux/amd64", true),
        ("windows/amd64", nil, "linux/amd64", false), ("linux/386", nil, "linux/amd64", false),
    ])
    func hostsRunOlderGenerations(_ image: String, _ variant: String?, _ host: String, _ runs: Bool) {
        func platform(_ text: String, _ variant: String?) -> ImagePlatform {
            let parts = text.split(separator: "/").map(String.init)
            return ImagePlatform(
                system: parts[0],
                architecture: parts[1],
                variant: variant ?? (parts.count > 2 ? parts[2] : nil)
            )
        }
        #expect((platform(image, variant).rank(on: platform(host, nil)) != nil) == runs)
    }
}
