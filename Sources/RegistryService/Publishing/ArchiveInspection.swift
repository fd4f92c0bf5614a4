// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Diagnostics
import Manifests
import RegistryStorage
import WorkerModel

/// Opens the archives that a publication names among the registry's blobs, by the rules of whoever will install them.
struct ArchiveInspection: Sendable {
    /// What was found out about a publication's archives.
    struct Findings: Sendable {
        var problems: [PublicationProblem] = []
        /// What the publisher should know, though nothing is wrong.
        var warnings: [String] = []
    }

    let blobs: any BlobStore

    /// Opens every hosted archive; `sizes` has the hosted blobs, all of which are there.
    ///
    /// - Throws: what the blob store throws; `RegistryStorageError.damaged` for a blob that is not what it was.
    func inspect(_ publication: Publication, sizes: [Digest: ByteCount]) async throws -> Findings {
        var findings = Findings()
        switch publication.artifacts {
        case .engine, .image, .hostedImage: break
        case .bundle(let archive):
            guard archive.url == nil, let size = sizes[archive.digest] else { break }
            try await inspectBundle(publication, archive.digest, size, &findings)
        case .binaries(let builds):
            for (target, build) in builds.sorted(by: { $0.key < $1.key }) where build.url == nil {
                guard let size = sizes[build.digest] else { continue }
                try await inspectBinary(publication.name, target, build.digest, size, &findings)
            }
        }
        return findings
    }

    private func inspectBinary(
        _ worker: WorkerName,
        _ target: TargetTriple,
        _ digest: Digest,
        _ size: ByteCount,
        _ findings: inout Findings
    ) async throws {
        let path = "$.binaries.\(target).sha256"
        let format = ArchiveFormat(for: target)
        let result = try await read(digest, size, format: format, limits: .binary) { () throws(ArchiveError) in
            try ExecutableExtractor(of: worker, for: target, to: nil)
        }
        if case .failure(let error) = result { findings.refuse(path, error) }
    }

    private func inspectBundle(
        _ publication: Publication,
        _ digest: Digest,
        _ size: ByteCount,
        _ findings: inout Findings
    ) async throws {
        let manifestName = WorkerManifest.fileName
        let result = try await read(digest, size, limits: .bundle) { () throws(ArchiveError) in
            ContentCapture(of: [manifestName], upTo: WorkerManifest.maximumSize)
        }
        switch result {
        case .failure(let error): findings.refuse("$.sha256", error)
        case .success(let contents):
            guard let text = contents[manifestName] else {
                findings.problems.append(
                    PublicationProblem(
                        path: "$.sha256",
                        reason: "names an archive without `\(manifestName)` at its root",
                        code: .bundleManifestRejected
                    )
                )
                return
            }
            check(text, of: publication, &findings)
        }
    }

    private func check(_ manifest: [UInt8], of publication: Publication, _ findings: inout Findings) {
        do throws(ManifestError) {
            let checked = try WorkerManifest(parsing: manifest).checkedAsBundle(
                named: publication.name,
                version: publication.version,
                refusesUnknownKeys: true
            )
            findings.warnings += checked.warnings.map(\.message)
            findings.compare(checked.dependencies, with: publication.dependencies)
            findings.compare(checked.calls, with: publication.calls)
        } catch {
            let reasons = error.problems.isEmpty ? [error.message] : error.problems.map(\.message)
            for reason in reasons {
                findings.problems.append(
                    PublicationProblem(
                        path: "$.sha256",
                        reason: "names an archive whose `\(WorkerManifest.fileName)` is refused: \(reason)",
                        code: error.code
                    )
                )
            }
        }
    }

    /// Reads a blob, whose digest was found right when it came.
    ///
    /// What the disk did to one since then breaks the checksums inside it: only where something is wrong is it hashed again,
    /// to tell a bad archive from a damaged one.
    private func read<Sink: ArchiveSink>(
        _ digest: Digest,
        _ size: ByteCount,
        format: ArchiveFormat = .tarGzip,
        limits: ArchiveLimits,
        into makeSink: @escaping @Sendable () throws(ArchiveError) -> Sink
    ) async throws -> Result<Sink.Output, ArchiveError> {
        if size > limits.compressed { return .failure(.tooLarge(limit: limits.compressed)) }
        let bytes = BlobBytes(of: digest, in: 0..<size.bytes, from: blobs)
        let result = try await ArchivePipeline.readVerified(bytes, format: format, limits: limits, into: makeSink)
        if case .failure = result, try await Self.digest(of: bytes) != digest {
            throw RegistryStorageError.damaged(what: "the blob sha256:\(digest) has other bytes")
        }
        return result
    }

    private static func digest(of bytes: BlobBytes) async throws -> Digest {
        var hasher = DigestHasher()
        for try await piece in bytes { hasher.update(piece) }
        return hasher.finalize()
    }
}

extension ArchiveInspection.Findings {
    fileprivate mutating func refuse(_ path: String, _ error: ArchiveError) {
        problems.append(
            PublicationProblem(path: path, reason: "names a bad archive: \(error.message)", code: error.code)
        )
    }

    /// The dependencies of manifest and request must be the same, in whatever order.
    fileprivate mutating func compare(
        _ declared: [WorkerManifest.Dependency],
        with requested: [WorkerDependency]
    ) {
        let inManifest = Dictionary(declared.map { ($0.name, $0.selector.description) }) { first, _ in first }
        let inRequest = Dictionary(requested.map { ($0.name, Self.spelling($0.selector)) }) { first, _ in first }
        for name in Set(inManifest.keys).union(inRequest.keys).sorted() where inManifest[name] != inRequest[name] {
            func shown(_ selector: String?) -> String {
                selector.map { "`\(PrintableText($0, limit: 80))`" } ?? "nothing"
            }
            problems.append(
                PublicationProblem(
                    path: "$.dependencies",
                    reason: "disagrees with the archive's `\(WorkerManifest.fileName)` on `\(name)`: "
                        + "\(shown(inRequest[name])) here, \(shown(inManifest[name])) there",
                    code: .bundleManifestRejected
                )
            )
        }
    }

    /// What manifest and request say that the worker calls must be the same, in whatever order.
    fileprivate mutating func compare(_ declared: [CallPattern], with requested: [CallPattern]) {
        for pattern in Set(declared).symmetricDifference(requested).map(\.description).sorted() {
            let isRequested = requested.contains { $0.description == pattern }
            problems.append(
                PublicationProblem(
                    path: "$.calls",
                    reason: "disagrees with the archive's `\(WorkerManifest.fileName)` on "
                        + "`\(PrintableText(pattern, limit: 80))`: it stands \(isRequested ? "here" : "there") only",
                    code: .bundleManifestRejected
                )
            )
        }
    }

    /// The selector without what its spelling leaves free: blanks around it, and nothing for any version.
    private static func spelling(_ selector: String) -> String {
        (try? VersionSelector(parsingDependency: selector))?.description ?? selector
    }
}
