// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Diagnostics
import JSONText
import SystemPackage
import WorkerModel

/// The listing of an artifact as it is kept beside its tree.
///
/// Shape: `{"version":1,"boot":"…","files":[{"path":"bin/run","mode":"0755","size":10,"sha256":"…"}],
/// "empty_folders":["logs"]}`, sorted by path. Equal trees have equal listings.
struct StoredListing {
    static let version = 1

    let listing: ArchiveListing
    /// The start of the machine in which the tree was written; nil once it was found whole after a later one.
    ///
    /// Until then only the system's memory is known to hold all of it. Empty where the system does not tell.
    let boot: String?

    /// Whether the tree is known to be on disk.
    var isSettled: Bool { boot == nil }

    func encode() -> [UInt8] {
        let files = listing.files.map { file -> JSONValue in
            [
                "path": .string(file.path),
                "mode": .string("0" + String(file.mode, radix: 8)),
                "size": .number(JSONNumber(file.size.bytes)),
                "sha256": .string(file.digest.description),
            ]
        }
        let document: JSONValue = [
            "version": .number(JSONNumber(Self.version)),
            "boot": boot.map { .string($0) } ?? .null,
            "files": .array(files),
            "empty_folders": .array(listing.emptyFolders.map { .string($0) }),
        ]
        return document.bytes() + [0x0A]
    }

    /// - Throws: `ArtifactStoreError.listingUnreadable` for anything that `encode` did not write.
    static func decode(_ bytes: [UInt8], from path: FilePath) throws(ArtifactStoreError) -> StoredListing {
        do {
            let document = JSONCursor(try JSONValue(parsing: bytes))
            guard try document.required("version").integer() == version else {
                throw document.fail("has another version")
            }
            var files: [ArchiveListing.File] = []
            for file in try document.required("files").elements() { files.append(try decode(file)) }
            var folders: [String] = []
            for folder in try document.required("empty_folders").elements() { folders.append(try folder.string()) }
            let boot = try document.optional("boot")?.string()
            return StoredListing(listing: ArchiveListing(files: files, folders: folders), boot: boot)
        } catch { throw .listingUnreadable(path, reason: error.words) }
    }

    private static func decode(_ file: JSONCursor) throws -> ArchiveListing.File {
        let mode = try file.required("mode").string()
        guard mode == "0755" || mode == "0644" else { throw try file.required("mode").fail("is no mode") }
        return ArchiveListing.File(
            path: try file.required("path").string(),
            size: ByteCount(try file.required("size").integer()),
            isExecutable: mode == "0755",
            digest: try Digest(parsing: file.required("sha256").string())
        )
    }
}
