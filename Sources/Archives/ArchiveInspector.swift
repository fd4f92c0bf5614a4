// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// Looks through an archive without writing anything: what is in it, and the contents of the files one asks for.
package final class ArchiveInspector: ArchiveSink {
    /// What was found.
    package struct Findings: Sendable {
        package let listing: ArchiveListing
        /// Contents by path, of the files that were asked for and that are there.
        package let contents: [String: [UInt8]]
    }

    private let wanted: Set<String>
    private let limit: ByteCount
    private var hasher = DigestHasher()
    private var entry: ArchiveEntry?
    private var size = ByteCount.zero
    private var captured: [UInt8] = []
    private var isCapturing = false
    private var contents: [String: [UInt8]] = [:]
    private var files: [ArchiveListing.File] = []
    private var folders: [String] = []

    /// - Parameters:
    ///   - paths: the files whose contents are kept.
    ///   - limit: the most bytes of each of them; a larger one is refused.
    package init(capturing paths: Set<String> = [], upTo limit: ByteCount = .kibibytes(64)) {
        wanted = paths
        self.limit = limit
    }

    package func begin(_ entry: ArchiveEntry) throws(ArchiveError) {
        self.entry = entry
        let path = entry.path.description
        if entry.kind == .directory { folders.append(path) }
        isCapturing = entry.kind == .file && wanted.contains(path)
        if let size = entry.size { try checkRoom(for: size) }
        hasher = DigestHasher()
        size = .zero
        captured = []
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        hasher.update(bytes)
        size = size + ByteCount(bytes.count)
        try checkRoom(for: size)
        if isCapturing { captured.append(contentsOf: bytes) }
    }

    package func end() {
        guard let entry, entry.kind == .file else { return }
        let path = entry.path.description
        if isCapturing { contents[path] = captured }
        files.append(
            .init(path: path, size: size, isExecutable: entry.isExecutable, digest: hasher.finalize())
        )
    }

    package func finish() -> Findings {
        Findings(listing: ArchiveListing(files: files, folders: folders), contents: contents)
    }

    private func checkRoom(for size: ByteCount) throws(ArchiveError) {
        guard isCapturing, size > limit else { return }
        throw .refused(.limit(.file, limit: limit.bytes), entry: entry?.path.description)
    }
}
