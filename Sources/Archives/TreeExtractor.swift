// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
package import SystemPackage
import WorkerModel

/// Writes the files and folders of an archive below a folder.
///
/// Effects on disk: files are made with mode 0644 or 0755, or 0444 and 0555 where `isReadOnly`; folders with 0755.
/// Nothing else of an archive's metadata is restored, nothing is followed, nothing replaced, nothing synced. What was
/// written before an error stays: the caller throws the folder away.
package final class TreeExtractor: ArchiveSink {
    private let root: FilePath
    private let isReadOnly: Bool
    private var folders: DirectoryChain
    private var file: OutputFile?
    private var entry: ArchiveEntry?
    private var files: [ArchiveListing.File] = []
    private var folderPaths: [String] = []

    /// Prepares to write below `root`, an empty folder that exists and is no link.
    ///
    /// - Throws: `ArchiveError.host` where it cannot be opened.
    package init(below root: FilePath, isReadOnly: Bool = false) throws(ArchiveError) {
        self.root = root
        self.isReadOnly = isReadOnly
        do {
            folders = try DirectoryChain(root: root)
        } catch { throw .host(error) }
    }

    package func begin(_ entry: ArchiveEntry) throws(ArchiveError) {
        self.entry = entry
        do throws(HostError) {
            switch entry.kind {
            case .directory:
                _ = try folders.descriptor(of: entry.path.components)
                folderPaths.append(entry.path.description)
            case .file: file = try newFile(for: entry)
            case .skippedLink: break
            }
        } catch {
            // Two names that only this file system holds to be one.
            if error.errno == .fileExists || error.errno == .notDirectory {
                throw .refused(.path(.repeated), entry: entry.path.description)
            }
            throw .host(error)
        }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        do throws(HostError) {
            try file?.write(bytes)
        } catch { throw .host(error) }
    }

    package func end() throws(ArchiveError) {
        guard let entry, let done = file.take() else { return }
        do throws(HostError) {
            let size = done.size
            let digest = try done.finish()
            files.append(
                .init(
                    path: entry.path.description,
                    size: size,
                    isExecutable: entry.isExecutable,
                    digest: digest
                )
            )
        } catch { throw .host(error) }
    }

    package func finish() throws(ArchiveError) -> ArchiveListing {
        ArchiveListing(files: files, folders: folderPaths)
    }

    private func newFile(for entry: ArchiveEntry) throws(HostError) -> OutputFile {
        let mode: UInt16 = (entry.isExecutable ? 0o755 : 0o644) & (isReadOnly ? 0o555 : 0o777)
        let folder = try folders.descriptor(of: entry.path.components.dropLast())
        let path = root.appending(entry.path.description)
        return try OutputFile(in: folder, named: entry.path.components.last ?? "", path: path, mode: mode)
    }
}
