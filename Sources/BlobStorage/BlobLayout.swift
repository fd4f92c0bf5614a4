// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
import RegistryStorage
import SystemPackage
import WorkerModel

/// Where blobs and uploads are, and what is done to them as files.
///
/// Every call may wait for the disk.
struct BlobLayout: Sendable {
    let root: FilePath

    var blobs: FilePath { root.appending("sha256") }
    var uploads: FilePath { root.appending("uploads") }

    /// The folder of all blobs whose digests begin alike.
    func folder(of digest: Digest) -> FilePath { blobs.appending(String(digest.description.prefix(2))) }
    func path(of digest: Digest) -> FilePath { folder(of: digest).appending(digest.description) }

    func path(of upload: UploadName) -> FilePath { uploads.appending("\(upload.digest).\(upload.account)") }

    func blob(_ digest: Digest) throws(BlobStorageError) -> StoredBlob? {
        let path = path(of: digest)
        guard let status = try BlobFile.status(of: path) else { return nil }
        return StoredBlob(digest: digest, size: status.size, storedAt: status.modifiedAt, file: path)
    }

    func blobs(after last: Digest?, limit: Int) throws(BlobStorageError) -> [StoredBlob] {
        var found: [StoredBlob] = []
        let lastPrefix = last.map { String($0.description.prefix(2)) } ?? ""
        for prefix in try BlobFile.entries(of: blobs) where prefix >= lastPrefix {
            for name in try BlobFile.entries(of: blobs.appending(prefix)) {
                if found.count >= limit { return found }
                // What is not named by a digest in its right folder is none of ours.
                guard let digest = try? Digest(parsing: name), digest.description == name, name.hasPrefix(prefix) else {
                    continue
                }
                if let last, !(last < digest) { continue }
                // It may have been deleted since the folder was read.
                if let blob = try blob(digest) { found.append(blob) }
            }
        }
        return found
    }

    func renew(_ digest: Digest, at now: Timestamp) throws(BlobStorageError) -> Bool {
        let lock = try BlobLock(root, .shared)
        defer { lock.release() }
        return try BlobFile.setTime(of: path(of: digest), to: now)
    }

    func delete(_ digest: Digest, ifOlderThan moment: Timestamp) throws(BlobStorageError) -> Bool {
        let path = path(of: digest)
        // Nobody renews or stores it between the look at its age and its end.
        let lock = try BlobLock(root, .exclusive)
        defer { lock.release() }
        guard let status = try BlobFile.status(of: path), status.modifiedAt < moment else { return false }
        return try BlobFile.remove(path)
    }

    /// Gives a finished upload its name, in the place of a blob that has it already.
    func place(
        _ upload: FilePath,
        as digest: Digest,
        size: ByteCount,
        at now: Timestamp
    ) throws(BlobStorageError) -> StoredBlob {
        let (folder, path) = (folder(of: digest), path(of: digest))
        do {
            if try HostFiles.kind(of: folder) == nil {
                try HostFiles.makeDirectory(folder, mode: 0o700)
                try HostFiles.syncDirectory(blobs)
            }
            let lock = try BlobLock(root, .shared)
            defer { lock.release() }
            // One that is there may be damaged, and this one is not.
            try HostFiles.rename(upload, to: path)
            try HostFiles.syncDirectory(folder)
        } catch { throw BlobStorageError("store", path, (error as? HostError)?.errno ?? error) }
        return StoredBlob(digest: digest, size: size, storedAt: now, file: path)
    }

    /// The uploads that can be continued, with how many bytes of them have arrived.
    func suspendedUploads() throws(BlobStorageError) -> [UploadName: Int64] {
        var found: [UploadName: Int64] = [:]
        for file in try BlobFile.entries(of: uploads) {
            // It may have ended since the folder was read.
            guard let name = UploadName(file: file), let status = try BlobFile.status(of: path(of: name)) else {
                continue
            }
            found[name] = status.size.bytes
        }
        return found
    }

    /// Removes what nobody has written to since `moment`, and corrects what is known of the rest.
    func sweepUploads(olderThan moment: Timestamp, _ slots: UploadSlots) throws(BlobStorageError) -> Int {
        var count = 0
        for file in try BlobFile.entries(of: uploads) {
            if let name = UploadName(file: file) {
                if try sweep(name, olderThan: moment, slots) { count += 1 }
                continue
            }
            let path = uploads.appending(file)
            guard let status = try BlobFile.status(of: path), status.modifiedAt < moment else { continue }
            if try BlobFile.remove(path) { count += 1 }
        }
        // Files that another hand has taken away.
        for name in slots.known { _ = try sweep(name, olderThan: moment, slots) }
        return count
    }

    /// - Returns: whether a file was removed.
    private func sweep(
        _ name: UploadName,
        olderThan moment: Timestamp,
        _ slots: UploadSlots
    ) throws(BlobStorageError) -> Bool {
        // Who is at work with it says what becomes of it.
        guard let slot = slots.take(name) else { return false }
        let path = path(of: name)
        guard let status = try BlobFile.status(of: path) else {
            slot.keeps(nil)
            return false
        }
        guard status.modifiedAt < moment else {
            if slot.part?.size != status.size.bytes { slot.keeps(UploadedPart(size: status.size.bytes)) }
            return false
        }
        defer { slot.keeps(nil) }
        return try BlobFile.remove(path)
    }
}

extension UploadName {
    /// The upload that a file is; nil for any other file.
    fileprivate init?(file: String) {
        let parts = file.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let digest = try? Digest(parsing: String(parts[0])),
            let account = try? AccountName(parsing: String(parts[1]))
        else { return nil }
        self.init(account: account, digest: digest)
    }
}

/// A lock on the folder of all blobs, held for moments: shared by those who store and renew, exclusive for deleting.
///
/// It belongs to one opening of the folder, so it holds between the threads of a program as between programs.
private struct BlobLock {
    enum Mode {
        case shared
        case exclusive
    }

    private let folder: FileDescriptor

    init(_ path: FilePath, _ mode: Mode) throws(BlobStorageError) {
        do {
            folder = try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
        } catch { throw BlobStorageError("lock", path, error) }
        while flock(folder.rawValue, mode == .shared ? LOCK_SH : LOCK_EX) != 0 {
            let failure = iii_errno()
            if failure == EINTR { continue }
            release()
            throw BlobStorageError("lock", path, errno: failure)
        }
    }

    /// Closing gives the lock back.
    func release() { try? folder.close() }
}
