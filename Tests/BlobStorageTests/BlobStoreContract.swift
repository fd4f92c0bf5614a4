// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import Testing
import WorkerModel

/// What every `BlobStore` does, as claims that are run against a new, empty one.
struct BlobStoreContract: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let hold: @Sendable (any BlobStore) async throws -> Void

    static func claim(
        _ claim: String,
        _ hold: @escaping @Sendable (any BlobStore) async throws -> Void
    ) -> BlobStoreContract {
        BlobStoreContract(testDescription: claim, hold: hold)
    }

    static let claims = uploads + readers + ages
    static let limit = ByteCount.mebibytes(64)

    static func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    /// Bytes that differ from place to place, so that pieces in the wrong order are noticed.
    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state >> 24)
        }
    }
}

extension BlobStore {
    /// Stores bytes in pieces of this size.
    @discardableResult
    func store(
        _ bytes: [UInt8],
        inPiecesOf size: Int = 1000,
        at now: Timestamp = .init(milliseconds: 5000)
    ) async throws -> StoredBlob {
        let upload = try await beginUpload(upTo: BlobStoreContract.limit)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try await upload.append(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        return try await upload.finish(expecting: Digest.sha256(bytes), at: now)
    }

    /// Sends so many bytes of an upload and stops.
    func leave(_ name: UploadName, _ count: Int) async throws {
        let upload = try await beginUpload(name, upTo: BlobStoreContract.limit)
        try await upload.append(BlobStoreContract.bytes(count))
        await upload.suspend()
    }

    /// The whole of a blob, read in pieces of this size.
    func contents(of digest: Digest, inPiecesOf size: Int64 = 70_000) async throws -> [UInt8] {
        var contents: [UInt8] = []
        while true {
            let piece = try await bytes(of: digest, in: Int64(contents.count)..<Int64(contents.count) + size)
            if piece.isEmpty { return contents }
            contents += piece
        }
    }
}

extension BlobStoreContract {
    static let uploads = [
        claim("what is not there is nil, and reading it an error") { (store) async throws in
            let digest = Digest.sha256([1])
            #expect(try await store.blob(digest) == nil)
            #expect(try await !store.contains(digest))
            #expect(try await !store.renew(digest, at: time(1)))
            #expect(try await !store.delete(digest, ifOlderThan: time(.max)))
            #expect(try await store.blobs(after: nil, limit: 10).isEmpty)
            #expect(try await store.sweepUploads(olderThan: time(.max / 2)) == 0)
            await #expect(throws: BlobStorageError.notFound(digest)) { try await store.bytes(of: digest, in: 0..<1) }
        },
        claim("bytes are read as they were stored, in pieces of any size") { (store) async throws in
            for (count, size) in [(0, 1), (1, 1), (1000, 7), (300_000, 4096), (1_500_000, 600_000), (262_144, 262_144)]
            {
                let bytes = bytes(count, seed: UInt64(count + 1))
                let stored = try await store.store(bytes, inPiecesOf: size)
                #expect(stored.digest == Digest.sha256(bytes))
                #expect(stored.size == ByteCount(count))
                #expect(try await store.blob(stored.digest) == stored)
                #expect(try await store.contents(of: stored.digest) == bytes)
            }
        },
        claim("nothing can be read before an upload is finished") { (store) async throws in
            let bytes = bytes(600_000)
            let upload = try await store.beginUpload(upTo: limit)
            try await upload.append(bytes)
            #expect(try await store.blob(Digest.sha256(bytes)) == nil)
            #expect(try await store.blobs(after: nil, limit: 10).isEmpty)
            _ = try await upload.finish(expecting: Digest.sha256(bytes), at: time(1))
            #expect(try await store.contains(Digest.sha256(bytes)))
        },
        claim("bytes that are not what was expected are not kept") { (store) async throws in
            let bytes = bytes(300_000)
            let expected = Digest.sha256([0])
            let upload = try await store.beginUpload(upTo: limit)
            try await upload.append(bytes)
            let mismatch = BlobStorageError.digestMismatch(expected: expected, found: Digest.sha256(bytes))
            await #expect(throws: mismatch) {
                try await upload.finish(expecting: expected, at: time(1))
            }
            #expect(try await store.blobs(after: nil, limit: 10).isEmpty)
            #expect(try await store.sweepUploads(olderThan: time(.max / 2)) == 0)
            await #expect(throws: BlobStorageError.uploadEnded) { try await upload.append([1]) }
            await upload.abandon()
        },
        claim("an upload as large as its limit is taken, one byte more is not") { (store) async throws in
            for (count, fits) in [(1000, true), (1001, false)] {
                let upload = try await store.beginUpload(upTo: ByteCount(1000))
                do {
                    for byte in bytes(count) { try await upload.append([byte]) }
                    _ = try await upload.finish(expecting: Digest.sha256(bytes(count)), at: time(1))
                    #expect(fits)
                } catch {
                    #expect(!fits)
                    #expect(error as? BlobStorageError == .tooLarge(limit: ByteCount(1000)))
                }
            }
            #expect(try await store.blobs(after: nil, limit: 10).count == 1)
            #expect(try await store.sweepUploads(olderThan: time(.max / 2)) == 0)
        },
        claim("a piece far larger than the limit is not taken in") { (store) async throws in
            let upload = try await store.beginUpload(upTo: ByteCount(10))
            await #expect(throws: BlobStorageError.tooLarge(limit: ByteCount(10))) {
                try await upload.append(bytes(5_000_000))
            }
            await #expect(throws: BlobStorageError.uploadEnded) {
                try await upload.finish(expecting: Digest.sha256([]), at: time(1))
            }
        },
        claim("an abandoned upload leaves nothing, abandoned once or twice") { (store) async throws in
            let upload = try await store.beginUpload(upTo: limit)
            try await upload.append(bytes(400_000))
            await upload.abandon()
            await upload.abandon()
            #expect(try await store.sweepUploads(olderThan: time(.max / 2)) == 0)
            await #expect(throws: BlobStorageError.uploadEnded) { try await upload.append([1]) }
        },
        claim("abandoning after the end takes nothing away") { (store) async throws in
            let upload = try await store.beginUpload(upTo: limit)
            try await upload.append([1, 2, 3])
            let stored = try await upload.finish(expecting: Digest.sha256([1, 2, 3]), at: time(1))
            await upload.abandon()
            #expect(try await store.contents(of: stored.digest) == [1, 2, 3])
            await #expect(throws: BlobStorageError.uploadEnded) {
                try await upload.finish(expecting: stored.digest, at: time(1))
            }
        },
        claim("uploads of one blob at the same time all end well") { (store) async throws in
            let bytes = bytes(500_000)
            try await withThrowingTaskGroup(of: StoredBlob.self) { group in
                for number in 1...16 {
                    group.addTask { try await store.store(bytes, inPiecesOf: 10_000 * number) }
                }
                for try await stored in group { #expect(stored.digest == Digest.sha256(bytes)) }
            }
            #expect(try await store.contents(of: Digest.sha256(bytes)) == bytes)
            #expect(try await store.blobs(after: nil, limit: 10).count == 1)
            #expect(try await store.sweepUploads(olderThan: time(.max / 2)) == 0)
        },
    ]

    static let readers = [
        claim("a range is what it says, and ends where the blob ends") { (store) async throws in
            let bytes = bytes(1000)
            let digest = try await store.store(bytes).digest
            #expect(try await store.bytes(of: digest, in: 0..<1000) == bytes)
            #expect(try await store.bytes(of: digest, in: 10..<20) == Array(bytes[10..<20]))
            #expect(try await store.bytes(of: digest, in: 990..<5000) == Array(bytes[990...]))
            #expect(try await store.bytes(of: digest, in: 0..<Int64.max) == bytes)
            #expect(try await store.bytes(of: digest, in: 1000..<2000).isEmpty)
            #expect(try await store.bytes(of: digest, in: 5..<5).isEmpty)
            #expect(try await store.bytes(of: digest, in: Int64.max - 1..<Int64.max).isEmpty)
        },
        claim("blobs are listed by digest, page by page") { (store) async throws in
            var digests: [Digest] = []
            for number in 0..<40 { digests.append(try await store.store(Array("\(number)".utf8)).digest) }
            digests.sort()
            #expect(try await store.blobs(after: nil, limit: 100).map(\.digest) == digests)
            var pages: [Digest] = []
            while true {
                let page = try await store.blobs(after: pages.last, limit: 7).map(\.digest)
                #expect(page.count <= 7)
                if page.isEmpty { break }
                pages += page
            }
            #expect(pages == digests)
            #expect(try await store.blobs(after: nil, limit: 0).isEmpty)
        },
    ]

    static let ages = [
        claim("a blob is deleted only when it is older than said") { (store) async throws in
            let digest = try await store.store([1], at: time(5000)).digest
            #expect(try await store.blob(digest)?.storedAt == time(5000))
            #expect(try await !store.delete(digest, ifOlderThan: time(5000)))
            #expect(try await store.contains(digest))
            #expect(try await store.delete(digest, ifOlderThan: time(5001)))
            #expect(try await !store.contains(digest))
            #expect(try await !store.delete(digest, ifOlderThan: time(5001)))
        },
        claim("renewing makes a blob young again, storing it once more as well") { (store) async throws in
            let digest = try await store.store([1], at: time(1000)).digest
            #expect(try await store.renew(digest, at: time(1_785_578_400_123)))
            #expect(try await store.blob(digest)?.storedAt == time(1_785_578_400_123))
            try await store.store([1], at: time(1_785_578_400_999))
            #expect(try await store.blob(digest)?.storedAt == time(1_785_578_400_999))
            #expect(try await !store.delete(digest, ifOlderThan: time(1_785_578_400_999)))
            #expect(try await store.contents(of: digest) == [1])
        },
        claim("a deleted blob can be stored again") { (store) async throws in
            let digest = try await store.store([1, 2], at: time(1)).digest
            #expect(try await store.delete(digest, ifOlderThan: time(2)))
            try await store.store([1, 2], at: time(3))
            #expect(try await store.contents(of: digest) == [1, 2])
        },
        claim("a collector takes nothing from those who store at the same time") { (store) async throws in
            let bytes = bytes(2000)
            let digest = Digest.sha256(bytes)
            for round in 0..<20 {
                let now = time(Int64(round) * 1000 + 1000)
                async let isDeleted = store.delete(digest, ifOlderThan: now)
                async let stored = store.store(bytes, at: now)
                _ = try await (isDeleted, stored)
                #expect(try await store.blob(digest)?.storedAt == now)
            }
        },
        claim("uploads that nobody ended are swept, those under way are not") { (store) async throws in
            let left = try await store.beginUpload(upTo: limit)
            try await left.append(bytes(300_000))
            #expect(try await store.sweepUploads(olderThan: time(1000)) == 0)
            // Later than any clock says.
            #expect(try await store.sweepUploads(olderThan: time(.max / 2)) == 1)
            #expect(try await store.sweepUploads(olderThan: time(.max / 2)) == 0)
            await left.abandon()
        },
        claim("a suspended upload goes on behind what has arrived, also in another program") { (store) async throws in
            let bytes = bytes(700_000)
            let name = UploadName(account: try AccountName(parsing: "acme"), digest: .sha256(bytes))
            #expect(try await store.suspendedUpload(name) == nil)
            let first = try await store.beginUpload(name, upTo: limit)
            try await first.append(Array(bytes[..<300_001]))
            await #expect(throws: BlobStorageError.uploadUnderWay) { _ = try await store.suspendedUpload(name) }
            await #expect(throws: BlobStorageError.uploadUnderWay) {
                _ = try await store.continueUpload(name, at: ByteCount(300_001), upTo: limit)
            }
            await first.suspend()
            await #expect(throws: BlobStorageError.uploadEnded) { try await first.append([1]) }
            #expect(try await store.suspendedUpload(name) == ByteCount(300_001))
            #expect(try await store.blob(name.digest) == nil)
            for wrong in [1, 300_000, 300_002] {
                await #expect(throws: BlobStorageError.uploadOffset(expected: ByteCount(300_001))) {
                    _ = try await store.continueUpload(name, at: ByteCount(wrong), upTo: limit)
                }
            }
            let second = try await store.continueUpload(name, at: ByteCount(300_001), upTo: limit)
            try await second.append(Array(bytes[300_001...]))
            let stored = try await second.finish(expecting: name.digest, at: time(7))
            #expect(stored.size == ByteCount(bytes.count))
            #expect(try await store.contents(of: name.digest) == bytes)
            #expect(try await store.suspendedUpload(name) == nil)
            await #expect(throws: BlobStorageError.uploadOffset(expected: .zero)) {
                _ = try await store.continueUpload(name, at: ByteCount(5), upTo: limit)
            }
        },
        claim("a second upload of one name goes its own way, and a new one replaces a suspended one") {
            (store) async throws in
            let bytes = bytes(1000)
            let name = UploadName(account: try AccountName(parsing: "acme"), digest: .sha256(bytes))
            let first = try await store.beginUpload(name, upTo: limit)
            try await first.append(Array(bytes[..<10]))
            let second = try await store.beginUpload(name, upTo: limit)
            try await second.append(Array(bytes[..<20]))
            await second.suspend()
            await #expect(throws: BlobStorageError.uploadUnderWay) { _ = try await store.suspendedUpload(name) }
            await first.suspend()
            #expect(try await store.suspendedUpload(name) == ByteCount(10))
            let third = try await store.beginUpload(name, upTo: limit)
            try await third.append(bytes)
            _ = try await third.finish(expecting: name.digest, at: time(1))
            #expect(try await store.contents(of: name.digest) == bytes)
            #expect(try await store.sweepUploads(olderThan: time(.max / 2)) == 0)
        },
        claim("the limit of an upload that goes on counts all of it, and wrong bytes end it") { (store) async throws in
            let bytes = bytes(1000)
            let name = UploadName(account: try AccountName(parsing: "acme"), digest: .sha256(bytes))
            let first = try await store.beginUpload(name, upTo: ByteCount(1000))
            try await first.append(Array(bytes[..<999]))
            await first.suspend()
            let second = try await store.continueUpload(name, at: ByteCount(999), upTo: ByteCount(1000))
            await #expect(throws: BlobStorageError.tooLarge(limit: ByteCount(1000))) {
                try await second.append([1, 2])
            }
            #expect(try await store.suspendedUpload(name) == nil)
            let third = try await store.beginUpload(name, upTo: limit)
            try await third.append([1, 2, 3])
            await third.suspend()
            let fourth = try await store.continueUpload(name, at: ByteCount(3), upTo: limit)
            await #expect(throws: BlobStorageError.self) {
                _ = try await fourth.finish(expecting: name.digest, at: time(1))
            }
            #expect(try await store.suspendedUpload(name) == nil)
            #expect(try await store.sweepUploads(olderThan: time(.max / 2)) == 0)
        },
        claim("an opened upload is there before its first byte, and goes on, is counted and given up") {
            (store) async throws in
            let account = try AccountName(parsing: "acme")
            let name = UploadName(account: account, digest: .sha256([1]))
            try await store.openUpload(name)
            #expect(try await store.suspendedUpload(name) == .zero)
            #expect(try await store.unfinishedUploads(of: account) == 1)
            let idle = try await store.continueUpload(name, at: .zero, upTo: limit)
            await #expect(throws: BlobStorageError.uploadUnderWay) { _ = try await store.discardUpload(name) }
            await idle.suspend()
            #expect(try await store.suspendedUpload(name) == .zero, "nothing came, and it is there")
            let bytes = bytes(500_000)
            for half in [0..<200_000, 200_000..<500_000] {
                let part = try await store.continueUpload(name, at: ByteCount(half.lowerBound), upTo: limit)
                try await part.append(Array(bytes[half]))
                await part.suspend()
            }
            let last = try await store.continueUpload(name, at: ByteCount(500_000), upTo: limit)
            let stored = try await last.finish(expecting: nil, at: time(1))
            #expect(stored.digest == .sha256(bytes), "stored under the digest that it has")
            #expect(try await store.contents(of: stored.digest) == bytes)
            #expect(try await store.unfinishedUploads(of: account) == 0)
            try await store.openUpload(name)
            #expect(try await store.discardUpload(name))
            #expect(try await !store.discardUpload(name))
            #expect(try await store.suspendedUpload(name) == nil)
            try await store.openUpload(name)
            #expect(try await store.sweepUploads(olderThan: time(.max / 2)) == 1)
            #expect(try await store.unfinishedUploads(of: account) == 0)
        },
        claim("what an account has left unfinished is counted, through all that becomes of it") {
            (store) async throws in
            let (acme, other) = (try AccountName(parsing: "acme"), try AccountName(parsing: "acme-2"))
            let name = { (account: AccountName, number: Int) in
                UploadName(account: account, digest: .sha256(bytes(1000, seed: UInt64(number))))
            }
            try await store.leave(name(acme, 1), 10)
            try await store.leave(name(acme, 2), 200)
            try await store.leave(name(other, 1), 3000)
            #expect(try await store.suspendedUploads(of: acme) == ByteCount(210))
            #expect(try await store.suspendedUploads(of: other) == ByteCount(3000))
            // A new one takes the place of one that was left.
            try await store.leave(name(acme, 1), 15)
            #expect(try await store.suspendedUploads(of: acme) == ByteCount(215))
            // Nothing is left of what nothing came of.
            try await store.leave(name(acme, 3), 0)
            #expect(try await store.suspendedUpload(name(acme, 3)) == nil)
            // Going on keeps what had arrived, and counts what comes when it is left again.
            let further = try await store.continueUpload(name(acme, 1), at: ByteCount(15), upTo: limit)
            try await further.append([1])
            #expect(try await store.suspendedUploads(of: acme) == ByteCount(215))
            await further.suspend()
            #expect(try await store.suspendedUploads(of: acme) == ByteCount(216))
            await #expect(throws: BlobStorageError.self) {
                _ = try await store.continueUpload(name(acme, 1), at: ByteCount(1), upTo: limit)
            }
            #expect(try await store.suspendedUploads(of: acme) == ByteCount(216))
            await (try await store.continueUpload(name(acme, 1), at: ByteCount(16), upTo: limit)).abandon()
            #expect(try await store.suspendedUploads(of: acme) == ByteCount(200))
            let wrong = try await store.continueUpload(name(acme, 2), at: ByteCount(200), upTo: limit)
            await #expect(throws: BlobStorageError.self) {
                _ = try await wrong.finish(expecting: name(acme, 2).digest, at: time(1))
            }
            #expect(try await store.suspendedUploads(of: acme) == ByteCount(0))
            try await store.leave(name(acme, 4), 40)
            let whole = try await store.beginUpload(name(acme, 5), upTo: limit)
            try await whole.append(bytes(1000, seed: 5))
            _ = try await whole.finish(expecting: name(acme, 5).digest, at: time(1))
            #expect(try await store.suspendedUploads(of: acme) == ByteCount(40))
            #expect(try await store.sweepUploads(olderThan: time(.max / 2)) == 2)
            #expect(try await store.suspendedUploads(of: acme) == ByteCount(0))
            #expect(try await store.suspendedUploads(of: other) == ByteCount(0))
        },
        claim("what is left is counted exactly while many come and go") { (store) async throws in
            let acme = try AccountName(parsing: "acme")
            let kept = try await withThrowingTaskGroup(of: Int64.self) { group in
                for number in 0..<48 {
                    group.addTask {
                        let whole = bytes(2000, seed: UInt64(number + 1))
                        let name = UploadName(account: acme, digest: .sha256(whole))
                        let upload = try await store.beginUpload(name, upTo: limit)
                        try await upload.append(Array(whole[..<(number + 1)]))
                        await upload.suspend()
                        if number % 4 == 0 { return Int64(number + 1) }
                        let offset = ByteCount(number + 1)
                        let next = try await store.continueUpload(name, at: offset, upTo: limit)
                        if number % 4 == 1 {
                            await next.abandon()
                            return 0
                        }
                        try await next.append(Array(whole[(number + 1)...]))
                        if number % 4 == 2 {
                            await next.suspend()
                            return 2000
                        }
                        _ = try await next.finish(expecting: name.digest, at: time(1))
                        return 0
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(try await store.suspendedUploads(of: acme).bytes == kept)
        },
    ]
}
