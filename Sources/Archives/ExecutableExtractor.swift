// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
package import SystemPackage
package import WorkerModel

/// Takes the one executable out of the archive of a binary worker and leaves everything else.
///
/// The executable is the regular file with the name that the target has for the worker's (`NAME`, on Windows
/// `NAME.exe`), in whatever folder of the archive. Two such files are an error, as one could not tell which is meant.
///
/// Effects on disk: one file of that name directly in the folder, with mode 0755, or 0555 where `isReadOnly`. Nothing is
/// synced. Without a folder nothing is written and the archive only checked.
package final class ExecutableExtractor: ArchiveSink {
    /// How many names of other files an error lists.
    private static let namesShown = 16

    private let name: String
    private let root: FilePath?
    private let mode: UInt16
    private let folder: OpenDirectory?
    private var file: OutputFile?
    private var hasher = DigestHasher()
    private var found: ArchiveEntry?
    private var size = ByteCount.zero
    /// Whether the entry being read is the one that was found.
    private var isInside = false
    private var listing: ArchiveListing?
    private var seen: [String] = []

    /// Prepares to write to `root`, a folder that exists and is no link.
    ///
    /// - Throws: `ArchiveError.host` where it cannot be opened.
    package init(
        of worker: WorkerName,
        for target: TargetTriple,
        to root: FilePath?,
        isReadOnly: Bool = false
    ) throws(ArchiveError) {
        name = target.executableName(of: worker)
        self.root = root
        mode = isReadOnly ? 0o555 : 0o755
        do throws(HostError) {
            if let root { folder = try OpenDirectory(root) } else { folder = nil }
        } catch { throw .host(error) }
    }

    package func begin(_ entry: ArchiveEntry) throws(ArchiveError) {
        guard entry.path.components.last == name else {
            if entry.kind == .file, seen.count < Self.namesShown { seen.append(entry.path.description) }
            return
        }
        let path = entry.path.description
        switch entry.kind {
        case .directory: return
        case .skippedLink: throw .executable(.notRegular(entry: path), name: name)
        case .file where entry.size == .zero: throw .executable(.empty(entry: path), name: name)
        case .file: break
        }
        if let found { throw .executable(.ambiguous(first: found.path.description, second: path), name: name) }
        found = entry
        isInside = true
        do throws(HostError) {
            if let root { file = try newFile(in: root) }
        } catch { throw .host(error) }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        guard isInside else { return }
        size = size + ByteCount(bytes.count)
        guard file != nil else { return hasher.update(bytes) }
        do throws(HostError) {
            try file?.write(bytes)
        } catch { throw .host(error) }
    }

    package func end() throws(ArchiveError) {
        guard isInside, let found else { return }
        isInside = false
        if size == .zero { throw .executable(.empty(entry: found.path.description), name: name) }
        var digest = hasher.finalize()
        do throws(HostError) {
            if let done = file.take() { digest = try done.finish() }
        } catch { throw .host(error) }
        let executable = ArchiveListing.File(path: name, size: size, isExecutable: true, digest: digest)
        listing = ArchiveListing(files: [executable], folders: [])
    }

    /// - Throws: `ArchiveError.executable` where there was none.
    package func finish() throws(ArchiveError) -> ArchiveListing {
        guard let listing else { throw .executable(.missing(seen: seen), name: name) }
        return listing
    }

    private func newFile(in root: FilePath) throws(HostError) -> OutputFile? {
        guard let descriptor = folder?.descriptor else { return nil }
        return try OutputFile(in: descriptor, named: name, path: root.appending(name), mode: mode)
    }
}
