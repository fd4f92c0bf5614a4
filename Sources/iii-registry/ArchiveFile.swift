// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import SystemPackage

/// A tar.gz on the disk.
enum ArchiveFile {
    private static let piece = 1 << 18

    /// Unpacks all of it into an empty folder.
    ///
    /// - Throws: `ArchiveError` for a file that is not a whole tar.gz within the limits; `Errno`.
    static func unpack(_ source: FilePath, into folder: FilePath, limits: ArchiveLimits) throws {
        var reader = try ArchiveReader(sink: TreeExtractor(below: folder), limits: limits)
        let file = try FileDescriptor.open(source, .readOnly, options: .closeOnExec)
        try file.closeAfter {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 16)
            // Safety: the buffer lives until the end of this scope, and nobody keeps it.
            defer { buffer.deallocate() }
            while true {
                let count = try file.read(into: buffer)
                if count == 0 { break }
                try reader.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        _ = try reader.finish()
    }
}
