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

    /// How long every image of a bundle is, the rest a hole: a machine that was saved with one finds another one there.
    ///
    /// Nothing that is installed comes near it.
    static let bundleLength = ByteCount.mebibytes(1 << 14)
    /// How many images of bundles are kept, those that were used last.
    static let keptBundles = 32

    /// Whose the files of an image of a root file system are.
    enum BaseOwner: Hashable, Sendable, CustomStringConvertible {
        /// One user's, all of them.
        case one(UInt32)
        /// As those of the folder it is made of.
        case asInFolder

        var description: String {
            switch self {
            case .one(let user): String(user)
            case .asInFolder: "owners"
            }
        }
    }

    /// The image of an unpacked root file system, made once for each digest and owner.
    func base(_ root: FilePath, digest: Digest, owner: BaseOwner) async throws -> FileDescriptor {
        try await kept("bases", "\(digest)-\(owner).sqfs") { try await make(root, $0, owner: owner) }
    }

    /// The image of a bundle: with a digest made once, else for this one machine, and gone with the descriptor.
    func bundle(_ tree: FilePath, digest: Digest?) async throws -> FileDescriptor {
        if let digest {
            return try await kept("bundles", "\(digest).sqfs", atMost: Self.keptBundles) {
                try await makeBundle(tree, $0)
            }
        }
        return try await StagingFolder.with(below: staging) { scratch in
            let path = scratch.appending("bundle")
            try await makeBundle(tree, path)
            return try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        }
    }

    /// Has the image of a bundle made anew when it is wanted next.
    func forgetBundle(_ digest: Digest) {
        // One that cannot be removed is used again.
        try? HostFiles.removeFile(folder.appending("bundles").appending("\(digest).sqfs"))
    }

    /// Opens a file of `FOLDER/KIND`, made where it is not there; `atMost` so many are there then, nil for any number.
    private func kept(
        _ kind: String,
        _ name: String,
        atMost count: Int? = nil,
        _ make: (FilePath) async throws -> Void
    ) async throws -> FileDescriptor {
        let path = folder.appending(kind).appending(name)
        if let image = try open(path) { return image }
        try HostFiles.makeDirectory(path.removingLastComponent(), mode: 0o700)
        return try await StagingFolder.with(below: staging) { scratch in
            let new = scratch.appending("image")
            try await make(new)
            let image = try FileDescriptor.open(new, .readOnly, options: .closeOnExec)
            // What has a name is whole, also after a loss of power: nobody looks again.
            try HostFiles.sync(image)
            try HostFiles.rename(new, to: path)
            // Where that fails, there are some more.
            if let count { try? KeptFiles.forget(below: path.removingLastComponent(), allBut: count) }
            return image
        }
    }

    /// Nil where the file is not there.
    private func open(_ path: FilePath) throws -> FileDescriptor? {
        do {
            let image = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            // For the order in which they are removed.
            try? HostFiles.touch(path)
            return image
        } catch Errno.noSuchFileOrDirectory { return nil }
    }

    private func makeBundle(_ tree: FilePath, _ target: FilePath) async throws {
        try await make(tree, target, owner: .one(WorkerUser.standard.user))
        let file = try FileDescriptor.open(target, .writeOnly, options: .closeOnExec)
        defer { try? file.close() }
        try file.resize(to: Self.bundleLength.bytes)
    }

    private var staging: FilePath { folder.appending("staging") }

    /// Times are kept: compiled Python files are compared with those of their sources.
    private func make(_ source: FilePath, _ target: FilePath, owner: BaseOwner) async throws {
        let null = try HostDescriptors.null()
        defer { try? null.close() }
        let complaints = try HostDescriptors.pipe()
        defer { try? complaints.reading.close() }
        defer { try? complaints.writing.close() }
        complaints.reading.setNonblocking()
        var words = [
            source.string, target.string, "-comp", "lz4", "-noappend", "-no-progress", "-quiet", "-no-xattrs",
        ]
        if case .one(let user) = owner { words += ["-force-uid", String(user), "-force-gid", String(user)] }
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
