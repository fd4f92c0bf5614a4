// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import ImageDocuments
import Testing
import WorkerModel

@Suite("Documents as registries accept them")
struct OCIContentTests {
    private static let digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    private static let long = "sha512:" + String(repeating: "ab", count: 64)

    private func reference(_ type: String, _ digest: String = Self.digest) -> String {
        #"{"mediaType":"\#(type)","digest":"\#(digest)","size":3}"#
    }

    @Test("an artifact with a subject is read whole")
    func artifact() throws {
        let text = """
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":\(reference("application/x-c")),
            "layers":[\(reference("application/x-l", Self.long)),
            \(reference("application/vnd.oci.image.layer.nondistributable.v1.tar"))],
            "subject":\(reference("application/vnd.oci.image.manifest.v1+json")),"annotations":{"k":"v"}}
            """
        let content = try OCIContent(parsing: Array(text.utf8), declared: .manifest)
        #expect(content.artifactType == "application/x-c")
        #expect(content.subject?.description == Self.digest)
        #expect(content.blobs.map(\.digest.description) == [Self.digest, Self.long, Self.digest])
        #expect(content.blobs.map(\.isElsewhere) == [false, false, true])
        #expect(content.annotations == #"{"k":"v"}"#)
    }

    @Test(
        "what is no document, or of two kinds, is refused",
        arguments: [
            "", "[]", "{}", #"{"schemaVersion":1,"layers":[]}"#, #"{"schemaVersion":2,"layers":[]}"#,
            #"{"schemaVersion":2,"layers":[],"manifests":[]}"#,
            #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}"#,
            #"{"schemaVersion":2,"manifests":[{"mediaType":"a","digest":"sha256:0","size":1}]}"#,
            #"{"schemaVersion":2,"manifests":[],"annotations":{"k":1}}"#,
        ]
    )
    func refused(text: String) {
        #expect(throws: OCIDocumentError.self) { try OCIContent(parsing: Array(text.utf8), declared: nil) }
    }
}
