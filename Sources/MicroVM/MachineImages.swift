// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import Sandboxing
import SystemPackage
import WorkerModel

/// Images of file systems for the disks of machines, made by `mksquashfs` without the rights of root.
struct MachineImages: Sendable {
    let program: FilePath
    /// `~/.iii/cache/machine`.
    let folder: FilePath

    /// The image of an unpacked root file system, made once for each digest and owner.
    func base(_ root: FilePath, digest: Digest, owner: UInt32) async throws -> FileDescriptor {
        let path = folder.appending("bases").appending("\(digest)-\(owner).sqfs")
        if try HostFiles.kind(of: path) == .file {
            return try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        }
        try HostFiles.makeDirectory(path.removingLastComponent(), mode: 0o700)
        try await StagingFolder.with(below: staging) { scratch in
            try await make(root, scratch.appending("base"), owner: owner)
            try HostFiles.rename(scratch.appending("base"), to: path)
        }
        return try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    }

    /// The image of a bundle, which has no name any more: it goes with the descriptor.
    func bundle(_ tree: FilePath) async throws -> FileDescriptor {
        try await StagingFolder.with(below: staging) { scratch in
            let path = scratch.appending("bundle")
            try await make(tree, path, owner: WorkerUser.standard.user)
            return try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        }
    }

    private var staging: FilePath { folder.appending("staging") }

    /// Times are kept: compiled Python files are compared with those of their sources.
    private func make(_ source: FilePath, _ target: FilePath, owner: UInt32) async throws {
        let null = try HostDescriptors.null()
        defer { try? null.close() }
        let complaints = try HostDescriptors.pipe()
        defer { try? complaints.reading.close() }
        defer { try? complaints.writing.close() }
        complaints.reading.setNonblocking()
        let words = [
            source.string, target.string, "-comp", "lz4", "-noappend", "-no-progress", "-quiet", "-no-xattrs",
            "-force-uid", String(owner), "-force-gid", String(owner),
        ]
        let process = try await HeldProcess.start(
            program,
            words,
            environment: ["PATH": "/usr/bin:/bin"],
            descriptors: [null, null, complaints.writing]
        )
        guard await process.end() == .exited(0) else {
            throw SandboxError.notMade(.emulatedVM, detail: "`\(program)` failed: \(complaints.reading.text)")
        }
    }
}

extension FileDescriptor {
    /// What there is to read now, at most 2 KiB, in one line.
    var text: String {
        var bytes = [UInt8](repeating: 0, count: 2048)
        // Nothing there is no text.
        let count = (try? bytes.withUnsafeMutableBytes { try read(into: $0) }) ?? 0
        let lines = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
        return lines.filter { !$0.contains("warning:") }.joined(separator: "; ")
    }
}
