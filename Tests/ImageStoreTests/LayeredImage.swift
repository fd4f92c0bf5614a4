// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Foundation
import HostSystem
import ImageDocuments
import SystemPackage
import TestSupport
import WorkerModel

@testable import ImageStore

/// An image made of archives that Python writes, put into a store as if it had been pulled.
struct LayeredImage {
    static let platform = ImagePlatform(system: "linux", architecture: "amd64")

    let store: ImageStore
    let image: UnpackableImage

    /// Each layer is the body of a Python function that gets an open `tarfile` as `t`, and `add(name, …)`.
    init(
        _ layers: [String],
        in folder: FilePath,
        mediaType: String = "application/vnd.oci.image.layer.v1.tar+gzip"
    ) throws {
        store = ImageStore(home: IIIHome(root: folder.appending("home")))
        var (items, ids): ([String], [String]) = ([], [])
        for (index, code) in layers.enumerated() {
            try Self.script(code).write(
                toFile: folder.appending("l\(index).py").string,
                atomically: true,
                encoding: .utf8
            )
            try Shell.run("python3 l\(index).py l\(index).tar && gzip -nkf l\(index).tar", in: folder)
            let packed = try Data(contentsOf: URL(fileURLWithPath: folder.appending("l\(index).tar.gz").string))
            let plain = try Data(contentsOf: URL(fileURLWithPath: folder.appending("l\(index).tar").string))
            let digest = Digest.sha256(packed)
            try store.keep(Array(packed), digest: digest)
            items.append(#"{"mediaType":"\#(mediaType)","digest":"sha256:\#(digest)","size":\#(packed.count)}"#)
            ids.append(#""sha256:\#(Digest.sha256(plain))""#)
        }
        let configuration = Array(
            #"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[\#(ids.joined(separator: ","))]}}"#
                .utf8
        )
        let name = Digest.sha256(configuration)
        try store.keep(configuration, digest: name)
        let manifest = Array(
            #"{"schemaVersion":2,"config":{"mediaType":"c","digest":"sha256:\#(name)","size":\#(configuration.count)},"layers":[\#(items.joined(separator: ","))]}"#
                .utf8
        )
        let digest = Digest.sha256(manifest)
        try store.keep(manifest, digest: digest)
        guard let stored = try store.manifest(digest, for: Self.platform) else { throw ImageStoreError.missing(digest) }
        image = try store.unpackable(stored, for: Self.platform)
    }

    /// What is below the root, one line for each thing: path, type, mode, size, link.
    static func tree(_ root: FilePath) throws -> String {
        try Shell.run(
            "find . -mindepth 1 -printf '%P %y %m %s %l\\n' | sed 's/ d \\([0-7]*\\) [0-9]* / d \\1 /' | sort",
            in: root
        )
    }

    private static func script(_ code: String) -> String {
        """
        import io, sys, tarfile
        def add(name, data=b'', type=tarfile.REGTYPE, link='', mode=0o644, user=0, group=0):
            i = tarfile.TarInfo(name)
            i.uid, i.gid = user, group
            i.type, i.linkname, i.mode, i.size = type, link, mode, len(data)
            t.addfile(i, io.BytesIO(data))
        DIR, SYM, LNK, CHR, FIFO = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE
        with tarfile.open(sys.argv[1], 'w', format=tarfile.PAX_FORMAT) as t:
        \(code.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))
        """
    }
}
