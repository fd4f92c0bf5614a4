// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
import RegistryStorage
import SystemPackage
import WorkerModel

/// The calls on files that blobs need, with the store's errors.
enum BlobFile {
    /// Opens a file to read it; nil where there is none.
    static func open(_ path: FilePath) throws(BlobStorageError) -> FileDescriptor? {
        do {
            return try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
        } catch {
            if error as? Errno == .noSuchFileOrDirectory { return nil }
            throw BlobStorageError("open", path, error)
        }
    }

    /// The bytes of `range` that there are.
    static func read(
        _ file: FileDescriptor,
        _ path: FilePath,
        in range: Range<Int64>
    ) throws(BlobStorageError) -> [UInt8] {
        var status = stat()
        if fstat(file.rawValue, &status) != 0 { throw BlobStorageError("read", path, errno: iii_errno()) }
        // A range that reaches far beyond the end must not reserve memory for what is not there.
        let range = range.clamped(to: 0..<max(0, Int64(status.st_size)))
        if range.isEmpty { return [] }
        do {
            return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
                // Safety: every read writes at most the rest of the buffer, and returns how much it wrote.
                while count < buffer.count {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                    let read = try file.read(fromAbsoluteOffset: range.lowerBound + Int64(count), into: rest)
                    if read == 0 { return }
                    count += read
                }
            }
        } catch { throw BlobStorageError("read", path, error) }
    }

    /// The size of a regular file and when it was last modified; nil where there is none.
    static func status(of path: FilePath) throws(BlobStorageError) -> (size: ByteCount, modifiedAt: Timestamp)? {
        var status = stat()
        if path.withPlatformString({ lstat($0, &status) }) != 0 {
            let failure = iii_errno()
            if failure == ENOENT || failure == ENOTDIR { return nil }
            throw BlobStorageError("look at", path, errno: failure)
        }
        guard status.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG) else { return nil }
        #if canImport(Darwin)
        let time = status.st_mtimespec
        #else
        let time = status.st_mtim
        #endif
        let milliseconds = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        return (ByteCount(status.st_size), Timestamp(milliseconds: milliseconds))
    }

    /// Sets when a file was last modified.
    ///
    /// - Returns: whether there is such a file.
    static func setTime(of path: FilePath, to time: Timestamp) throws(BlobStorageError) -> Bool {
        let seconds = time.milliseconds.quotientAndRemainder(dividingBy: 1000)
        let isBorrowed = seconds.remainder < 0
        let moment = timespec(
            tv_sec: Int(seconds.quotient) - (isBorrowed ? 1 : 0),
            tv_nsec: Int(seconds.remainder + (isBorrowed ? 1000 : 0)) * 1_000_000
        )
        let result = path.withPlatformString { utimensat(AT_FDCWD, $0, [moment, moment], AT_SYMLINK_NOFOLLOW) }
        if result == 0 { return true }
        let failure = iii_errno()
        if failure == ENOENT || failure == ENOTDIR { return false }
        throw BlobStorageError("change the time of", path, errno: failure)
    }

    /// Removes a file.
    ///
    /// - Returns: whether it was there.
    @discardableResult
    static func remove(_ path: FilePath) throws(BlobStorageError) -> Bool {
        if path.withPlatformString({ unlink($0) }) == 0 { return true }
        if iii_errno() == ENOENT { return false }
        throw BlobStorageError("remove", path, errno: iii_errno())
    }

    static func entries(of folder: FilePath) throws(BlobStorageError) -> [String] {
        do { return try HostFiles.entries(of: folder) } catch {
            // A stray file among the folders has no entries.
            if error.errno == .notDirectory { return [] }
            throw BlobStorageError(error)
        }
    }
}

extension FileDescriptor {
    /// Runs `body`, then closes the file in any case.
    func closing<Value>(_ body: () throws -> Value) throws -> Value {
        // A file that was only read has nothing to lose when it is closed.
        defer { try? close() }
        return try body()
    }
}

extension BlobStorageError {
    init(_ error: HostError) { self.init(error.operation.rawValue, error.path, error.errno) }

    init(_ operation: String, _ path: FilePath, errno: Int32) { self.init(operation, path, Errno(rawValue: errno)) }

    /// What a failed call on a file means to the store.
    init(_ operation: String, _ path: FilePath, _ error: any Error) {
        if let known = error as? BlobStorageError {
            self = known
            return
        }
        let errno = error as? Errno ?? .ioError
        if errno == .noSpace || errno == .diskQuotaExceeded {
            self = .storageFull
        } else {
            self = .failed(operation: operation, subject: path.string, reason: "\(errno)")
        }
    }
}
