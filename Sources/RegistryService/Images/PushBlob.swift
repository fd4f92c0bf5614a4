// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
package import WorkerModel

/// Blobs on their way into a repository: uploads that are begun, continued, ended and cancelled, and blobs that another
/// repository has already.
///
/// An upload belongs to its account and its repository. It survives the server, and is forgotten after a day.
package struct PushBlob: Sendable {
    let store: any RegistryStore
    let blobs: any BlobStore
    let receive: ReceiveBlob
    let surroundings: Surroundings

    /// An upload that was begun.
    package struct Session: Sendable, Hashable {
        /// Where the blob is to be.
        package let repository: RepositoryName
        /// 32 hexadecimal digits.
        package let id: String

        /// An upload as its address names it; nil for a text that no id is.
        package init?(_ id: String, in repository: RepositoryName) {
            guard id.utf8.count == 32, id.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
            else { return nil }
            self.id = id
            self.repository = repository
        }

        fileprivate func name(of account: AccountName) -> UploadName {
            UploadName(account: account, digest: .sha256("\(repository)\n\(id)".utf8))
        }
    }

    /// Begins an upload.
    ///
    /// - Throws: `RegistryServiceError` where the caller may not push there, or has begun too many.
    package func open(in repository: RepositoryName, by caller: Caller) async throws -> Session {
        try await expect(caller, mayPushTo: repository)
        let digits = surroundings.randomBytes(16).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        guard let session = Session(digits.joined(), in: repository) else {
            throw RegistryServiceError.image(.uploadUnknown)
        }
        try await receive.open(session.name(of: caller.account))
        return session
    }

    /// How much of an upload has arrived.
    ///
    /// - Throws: `RegistryServiceError.image` with `.uploadUnknown`.
    package func arrived(_ session: Session, by caller: Caller) async throws -> ByteCount {
        guard let size = try await receive.arrived(session.name(of: caller.account)) else {
            throw RegistryServiceError.image(.uploadUnknown)
        }
        return size
    }

    /// Gives an upload up.
    ///
    /// - Throws: `RegistryServiceError.image` with `.uploadUnknown`.
    package func cancel(_ session: Session, by caller: Caller) async throws {
        guard try await blobs.discardUpload(session.name(of: caller.account)) else {
            throw RegistryServiceError.image(.uploadUnknown)
        }
    }

    /// Goes on with an upload, behind what has arrived.
    ///
    /// `offset` is where the client thinks that is; nil where it does not say.
    ///
    /// - Throws: `RegistryServiceError.image` with `.uploadUnknown`, `.uploadOffset`; what `ReceiveBlob.begin` throws.
    package func resume(
        _ session: Session,
        at offset: ByteCount?,
        upTo limit: ByteCount,
        coming: ByteCount?,
        by caller: Caller
    ) async throws -> BlobReception {
        let arrived = try await arrived(session, by: caller)
        if let offset, offset != arrived { throw RegistryServiceError.image(.uploadOffset(expected: arrived)) }
        let name = session.name(of: caller.account)
        return try await receive.begin(name, at: arrived, upTo: limit, coming: coming, from: caller)
    }

    /// Begins an upload that comes whole in one request.
    ///
    /// - Throws: `RegistryServiceError` where the caller may not push there; what `ReceiveBlob.begin` throws.
    package func begin(
        in repository: RepositoryName,
        upTo limit: ByteCount,
        coming: ByteCount?,
        by caller: Caller
    ) async throws -> BlobReception {
        try await expect(caller, mayPushTo: repository)
        return try await receive.begin(nil, at: nil, upTo: limit, coming: coming, from: caller)
    }

    /// Makes what has arrived a blob of the repository.
    ///
    /// - Throws: `RegistryServiceError.image` with `.digestInvalid` for other bytes; what `BlobReception.finish` throws.
    ///   Nothing is kept then.
    package func finish(
        _ reception: BlobReception,
        as digest: ContentDigest,
        in repository: RepositoryName
    ) async throws {
        let now = surroundings.now()
        do {
            _ = try await reception.finish(expecting: digest.sha256) { blob in
                if digest.algorithm != .sha256 { try await check(blob, is: digest) }
            } note: { caller, blob, session in
                try caller.expect(.publish, onRepository: repository, in: session)
                try session.insertRepository(
                    RepositoryRecord(name: repository, creator: caller.account, createdAt: now)
                )
                let blob = RepositoryBlob(digest: digest, stored: blob.digest, size: blob.size)
                try session.insertBlob(blob, into: repository, at: now)
            }
        } catch BlobStorageError.digestMismatch(_, let found) {
            throw RegistryServiceError.image(.digestInvalid("is of other bytes: these have sha256:\(found)"))
        }
    }

    /// Gives a repository a blob that another one has; with nil, any other.
    ///
    /// Everybody may read the other one; what it has not is not told apart from what there is not.
    ///
    /// - Returns: whether the other one has it.
    /// - Throws: `RegistryServiceError` where the caller may not push there.
    package func mount(
        _ digest: ContentDigest,
        from source: RepositoryName?,
        into repository: RepositoryName,
        by caller: Caller
    ) async throws -> Bool {
        let now = surroundings.now()
        return try await store.write(by: caller, at: now) { caller, session in
            try caller.expect(.publish, onRepository: repository, in: session)
            let known =
                if let source { try session.blob(digest, in: source) } else { try session.blob(anywhere: digest) }
            guard let blob = known else { return false }
            try session.insertRepository(RepositoryRecord(name: repository, creator: caller.account, createdAt: now))
            try session.insertBlob(blob, into: repository, at: now)
            return true
        }
    }

    private func expect(_ caller: Caller, mayPushTo repository: RepositoryName) async throws {
        try await store.read { try caller.expect(.publish, onRepository: repository, in: $0) }
    }

    private func check(_ blob: StoredBlob, is digest: ContentDigest) async throws {
        var hasher = ContentDigestHasher(digest.algorithm)
        for try await piece in BlobBytes(of: blob.digest, in: 0..<blob.size.bytes, from: blobs) { hasher.update(piece) }
        let found = hasher.finalize()
        if found != digest {
            throw RegistryServiceError.image(.digestInvalid("is of other bytes: these have \(found)"))
        }
    }
}
