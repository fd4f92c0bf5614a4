// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import BlobStorage
import CHostSystem
import Diagnostics
import Foundation
import RegistryStorage
import Synchronization
import SystemPackage
import TestSupport
import Testing
import WorkerModel

/// The folder keeps the contract, whatever lies in it and whatever was interrupted.
struct FolderBlobStoreTests {
    private static let limit = BlobStoreContract.limit
    private static let never = Timestamp(milliseconds: .max / 2)

    @Test(arguments: BlobStoreContract.claims) func keepsTheContract(_ claim: BlobStoreContract) async throws {
        try await withTemporaryDirectory { folder in try await claim.hold(FolderBlobStore(folder.appending("blobs"))) }
    }

    private func mode(of path: FilePath) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path.string)[.posixPermissions] as? Int
    }

    private func names(in path: FilePath) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path.string).sorted()
    }

    @Test func blobsLieWhereTheirDigestSays() async throws {
        try await withTemporaryDirectory { folder in
            let root = folder.appending("deep/blobs")
            let stored = try await FolderBlobStore(root).store(Array("abc".utf8))
            let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            #expect(stored.file == root.appending("sha256/ba/\(digest)"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: stored.file?.string ?? "")) == Data("abc".utf8))
            #expect(try mode(of: root) == 0o700 && mode(of: root.appending("sha256/ba")) == 0o700)
            #expect(try mode(of: root.appending("sha256/ba/\(digest)")) == 0o444)
            #expect(try names(in: root.appending("uploads")).isEmpty)
        }
    }

    @Test func storeIsFoundAgainWhenItIsOpenedAgain() async throws {
        try await withTemporaryDirectory { folder in
            let digest = try await FolderBlobStore(folder).store([1, 2, 3]).digest
            #expect(try await FolderBlobStore(folder).contents(of: digest) == [1, 2, 3])
        }
    }

    /// A program that is killed in the middle of an upload leaves its file and nothing else.
    @Test func uploadOfAKilledProgramIsSweptByTheNext() async throws {
        try await withTemporaryDirectory { folder in
            let killed = try FolderBlobStore(folder)
            let upload = try await killed.beginUpload(upTo: Self.limit)
            try await upload.append(BlobStoreContract.bytes(600_000))
            let next = try FolderBlobStore(folder)
            #expect(try await next.blobs(after: nil, limit: 10).isEmpty)
            #expect(try await next.sweepUploads(olderThan: Self.never) == 1)
            // Who still holds it finds out, and nothing appears.
            await #expect(throws: BlobStorageError.self) {
                try await upload.finish(expecting: Digest.sha256(BlobStoreContract.bytes(600_000)), at: Self.never)
            }
            #expect(try await next.blobs(after: nil, limit: 10).isEmpty)
        }
    }

    @Test(.timeLimit(.minutes(5))) func uploadOfAKilledProgramGoesOnInTheNext() async throws {
        try await withTemporaryDirectory { folder in
            let bytes = BlobStoreContract.bytes(600_000)
            let name = UploadName(account: try AccountName(parsing: "acme"), digest: .sha256(bytes))
            let killed = try FolderBlobStore(folder)
            let upload = try await killed.beginUpload(name, upTo: Self.limit)
            try await upload.append(Array(bytes[..<300_000]))
            let next = try FolderBlobStore(folder)
            var arrived = ByteCount.zero
            while arrived < ByteCount(300_000) { arrived = try #require(try await next.suspendedUpload(name)) }
            let rest = try await next.continueUpload(name, at: arrived, upTo: Self.limit)
            try await rest.append(Array(bytes[300_000...]))
            _ = try await rest.finish(expecting: name.digest, at: Self.never)
            #expect(try await next.contents(of: name.digest) == bytes)
        }
    }

    /// The number of what was left does not matter to who sends: the folder is read when it is opened, and by the sweep.
    @Test func whatWasLeftIsNotReadAgainForEachUpload() async throws {
        try await withTemporaryDirectory { folder in
            let acme = try AccountName(parsing: "acme")
            let leave = { (store: FolderBlobStore, seed: UInt64) in
                let name = UploadName(account: acme, digest: .sha256(BlobStoreContract.bytes(100, seed: seed)))
                let upload = try await store.beginUpload(name, upTo: Self.limit)
                try await upload.append([1, 2, 3])
                await upload.suspend()
            }
            let store = try FolderBlobStore(folder)
            for seed in 1...20 { try await leave(store, UInt64(seed)) }
            for stranger in ["README", "\(Digest.sha256([1])).", "abc.acme", "\(Digest.sha256([1])).No Account"] {
                try Data([1]).write(to: URL(fileURLWithPath: folder.appending("uploads/\(stranger)").string))
            }
            let next = try FolderBlobStore(folder)
            #expect(try await next.suspendedUploads(of: acme) == ByteCount(60))
            // What another program does is not seen, since nobody looks.
            try await leave(store, 21)
            for seed in [UInt64(1), 2] {
                let digest = Digest.sha256(BlobStoreContract.bytes(100, seed: seed))
                try FileManager.default.removeItem(atPath: folder.appending("uploads/\(digest).acme").string)
            }
            try await leave(next, 22)
            #expect(try await next.suspendedUploads(of: acme) == ByteCount(63))
            #expect(try await next.sweepUploads(olderThan: Timestamp(milliseconds: 0)) == 0)
            #expect(try await next.suspendedUploads(of: acme) == ByteCount(60))
            #expect(try await store.suspendedUploads(of: acme) == ByteCount(63))
            #expect(try await store.sweepUploads(olderThan: Timestamp(milliseconds: 0)) == 0)
            #expect(try await store.suspendedUploads(of: acme) == ByteCount(60))
        }
    }

    @Test func whatADroppedUploadLeavesIsCounted() async throws {
        try await withTemporaryDirectory { folder in
            let store = try FolderBlobStore(folder)
            let acme = try AccountName(parsing: "acme")
            let name = UploadName(account: acme, digest: .sha256([1]))
            var upload: (any BlobUpload)? = try await store.beginUpload(name, upTo: Self.limit)
            try await upload?.append(BlobStoreContract.bytes(600_000))
            upload = nil
            // Its name is free once its file is as it stays.
            while (try? await store.suspendedUpload(name)) == nil { await Task.yield() }
            #expect(try await store.suspendedUploads(of: acme) == ByteCount(600_000))
        }
    }

    /// However many wait for the disk to write, those who read go on.
    @Test(.timeLimit(.minutes(5))) func whoReadsDoesNotWaitForThoseWhoWrite() async throws {
        try await withTemporaryDirectory { folder in
            let store = try FolderBlobStore(folder)
            let stored = try await store.store([1, 2, 3])
            let collector = try FileDescriptor.open(folder, .readOnly)
            #expect(flock(collector.rawValue, LOCK_EX) == 0)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<100 {
                    group.addTask { try await store.renew(stored.digest, at: Timestamp(milliseconds: 5)) }
                }
                for _ in 0..<20 { #expect(try await store.contents(of: stored.digest) == [1, 2, 3]) }
                try collector.close()
                for try await isRenewed in group { #expect(isRenewed) }
            }
        }
    }

    /// A collector looks at the age of a blob only when nobody can renew it any more, in whatever program.
    @Test func collectorWaitsForThoseWhoRenew() async throws {
        try await withTemporaryDirectory { folder in
            let store = try FolderBlobStore(folder)
            let stored = try await store.store([1], at: Timestamp(milliseconds: 1000))
            let renewer = try FileDescriptor.open(folder, .readOnly)
            #expect(flock(renewer.rawValue, LOCK_SH) == 0)
            async let isDeleted = store.delete(stored.digest, ifOlderThan: Timestamp(milliseconds: 2000))
            // Gives a collector that does not wait the time to be caught.
            for _ in 0..<200 { _ = try await store.blob(stored.digest) }
            let path = try #require(stored.file)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 3)],
                ofItemAtPath: path.string
            )
            try renewer.close()
            #expect(try await !isDeleted)
            #expect(try await store.contains(stored.digest))
        }
    }

    /// The files of this process below a folder; other tests open files of their own elsewhere.
    private func openFiles(below folder: FilePath) throws -> [String] {
        try names(in: "/proc/self/fd")
            .compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)") }
            .filter { $0.hasPrefix(folder.string + "/uploads/") }
    }

    @Test func uploadThatIsDroppedClosesItsFile() async throws {
        try await withTemporaryDirectory { folder in
            let store = try FolderBlobStore(folder)
            for _ in 0..<50 {
                let upload = try await store.beginUpload(upTo: Self.limit)
                try await upload.append([1])
                #expect(try openFiles(below: folder).count == 1)
            }
            #expect(try openFiles(below: folder).isEmpty)
            #expect(try await store.sweepUploads(olderThan: Self.never) == 50)
        }
    }

    @Test func blobThatLostBytesIsReplacedWhenItIsStoredAgain() async throws {
        try await withTemporaryDirectory { folder in
            let store = try FolderBlobStore(folder)
            let bytes = BlobStoreContract.bytes(5000)
            let path = try #require(try await store.store(bytes).file)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path.string)
            try Data(bytes[..<100]).write(to: URL(fileURLWithPath: path.string))
            try await store.store(bytes)
            #expect(try await store.contents(of: Digest.sha256(bytes)) == bytes)
        }
    }

    @Test func strangersInTheFolderAreNotListed() async throws {
        try await withTemporaryDirectory { folder in
            let store = try FolderBlobStore(folder)
            let digest = try await store.store([1]).digest
            let misplaced = Digest.sha256([2])
            let manager = FileManager.default
            for name in [
                "sha256/README", "sha256/zz", "sha256/00/notes.txt", "sha256/00/\(misplaced.description.uppercased())",
            ] {
                let path = folder.appending(name)
                try manager.createDirectory(
                    atPath: path.removingLastComponent().string,
                    withIntermediateDirectories: true
                )
                try Data().write(to: URL(fileURLWithPath: path.string))
            }
            let prefix = misplaced.description.prefix(2) == "00" ? "01" : "00"
            try manager.createDirectory(
                atPath: folder.appending("sha256/\(prefix)").string,
                withIntermediateDirectories: true
            )
            try Data().write(to: URL(fileURLWithPath: folder.appending("sha256/\(prefix)/\(misplaced)").string))
            #expect(try await store.blobs(after: nil, limit: 100).map(\.digest) == [digest])
        }
    }

    /// A link where a blob should be leads nowhere: nothing outside the folder is read through it.
    @Test func linkInPlaceOfABlobIsNotFollowed() async throws {
        try await withTemporaryDirectory { folder in
            let store = try FolderBlobStore(folder.appending("blobs"))
            let secret = folder.appending("secret")
            try Data("secret".utf8).write(to: URL(fileURLWithPath: secret.string))
            let digest = Digest.sha256("secret".utf8)
            let place = folder.appending("blobs/sha256/\(digest.description.prefix(2))")
            try FileManager.default.createDirectory(atPath: place.string, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: place.appending(digest.description).string,
                withDestinationPath: secret.string
            )
            #expect(try await store.blob(digest) == nil)
            await #expect(throws: BlobStorageError.self) { try await store.bytes(of: digest, in: 0..<6) }
        }
    }

    @Test func namesOfUploadsThatAreTakenAreDrawnAgain() async throws {
        try await withTemporaryDirectory { folder in
            let draws = Mutex<UInt64>(0)
            let store = try FolderBlobStore(
                folder,
                uploadNames: {
                    draws.withLock { draw in
                        draw += 1
                        return draw / 3
                    }
                }
            )
            let uploads = [
                try await store.beginUpload(upTo: Self.limit), try await store.beginUpload(upTo: Self.limit),
            ]
            #expect(try names(in: folder.appending("uploads")) == ["0000000000000000", "0000000000000001"])
            for upload in uploads { await upload.abandon() }
            let stuck = try FolderBlobStore(folder, uploadNames: { 7 })
            let first = try await stuck.beginUpload(upTo: Self.limit)
            await #expect(throws: BlobStorageError.self) { try await stuck.beginUpload(upTo: Self.limit) }
            await first.abandon()
        }
    }

    /// `/dev/full` stands for a disk without room: every write to it fails with ENOSPC.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func fullDiskIsItsOwnErrorAndKeepsNothing() async throws {
        try await withTemporaryDirectory { folder in
            let store = try FolderBlobStore(folder)
            let upload = try await store.beginUpload(upTo: Self.limit)
            // The upload's open file is made to lead to the full device, by the one name that the system has for it.
            let path = folder.appending("uploads").appending(
                try #require(try names(in: folder.appending("uploads")).first)
            )
            try redirect(path, to: "/dev/full")
            let error = await #expect(throws: BlobStorageError.self) {
                // What is written while more arrives fails with the next call.
                for _ in 0..<2 { try await upload.append(BlobStoreContract.bytes(600_000)) }
            }
            #expect(error == .storageFull)
            #expect(error?.code == .storageFull)
            #expect(try names(in: folder.appending("uploads")).isEmpty)
            await #expect(throws: BlobStorageError.uploadEnded) { try await upload.append([1]) }
        }
    }

    /// Makes this process's descriptor of one file lead to another.
    private func redirect(_ path: FilePath, to other: FilePath) throws {
        let device = try FileDescriptor.open(other, .writeOnly)
        for name in try names(in: "/proc/self/fd") {
            guard let number = Int32(name),
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)"),
                target == path.string
            else { continue }
            _ = try device.duplicate(as: FileDescriptor(rawValue: number))
        }
        try device.close()
    }

    @Test func folderThatCannotBeMadeIsAnError() throws {
        try withTemporaryDirectory { folder in
            try Data().write(to: URL(fileURLWithPath: folder.appending("file").string))
            let error = #expect(throws: BlobStorageError.self) { try FolderBlobStore(folder.appending("file")) }
            #expect(error?.code == .storageIO)
            #expect(error?.message.contains(folder.appending("file").string) == true)
        }
    }
}
