// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage
package import WorkerModel

/// What lies in the place of an unpacked image, beside what was unpacked there.
package struct ImageComparison: Sendable {
    /// How many entries are there, and how many were unpacked.
    package let entries: (found: Int, unpacked: Int)
    /// The sizes of all files together.
    package let size: (found: ByteCount, unpacked: ByteCount)
    /// Whether every entry is there as it was unpacked; also where nobody noted what that was.
    package let isWhole: Bool
}

extension ImageStore {
    /// Looks at every entry of an unpacked image, but not into its files.
    ///
    /// - Throws: `HostError`; `ImageStoreError.missing` for one that is not there.
    package func compare(_ image: InstalledImage) async throws -> ImageComparison {
        guard let record = try record(of: image.digest) else { throw ImageStoreError.missing(image.digest) }
        let shape = try await RootShape.measured(image.root)
        return ImageComparison(
            entries: (shape.entries, record.entries),
            size: (shape.size, record.size),
            isWhole: record.shape == nil || record.shape == shape.digest
        )
    }

    /// Whether the tree of a manifest is there, and known to be on disk or looked through after the machine's last start.
    ///
    /// Effects on disk: one that was looked through is remembered as whole, where that can be written.
    func isWhole(_ manifest: Digest) async throws -> Bool {
        let root = tree(manifest).appending("rootfs")
        guard try HostFiles.kind(of: root) == .directory, var record = try record(of: manifest) else { return false }
        if record.boot == nil || (record.boot == HostBoot.identity && record.boot != "") { return true }
        guard let shape = record.shape, try await RootShape.measured(root).digest == shape else { return false }
        record.boot = nil
        try? HostFiles.write(record.encode(), to: recordPath(manifest))
        return true
    }
}
