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

    private let capture: ContentCapture
    private var hasher = DigestHasher()
    private var entry: ArchiveEntry?
    private var size = ByteCount.zero
    private var files: [ArchiveListing.File] = []
    private var folders: [String] = []

    /// - Parameters:
    ///   - paths: the files whose contents are kept.
    ///   - limit: the most bytes of each of them; a larger one is refused.
    package init(capturing paths: Set<String> = [], upTo limit: ByteCount = .kibibytes(64)) {
        capture = ContentCapture(of: paths, upTo: limit)
    }

    package func begin(_ entry: ArchiveEntry) throws(ArchiveError) {
        self.entry = entry
        if entry.kind == .directory { folders.append(entry.path.description) }
        try capture.begin(entry)
        hasher = DigestHasher()
        size = .zero
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        hasher.update(bytes)
        size = size + ByteCount(bytes.count)
        try capture.write(bytes)
    }

    package func end() {
        guard let entry, entry.kind == .file else { return }
        capture.end()
        files.append(
            .init(
                path: entry.path.description,
                size: size,
                isExecutable: entry.isExecutable,
                digest: hasher.finalize()
            )
        )
    }

    package func finish() -> Findings {
        Findings(listing: ArchiveListing(files: files, folders: folders), contents: capture.finish())
    }
}
