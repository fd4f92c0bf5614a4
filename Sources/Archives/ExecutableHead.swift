// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// Finds the one executable in the archive of a binary worker, by the rules of installing, and keeps how it begins.
package final class ExecutableHead: ArchiveSink {
    private let extractor: ExecutableExtractor
    private let name: String
    private let count: Int
    private var isInside = false
    private var head: [UInt8] = []

    /// `count` is how many bytes are kept.
    package init(of worker: WorkerName, for target: TargetTriple, count: Int) throws(ArchiveError) {
        extractor = try ExecutableExtractor(of: worker, for: target, to: nil)
        name = target.executableName(of: worker)
        self.count = count
    }

    package func begin(_ entry: ArchiveEntry) throws(ArchiveError) {
        try extractor.begin(entry)
        isInside = entry.kind == .file && entry.path.components.last == name
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        try extractor.write(bytes)
        if isInside { head.append(contentsOf: bytes.prefix(count - head.count)) }
    }

    package func end() throws(ArchiveError) {
        try extractor.end()
        isInside = false
    }

    /// - Throws: `ArchiveError.executable` where there is none, or more than one.
    package func finish() throws(ArchiveError) -> [UInt8] {
        _ = try extractor.finish()
        return head
    }
}
