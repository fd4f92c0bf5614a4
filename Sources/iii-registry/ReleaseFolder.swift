// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import Diagnostics
import HostSystem
import SystemPackage
import WorkerModel

/// A folder that `make dist` made: archives of the programs, and the digests of all of them.
struct ReleaseFolder {
    /// What an archive may hold.
    static let limits = ArchiveLimits(
        compressed: .mebibytes(512),
        unpacked: .mebibytes(1024),
        file: .mebibytes(256),
        entries: 10_000,
        depth: 16,
        links: .refused
    )
    private static let sums = "SHA256SUMS"

    /// One archive that is what its digest says.
    struct Archive {
        let path: FilePath
        let version: SemanticVersion
        let target: TargetTriple

        /// The folder that everything in it lies in.
        var folder: String { "iii-\(version)-\(target)" }
    }

    let archives: [Archive]

    /// - Throws: `ReleaseError`, `HostError`.
    init(_ path: FilePath) throws {
        guard let bytes = try HostFiles.read(path.appending(Self.sums), upTo: .kibibytes(64)) else {
            throw ReleaseError.noSums(path)
        }
        var found: [Archive] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count == 2, let (version, target) = Self.parts(of: String(words[1])) else { continue }
            let file = path.appending(String(words[1]))
            guard try HostFiles.kind(of: file) == .file else { throw ReleaseError.missing(file) }
            guard try HostFiles.digest(of: file).description == words[0] else { throw ReleaseError.otherBytes(file) }
            found.append(Archive(path: file, version: version, target: target))
        }
        guard let first = found.first else { throw ReleaseError.noArchives(path) }
        if let other = found.first(where: { $0.version != first.version }) {
            throw ReleaseError.severalVersions(first.version, other.version)
        }
        archives = found
    }

    /// `iii-0.2.0-x86_64-unknown-linux-gnu.tar.gz`: version and target; nil for other files.
    static func parts(of name: String) -> (SemanticVersion, TargetTriple)? {
        guard name.hasPrefix("iii-"), name.hasSuffix(".tar.gz") else { return nil }
        let words = name.dropFirst("iii-".count).dropLast(".tar.gz".count).split(separator: "-")
        for count in 1..<max(2, words.count) {
            if let version = try? SemanticVersion(parsing: words.prefix(count).joined(separator: "-")),
                let target = try? TargetTriple(parsing: words.dropFirst(count).joined(separator: "-"))
            {
                return (version, target)
            }
        }
        return nil
    }
}

/// Why programs cannot be taken from a folder.
enum ReleaseError: CodedError {
    /// W122.
    case noSums(FilePath)
    case missing(FilePath)
    case noArchives(FilePath)
    /// W142.
    case otherBytes(FilePath)
    /// W185.
    case incomplete(FilePath, missing: String)
    /// W116.
    case severalVersions(SemanticVersion, SemanticVersion)

    var code: ErrorCode {
        switch self {
        case .noSums, .missing, .noArchives: .storageIO
        case .otherBytes: .download
        case .incomplete: .binaryNotInArchive
        case .severalVersions: .versionConflict
        }
    }

    var message: String {
        switch self {
        case .noSums(let path): "there is no SHA256SUMS in `\(path.string.printable)`"
        case .missing(let path): "SHA256SUMS names `\(path.string.printable)`, which is not there"
        case .noArchives(let path): "SHA256SUMS in `\(path.string.printable)` names no archive of programs"
        case .otherBytes(let path): "`\(path.string.printable)` is not what SHA256SUMS says; nothing was changed"
        case .incomplete(let path, let missing): "`\(path.string.printable)` has no `\(missing)`; nothing was changed"
        case .severalVersions(let one, let other): "the folder holds iii \(one) and \(other)"
        }
    }

    var hints: [String] {
        switch self {
        case .noSums, .noArchives: ["name the folder that `make dist` made, or into which a release was downloaded"]
        case .missing, .otherBytes: ["copy the release again"]
        case .incomplete: ["take the archives of a release as they are"]
        case .severalVersions: ["keep the archives of one version in a folder"]
        }
    }
}
