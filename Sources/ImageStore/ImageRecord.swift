// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import JSONText
import SystemPackage
import WorkerModel

/// What is kept beside an unpacked image.
///
/// Shape: `{"version":1,"boot":"…","worker":"scraper","size":1234,"entries":56,"shape":"…","notes":["…"]}`.
struct ImageRecord: Hashable, Sendable {
    private static let version = 1
    private static let limit = ByteCount.kibibytes(256)

    /// The sizes of all files together.
    var size: ByteCount
    var entries: Int
    /// What of the image was left out, in words.
    var notes: [String]
    /// The start of the machine in which it was unpacked; nil once it was found whole after a later one.
    ///
    /// Until then only the system's memory is known to hold all of it. Empty where the system does not tell.
    var boot: String?
    /// What the tree looked like when it was unpacked, as `RootShape` has it; nil where nobody looked.
    var shape: Digest?
    /// The worker that it was first pulled for.
    var worker: String?

    func encode() -> [UInt8] {
        let document: JSONValue = [
            "version": .number(JSONNumber(Self.version)),
            "boot": boot.map { .string($0) } ?? .null,
            "worker": worker.map { .string($0) } ?? .null,
            "size": .number(JSONNumber(size.bytes)),
            "entries": .number(JSONNumber(entries)),
            "shape": shape.map { .string($0.description) } ?? .null,
            "notes": .array(notes.map { .string($0) }),
        ]
        return document.bytes() + [0x0A]
    }

    /// Reads a record; nil where there is none, or none that this program understands.
    init?(reading path: FilePath) throws {
        guard let bytes = try HostFiles.read(path, upTo: Self.limit) else { return nil }
        do {
            let document = JSONCursor(try JSONValue(parsing: bytes))
            guard try document.required("version").integer() == Self.version else { return nil }
            size = ByteCount(try document.required("size").integer())
            entries = try document.required("entries").integer()
            notes = try document.required("notes").elements().map { try $0.string() }
            boot = try document.optional("boot")?.string()
            shape = try document.optional("shape").map { try Digest(parsing: $0.string()) }
            worker = try document.optional("worker")?.string()
        } catch { return nil }
    }

    init(of shape: RootShape, notes: [String], boot: String?, worker: String?) {
        size = shape.size
        entries = shape.entries
        self.shape = shape.digest
        self.notes = notes
        self.boot = boot
        self.worker = worker
    }
}
