// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import ImageStore
import JSONText
import SandboxTestSupport
import SystemPackage
import TestSupport
import WorkerModel

/// An image in the store of a home, as a pull would have left it: the small root with what a script adds to it.
struct StoredImage {
    let digest: Digest
    var reference: String { "registry.example/worker@sha256:\(digest)" }

    init(_ configuration: JSONObject, in home: IIIHome, adding script: String = "true") throws {
        let store = home.store.appending("images")
        func keep(_ document: JSONValue) throws -> (digest: Digest, size: Int) {
            let bytes = document.bytes()
            let digest = Digest.sha256(bytes)
            try HostFiles.makeDirectory(store.appending("blobs"))
            try HostFiles.write(bytes, to: store.appending("blobs").appending(digest.description), mode: 0o600)
            return (digest, bytes.count)
        }
        let config = try keep([
            "os": "linux", "architecture": "amd64", "config": .object(configuration),
            "rootfs": ["type": "layers", "diff_ids": []],
        ])
        let manifest = try keep([
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [],
            "config": [
                "mediaType": "application/vnd.oci.image.config.v1+json", "digest": .string("sha256:\(config.digest)"),
                "size": .number(JSONNumber(config.size)),
            ],
        ])
        digest = manifest.digest
        let tree = store.appending("sha256").appending(digest.description)
        try HostFiles.makeDirectory(tree)
        try Shell.run("cp -a \(try SmallRoot.make()) rootfs; cd rootfs; \(script)", in: tree)
        let record: JSONValue = ["version": 1, "boot": .null, "size": 1, "entries": 1, "notes": []]
        try HostFiles.write(record.bytes(), to: tree.appending("image.json"), mode: 0o600)
    }
}
