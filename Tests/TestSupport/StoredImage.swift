// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Foundation
package import SystemPackage
package import WorkerModel

/// An image in the store of a home, as a pull would have left it: the small root with what a script adds to it.
package struct StoredImage {
    package let digest: Digest
    package var reference: String { "registry.example/worker@sha256:\(digest)" }

    /// `configuration` is the member `config` of the image's configuration, as JSON; `home` is `~/.iii`.
    ///
    /// A bare one has nothing but what the script adds; a spaced one has another manifest of the same contents.
    package init(
        _ configuration: String,
        in home: FilePath,
        adding script: String = "true",
        isBare: Bool = false,
        for worker: String = "worker",
        isSpaced: Bool = false
    ) throws {
        let store = home.appending("store/images")
        try Shell.run("mkdir -p \(store)/blobs \(store)/sha256", in: "/")
        func keep(_ document: String) throws -> (digest: Digest, size: Int) {
            let digest = Digest.sha256(Array(document.utf8))
            try document.write(
                toFile: store.appending("blobs/\(digest)").string,
                atomically: true,
                encoding: .utf8
            )
            return (digest, document.utf8.count)
        }
        let config = try keep(
            #"{"os":"linux","architecture":"amd64","config":\#(configuration),"#
                + #""rootfs":{"type":"layers","diff_ids":[]}}"#
        )
        let manifest = try keep(
            #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[],"config":"#
                + #"{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:\#(config.digest)","#
                + #""size":\#(config.size)}}"# + (isSpaced ? " " : "")
        )
        digest = manifest.digest
        let tree = store.appending("sha256/\(digest)")
        try Shell.run(
            isBare ? "mkdir -p \(tree)/rootfs" : "mkdir \(tree); cp -a \(try SmallRoot.make()) \(tree)/rootfs",
            in: "/"
        )
        try Shell.run(script, in: tree.appending("rootfs"))
        try Shell.run(
            #"echo '{"version":1,"boot":null,"worker":"\#(worker)","size":1,"entries":1,"notes":[]}' > image.json"#,
            in: tree
        )
    }
}
