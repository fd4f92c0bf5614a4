// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Testing

@testable import Archives

/// An archive that must be refused: its bytes, the rule that it breaks, and the entry that is to be named.
struct HostileArchive: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let fault: ArchiveFault
    let entry: String?

    var testDescription: String { name }

    init(_ name: String, gzip: [UInt8], _ fault: ArchiveFault, entry: String? = nil) {
        self.name = name
        bytes = gzip
        self.fault = fault
        self.entry = entry
    }

    /// A sound gzip file around a tar archive that is not.
    init(_ name: String, _ fault: ArchiveFault, entry: String? = nil, tar build: (inout TarBytes) -> Void) {
        self.init(name, gzip: GzipBytes.pack(TarBytes.archive(build)), fault, entry: entry)
    }

    /// A tar archive without its end, inside a sound gzip file.
    static func unended(
        _ name: String,
        _ fault: ArchiveFault,
        entry: String? = nil,
        tar build: (inout TarBytes) -> Void
    ) -> HostileArchive {
        var tar = TarBytes()
        build(&tar)
        return HostileArchive(name, gzip: GzipBytes.pack(tar.bytes), fault, entry: entry)
    }

    static let all = paths + rawPaths + collisions + kinds + headers + extended + ends + limits + wrappers
}
