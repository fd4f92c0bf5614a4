// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import RegistryStorage
package import WorkerModel

/// Looks whether everything is there that the registry says it has.
///
/// Reads only; may run while the registry serves.
package struct CheckRegistry: Sendable {
    /// Something that is not as it should be.
    package enum Damage: CodedError, Hashable {
        /// A version needs a blob that is not there.
        case missingBlob(WorkerName, SemanticVersion, Digest)
        /// The bytes of a blob are not those that its name says.
        case changedBlob(WorkerName, SemanticVersion, Digest, found: Digest)
        /// The bytes of a program that is offered are not there, or are others.
        case damagedProgram(name: String, TargetTriple, Digest)
        /// The bytes of an image or artifact are not there, or are others.
        case damagedImage(Digest)
        /// The record of events names a version that is gone.
        case missingVersion(WorkerName, SemanticVersion)

        package var code: ErrorCode { .storageIO }

        package var message: String {
            switch self {
            case .missingBlob(let name, let version, let digest):
                "`\(name)@\(version)` needs the blob sha256:\(digest), which is not there"
            case .changedBlob(let name, let version, let digest, let found):
                "the blob sha256:\(digest) of `\(name)@\(version)` has changed: its bytes have SHA-256 \(found)"
            case .damagedProgram(let name, let target, let digest):
                "the program `\(name.printable)` for \(target) is offered, and the blob sha256:\(digest) is gone or has changed"
            case .damagedImage(let digest):
                "a repository of images needs the blob sha256:\(digest), which is gone or has changed"
            case .missingVersion(let name, let version):
                "`\(name)@\(version)` was published and is not in the database"
            }
        }
    }

    /// How much was looked at, and what was wrong.
    package struct Report: Sendable {
        package var versions = 0
        package var blobs = 0
        /// Blobs that no version names: uploads that were not published, and more where records are older than the blobs.
        package var unnamed = 0
        package var unnamedBytes = ByteCount.zero
        package var damages: [Damage] = []
    }

    private static let page = 500

    private let store: any RegistryStore
    private let blobs: any BlobStore

    package init(store: any RegistryStore, blobs: any BlobStore) {
        self.store = store
        self.blobs = blobs
    }

    /// Looks at every version, and at every byte of the blobs that versions need.
    ///
    /// - Throws: what the stores throw; `RegistryStorageError.damaged` for records that cannot be read.
    package func callAsFunction() async throws -> Report {
        var report = Report()
        var seen: Set<Digest> = []
        var place: Int64?
        repeat {
            let before = place
            let events = try await store.read { try $0.events(of: nil, before: before, limit: Self.page) }
            for recorded in events where recorded.event.kind == .published {
                try await check(recorded.event, &report, &seen)
            }
            place = events.last?.sequence
        } while place != nil
        try await checkPrograms(&report, &seen)
        try await checkImages(besides: &seen, noting: &report)
        try await countUnnamed(&report)
        return report
    }

    private func checkPrograms(_ report: inout Report, _ seen: inout Set<Digest>) async throws {
        for program in try await store.read({ try $0.programs() }) where seen.insert(program.digest).inserted {
            report.blobs += 1
            if let blob = try await blobs.blob(program.digest), try await digest(of: blob) == program.digest {
                continue
            }
            report.damages.append(.damagedProgram(name: program.name, program.target, program.digest))
        }
    }

    /// What is needed and was not looked at for a version or as a program is of an image or artifact.
    private func checkImages(besides seen: inout Set<Digest>, noting report: inout Report) async throws {
        var last: Digest?
        repeat {
            let after = last
            let needed = try await store.read { try $0.hostedDigests(after: after, limit: Self.page) }
            for digest in needed where seen.insert(digest).inserted {
                report.blobs += 1
                if let blob = try await blobs.blob(digest), try await self.digest(of: blob) == digest { continue }
                report.damages.append(.damagedImage(digest))
            }
            last = needed.last
        } while last != nil
    }

    private func countUnnamed(_ report: inout Report) async throws {
        var last: Digest?
        repeat {
            let page = try await blobs.blobs(after: last, limit: Self.page)
            last = page.last?.digest
            let named = try await store.read { try $0.referenced(among: page.map(\.digest)) }
            for blob in page where !named.contains(blob.digest) {
                report.unnamed += 1
                report.unnamedBytes = report.unnamedBytes + blob.size
            }
        } while last != nil
    }

    private func check(_ event: RegistryEvent, _ report: inout Report, _ seen: inout Set<Digest>) async throws {
        guard let name = event.worker, let version = event.version else { return }
        let (found, removal) = try await store.read { session in
            (try session.version(version, of: name), try session.removal(of: version, of: name))
        }
        guard let published = found else {
            if removal != nil { return }
            report.damages.append(.missingVersion(name, version))
            return
        }
        report.versions += 1
        for digest in published.artifacts.hostedDigests.sorted() where seen.insert(digest).inserted {
            report.blobs += 1
            guard let blob = try await blobs.blob(digest) else {
                report.damages.append(.missingBlob(name, version, digest))
                continue
            }
            let found = try await self.digest(of: blob)
            if found != digest { report.damages.append(.changedBlob(name, version, digest, found: found)) }
        }
    }

    private func digest(of blob: StoredBlob) async throws -> Digest {
        var hasher = DigestHasher()
        for try await piece in BlobBytes(of: blob.digest, in: 0..<blob.size.bytes, from: blobs) { hasher.update(piece) }
        return hasher.finalize()
    }
}
