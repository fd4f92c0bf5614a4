// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// The most that an archive may hold.
///
/// A reader takes it in its signature and never goes beyond it.
package struct ArchiveLimits: Sendable, Hashable {
    /// What happens to symbolic and hard links.
    ///
    /// They are never made.
    package enum Links: Sendable, Hashable {
        /// An archive with a link is refused.
        case refused
        /// A link is passed over, as one looks for one regular file only.
        case skipped
    }

    /// Bytes of the archive itself.
    package var compressed: ByteCount
    /// Sum of the sizes of all files.
    package var unpacked: ByteCount
    /// Size of one file.
    package var file: ByteCount
    /// Files and folders that have an entry.
    package var entries: Int
    /// Components of a path, the file itself among them.
    package var depth: Int
    package var links: Links

    package init(
        compressed: ByteCount,
        unpacked: ByteCount,
        file: ByteCount,
        entries: Int,
        depth: Int,
        links: Links = .refused
    ) {
        self.compressed = compressed
        self.unpacked = unpacked
        self.file = file
        self.entries = entries
        self.depth = depth
        self.links = links
    }

    /// The archive of a bundle worker.
    package static let bundle = ArchiveLimits(
        compressed: .mebibytes(64),
        unpacked: .mebibytes(64),
        file: .mebibytes(32),
        entries: 1024,
        depth: 16
    )

    /// The archive of a binary worker for one target.
    package static let binary = ArchiveLimits(
        compressed: .mebibytes(512),
        unpacked: .gibibytes(2),
        file: .gibibytes(2),
        entries: 4096,
        depth: 64,
        links: .skipped
    )
}
