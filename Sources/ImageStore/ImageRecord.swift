// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import JSONText
import SystemPackage
import WorkerModel

/// What is kept beside an unpacked image.
///
/// Shape: `{"version":1,"boot":"…","size":1234,"entries":56,"notes":["…"]}`.
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

    func encode() -> [UInt8] {
        let document: JSONValue = [
            "version": .number(JSONNumber(Self.version)),
            "boot": boot.map { .string($0) } ?? .null,
            "size": .number(JSONNumber(size.bytes)),
            "entries": .number(JSONNumber(entries)),
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
        } catch { return nil }
    }

    init(size: ByteCount, entries: Int, notes: [String], boot: String?) {
        self.size = size
        self.entries = entries
        self.notes = notes
        self.boot = boot
    }
}
