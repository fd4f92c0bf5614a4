// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import HostSystem
import Manifests
import SystemPackage
import WorkerModel

extension PublishPlan {
    /// One upload for each target: of the builds that the manifest names, and of those that the command line names, which
    /// take the place of one for the same target.
    ///
    /// - Throws: `PublishError`, `ArchiveError`, `HostError`.
    static func builds(
        of name: WorkerName,
        _ manifest: WorkerManifest,
        _ options: PublishRequestOptions,
        in scratch: FilePath,
        host: TargetTriple?
    ) async throws -> [Upload] {
        let files = try buildFiles(manifest, options, host: host)
        if files.isEmpty { throw PublishError.noArtifacts(name) }
        let missing = try files.values.filter { try !isFile($0) }
        if !missing.isEmpty {
            throw PublishError.artifactsMissing(missing.sorted { $0.string < $1.string })
        }
        var uploads: [Upload] = []
        for (target, file) in files.sorted(by: { $0.key < $1.key }) {
            let archive = scratch.appending("\(target)")
            uploads.append(try await upload(file, of: name, for: target, packedTo: archive, time: options.entryTime))
        }
        return uploads
    }

    /// What is published for each target.
    private static func buildFiles(
        _ manifest: WorkerManifest,
        _ options: PublishRequestOptions,
        host: TargetTriple?
    ) throws(PublishError) -> [TargetTriple: FilePath] {
        var files: [TargetTriple: FilePath] = [:]
        for build in options.builds {
            guard let target = build.target ?? host else { throw .unknownHost }
            if !target.isKnown { throw .unknownTarget(target) }
            if files.updateValue(build.file, forKey: target) != nil { throw .twiceForTarget(target) }
        }
        for artifact in manifest.artifacts where files[artifact.target] == nil {
            files[artifact.target] = options.folder.pushing(FilePath(artifact.path))
        }
        return files
    }

    private static func isFile(_ path: FilePath) throws -> Bool {
        try HostFiles.kind(of: HostFiles.canonicalIfThere(path)) == .file
    }

    /// An archive is taken as it is, a bare executable is packed.
    private static func upload(
        _ file: FilePath,
        of name: WorkerName,
        for target: TargetTriple,
        packedTo archive: FilePath,
        time: Int64
    ) async throws -> Upload {
        let start = try HostFiles.prefix(of: file, count: ProgramFormat.needed)
        let isArchive = target.usesZip ? start.starts(with: "PK\u{3}\u{4}".utf8) : start.starts(with: [0x1F, 0x8B])
        if isArchive {
            let format = ProgramFormat(of: try await executableStart(in: file, of: name, for: target))
            guard format.isFor(target) else { throw PublishError.wrongProgram(file, target, format, isInArchive: true) }
            let digest = try HostFiles.digest(of: file)
            return Upload(target: target, file: file, digest: digest, size: try size(of: file))
        }
        let format = ProgramFormat(of: start)
        guard format.isFor(target) else { throw PublishError.wrongProgram(file, target, format, isInArchive: false) }
        let packed = PackedFile(path: target.executableName(of: name), source: .file(file), isExecutable: true)
        let result =
            target.usesZip
            ? try ZipWriter.write([packed], to: archive, time: time, limits: .binary)
            : try TarGzipWriter.write([packed], to: archive, time: time, limits: .binary)
        return Upload(target: target, file: archive, digest: result.digest, size: result.size)
    }

    private static func size(of file: FilePath) throws -> ByteCount {
        try HostFiles.size(of: HostFiles.canonicalIfThere(file)) ?? .zero
    }

    /// How the executable in an archive begins, which is held to the rules of installing on the way.
    private static func executableStart(
        in file: FilePath,
        of name: WorkerName,
        for target: TargetTriple
    ) async throws -> [UInt8] {
        do {
            let outcome = try await ArchivePipeline.read(
                FilePieces(of: file),
                format: ArchiveFormat(for: target),
                limits: .binary
            ) { () throws(ArchiveError) in
                try ExecutableHead(of: name, for: target, count: ProgramFormat.needed)
            }
            return try outcome.result.get()
        } catch let error as ArchiveError {
            if case .host = error { throw error }
            throw PublishError.unfitArchive(file, target, error)
        }
    }
}
