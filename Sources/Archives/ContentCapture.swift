// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// Keeps the contents of the files one asks for, and passes over the rest of an archive.
package final class ContentCapture: ArchiveSink {
    private let wanted: Set<String>
    private let limit: ByteCount
    /// The file whose contents are kept now.
    private var path: String?
    private var captured: [UInt8] = []
    private var contents: [String: [UInt8]] = [:]

    /// - Parameters:
    ///   - paths: the files whose contents are kept.
    ///   - limit: the most bytes of each of them; a larger one is refused.
    package init(of paths: Set<String>, upTo limit: ByteCount) {
        wanted = paths
        self.limit = limit
    }

    package func begin(_ entry: ArchiveEntry) throws(ArchiveError) {
        let path = entry.path.description
        self.path = entry.kind == .file && wanted.contains(path) ? path : nil
        captured = []
        if let size = entry.size { try checkRoom(for: size) }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        if path == nil { return }
        try checkRoom(for: ByteCount(captured.count + bytes.count))
        captured.append(contentsOf: bytes)
    }

    package func end() {
        if let path { contents[path] = captured }
    }

    /// Contents by path, of the files that were asked for and that are there.
    package func finish() -> [String: [UInt8]] { contents }

    private func checkRoom(for size: ByteCount) throws(ArchiveError) {
        guard let path, size > limit else { return }
        throw .refused(.limit(.file, limit: limit.bytes), entry: path)
    }
}
