// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
package import SystemPackage
package import WorkerModel

extension HostFiles {
    /// The whole of a regular file, nil where there is none.
    ///
    /// - Throws: `HostError` for a failed read and for what is no regular file (see `openRegular`), `FileTooLarge` above
    ///   `limit`.
    package static func read(_ path: FilePath, upTo limit: ByteCount) throws -> [UInt8]? {
        guard let descriptor = try openExisting(path) else { return nil }
        defer { try? descriptor.close() }
        return try contents(of: descriptor, path, upTo: limit)
    }

    /// The whole of a file that is open, nil for what is no regular file; closes it.
    ///
    /// `path`: the same file, for messages.
    /// - Throws: As above.
    package static func read(_ descriptor: Int32, _ path: FilePath, upTo limit: ByteCount) throws -> [UInt8]? {
        let descriptor = FileDescriptor(rawValue: descriptor)
        defer { try? descriptor.close() }
        var status = stat()
        if fstat(descriptor.rawValue, &status) != 0 { throw HostError(.read, path, .current) }
        guard status.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG) else { return nil }
        return try contents(of: descriptor, path, upTo: limit)
    }

    private static func contents(
        of descriptor: FileDescriptor,
        _ path: FilePath,
        upTo limit: ByteCount
    ) throws -> [UInt8] {
        var contents: [UInt8] = []
        while true {
            let piece = try piece(of: descriptor, path, upTo: min(1 << 16, Int(limit.bytes) + 1 - contents.count))
            if piece.isEmpty { return contents }
            contents += piece
            if contents.count > limit.bytes { throw FileTooLarge(path: path, limit: limit.bytes) }
        }
    }

    /// Opens a regular file for reading, following links.
    ///
    /// Never waits: a named pipe, whose opening or reading lasts until somebody writes, is refused as a folder or a device
    /// is.
    ///
    /// - Throws: `HostError`, with EISDIR for a folder and ESPIPE for what else is no regular file.
    package static func openRegular(_ path: FilePath) throws(HostError) -> FileDescriptor {
        let descriptor = try open(path, .readOnly, options: [.closeOnExec, .nonBlocking], as: .read)
        var status = stat()
        let failure: Errno? =
            if fstat(descriptor.rawValue, &status) != 0 { .current } else {
                switch Kind(status) {
                case .file: nil
                case .directory: .isDirectory
                case .symbolicLink, .other: .illegalSeek
                }
            }
        guard let failure else { return descriptor }
        try? descriptor.close()
        throw HostError(.read, path, failure)
    }

    private static func openExisting(_ path: FilePath) throws(HostError) -> FileDescriptor? {
        do {
            return try openRegular(path)
        } catch {
            if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { return nil }
            throw error
        }
    }

    static func piece(
        of descriptor: FileDescriptor,
        _ path: FilePath,
        upTo count: Int
    ) throws(HostError) -> [UInt8] {
        do {
            return try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                // Safety: read writes at most `buffer.count` bytes and returns how many.
                initialized = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        } catch { throw HostError(.read, path, error as? Errno ?? .ioError) }
    }

    /// Writes a file so that a reader, or a machine that loses power, sees either the old contents or the new.
    ///
    /// Effects on disk: a sibling `.NAME.PID.RANDOM.tmp` is written, synced and renamed to `path`, then the folder is
    /// synced. On failure the sibling is removed. A link at `path` is replaced, not followed.
    package static func write(_ contents: [UInt8], to path: FilePath, mode: UInt16 = 0o644) throws(HostError) {
        let temporary = temporarySibling(of: path)
        do {
            try writeNew(contents, to: temporary, mode: mode)
            try rename(temporary, to: path)
        } catch {
            _ = temporary.withPlatformString { unlink($0) }
            throw HostError(error.operation == .rename ? .write : error.operation, path, error.errno)
        }
        try syncDirectory(path.removingLastComponent())
    }

    /// Creates a file that must not exist yet, and syncs it unless told otherwise; the folder is left to the caller.
    package static func writeNew(
        _ contents: [UInt8],
        to path: FilePath,
        mode: UInt16?,
        isSynced: Bool = true
    ) throws(HostError) {
        let descriptor = try open(
            path,
            .writeOnly,
            options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
            permissions: FilePermissions(rawValue: CModeT(mode ?? 0o666)),
            as: .create
        )
        defer { try? descriptor.close() }
        // The mode of open is cut by the umask, which is right where no mode is asked for.
        if let mode, fchmod(descriptor.rawValue, mode_t(mode)) != 0 { throw HostError(.changeMode, path, .current) }
        do {
            try descriptor.writeAll(contents)
        } catch { throw HostError(.write, path, error as? Errno ?? .ioError) }
        if isSynced, fsync(descriptor.rawValue) != 0 { throw HostError(.sync, path, .current) }
    }

    /// Makes `link` a symbolic link to `target`, replacing a link or a file that is there in one step.
    package static func replaceLink(_ link: FilePath, to target: FilePath) throws(HostError) {
        let temporary = temporarySibling(of: link)
        let result = target.withPlatformString { to in temporary.withPlatformString { symlink(to, $0) } }
        if result != 0 { throw HostError(.link, link, .current) }
        do {
            try rename(temporary, to: link)
        } catch {
            _ = temporary.withPlatformString { unlink($0) }
            throw HostError(.link, link, error.errno)
        }
    }

    /// What a symbolic link says, nil where there is no link.
    package static func target(ofLink path: FilePath) throws(HostError) -> FilePath? {
        var buffer = [CChar](repeating: 0, count: 4097)
        let length = path.withPlatformString { readlink($0, &buffer, buffer.count - 1) }
        if length >= 0 { return FilePath(platformString: buffer) }
        let failure = Errno.current
        if [.noSuchFileOrDirectory, .invalidArgument, .notDirectory].contains(failure) { return nil }
        throw HostError(.read, path, failure)
    }

    /// Removes one file or link; nothing there is fine.
    package static func removeFile(_ path: FilePath) throws(HostError) {
        if path.withPlatformString({ unlink($0) }) == 0 { return }
        if Errno.current != .noSuchFileOrDirectory { throw HostError(.remove, path, .current) }
    }

    /// Removes a file, a link, or a folder with all that is in it, read-only folders too.
    ///
    /// Links are removed, never followed. Nothing there is fine.
    package static func removeTree(_ path: FilePath) throws(HostError) {
        guard let kind = try kind(of: path) else { return }
        guard kind == .directory else { return try removeFile(path) }
        if let mode = try mode(of: path), mode & 0o700 != 0o700 { try setMode(mode | 0o700, of: path) }
        for name in try entries(of: path) { try removeTree(path.appending(name)) }
        if path.withPlatformString({ rmdir($0) }) != 0, Errno.current != .noSuchFileOrDirectory {
            throw HostError(.remove, path, .current)
        }
    }

    /// A name beside `path` that nobody else uses.
    package static func temporarySibling(of path: FilePath) -> FilePath {
        let name = path.lastComponent?.string ?? ""
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        return path.removingLastComponent().appending(".\(name).\(getpid()).\(random).tmp")
    }
}

extension HostFiles {
    /// Waits until everything that was written to any disk is durable: for many files at once.
    package static func syncAll() { iii_sync_all() }

    /// Waits until what was written to a file is durable.
    package static func sync(_ file: FileDescriptor) throws(HostError) {
        if fsync(file.rawValue) != 0 { throw HostError(.sync, "a file", .current) }
    }

    /// The first bytes of a file, fewer where it is shorter.
    package static func prefix(of path: FilePath, count: Int) throws(HostError) -> [UInt8] {
        let descriptor = try openRegular(path)
        defer { try? descriptor.close() }
        return try piece(of: descriptor, path, upTo: count)
    }

    /// Copies a file, in pieces; a reader of `target` sees the old contents or the new.
    package static func copy(_ source: FilePath, to target: FilePath, mode: UInt16 = 0o644) throws(HostError) {
        let input = try openRegular(source)
        defer { try? input.close() }
        let temporary = temporarySibling(of: target)
        let options: FileDescriptor.OpenOptions = [.create, .exclusiveCreate, .noFollow, .closeOnExec]
        let permissions = FilePermissions(rawValue: CModeT(mode))
        let output = try open(temporary, .writeOnly, options: options, permissions: permissions, as: .create)
        defer { try? output.close() }
        do {
            while true {
                let piece = try piece(of: input, source, upTo: 1 << 18)
                if piece.isEmpty { break }
                do { try output.writeAll(piece) } catch {
                    throw HostError(.write, target, error as? Errno ?? .ioError)
                }
            }
            if fsync(output.rawValue) != 0 { throw HostError(.sync, target, .current) }
            try rename(temporary, to: target)
        } catch {
            _ = temporary.withPlatformString { unlink($0) }
            throw error as? HostError ?? HostError(.write, target, .ioError)
        }
    }

    /// The SHA-256 digest of a file, read in pieces.
    package static func digest(of path: FilePath) throws(HostError) -> Digest {
        let descriptor = try openRegular(path)
        defer { try? descriptor.close() }
        var hasher = DigestHasher()
        while true {
            let piece = try piece(of: descriptor, path, upTo: 1 << 18)
            if piece.isEmpty { return hasher.finalize() }
            hasher.update(piece)
        }
    }
}
