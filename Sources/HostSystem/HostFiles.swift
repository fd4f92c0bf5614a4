// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import CHostSystem
package import SystemPackage
package import WorkerModel

/// The one door to files and folders, but for the extraction of archives.
package enum HostFiles {
    /// What a path names, without following a link at its end.
    package enum Kind: Hashable, Sendable {
        case file
        case directory
        case symbolicLink
        case other

        package init(_ status: stat) {
            switch status.st_mode & mode_t(S_IFMT) {
            case mode_t(S_IFREG): self = .file
            case mode_t(S_IFDIR): self = .directory
            case mode_t(S_IFLNK): self = .symbolicLink
            default: self = .other
            }
        }
    }

    /// The kind of what is there, nil where there is nothing.
    package static func kind(of path: FilePath) throws(HostError) -> Kind? {
        try status(of: path).map { Kind($0) }
    }

    /// The permission bits of a path.
    package static func mode(of path: FilePath) throws(HostError) -> UInt16? {
        try status(of: path).map { UInt16($0.st_mode & 0o7777) }
    }

    /// The size of a file in bytes.
    package static func size(of path: FilePath) throws(HostError) -> ByteCount? {
        try status(of: path).map { ByteCount($0.st_size) }
    }

    /// What tells a file from another one at the same path, nil where there is none or it cannot be seen.
    package static func identity(of path: FilePath) -> UInt64? {
        guard let status = try? status(of: path) else { return nil }
        return UInt64(status.st_ino)
    }

    /// What changes where a file is replaced or written: its number, size and time, in a text; nil where there is none.
    package static func fingerprint(of path: FilePath) throws(HostError) -> String? {
        guard var status = try status(of: canonicalIfThere(path)) else { return nil }
        return "\(status.st_ino) \(status.st_size) \(iii_modified_nanoseconds(&status))"
    }

    /// When a file was last written, in nanoseconds since 1970.
    package static func modificationTime(of path: FilePath) throws(HostError) -> Int64? {
        guard var status = try status(of: path) else { return nil }
        return iii_modified_nanoseconds(&status)
    }

    /// Sets the time at which a file was last written to now.
    package static func touch(_ path: FilePath) throws(HostError) {
        if path.withPlatformString({ utimensat(AT_FDCWD, $0, nil, 0) }) != 0 { throw HostError(.write, path, .current) }
    }

    private static func status(of path: FilePath) throws(HostError) -> stat? {
        var status = stat()
        let result = path.withPlatformString { lstat($0, &status) }
        if result == 0 { return status }
        let failure = Errno.current
        if failure == .noSuchFileOrDirectory || failure == .notDirectory { return nil }
        throw HostError(.read, path, failure)
    }

    package static func currentDirectory() throws(HostError) -> FilePath {
        // Safety: with a nil buffer getcwd allocates what it returns, freed here.
        guard let text = getcwd(nil, 0) else { throw HostError(.read, ".", .current) }
        defer { free(text) }
        return FilePath(platformString: text)
    }

    /// The path with every symbolic link resolved.
    ///
    /// - Throws: `HostError` where a part does not exist.
    package static func canonical(_ path: FilePath) throws(HostError) -> FilePath {
        // Safety: with a nil buffer realpath allocates what it returns, freed here.
        guard let text = path.withPlatformString({ realpath($0, nil) }) else { throw HostError(.read, path, .current) }
        defer { free(text) }
        return FilePath(platformString: text)
    }

    /// An entry of a folder.
    package struct Place: Hashable, Sendable {
        package let folder: FilePath
        package let name: String
    }

    /// The entries that decide which file an absolute path names: each symbolic link on the way, and the file in the end.
    ///
    /// Links that go in circles are followed no further than the system does.
    package static func places(of path: FilePath) -> [Place] {
        var places: [Place] = []
        var done = FilePath("/")
        var open = Array(path.components.reversed())
        var links = 0
        while let component = open.popLast() {
            if component.kind == .parentDirectory {
                done.removeLastComponent()
                continue
            }
            if component.kind == .currentDirectory { continue }
            let next = done.appending(component)
            guard links < 40, let target = (try? target(ofLink: next)) ?? nil else {
                if open.isEmpty { places.append(Place(folder: done, name: component.string)) }
                done = next
                continue
            }
            links += 1
            places.append(Place(folder: done, name: component.string))
            if target.isAbsolute { done = "/" }
            open += target.components.reversed()
        }
        return places
    }

    /// The path with every symbolic link resolved, or the path itself where there is nothing.
    package static func canonicalIfThere(_ path: FilePath) -> FilePath { (try? canonical(path)) ?? path }

    /// Makes a folder and those above it that are missing; what is there already keeps its mode.
    package static func makeDirectory(_ path: FilePath, mode: UInt16 = 0o755) throws(HostError) {
        if path.withPlatformString({ mkdir($0, mode_t(mode)) }) == 0 { return }
        switch Errno.current {
        case .fileExists:
            // A link to a folder is as good as a folder.
            var status = stat()
            let isDirectory =
                path.withPlatformString { stat($0, &status) } == 0
                && status.st_mode & mode_t(S_IFMT) == mode_t(S_IFDIR)
            if !isDirectory { throw HostError(.create, path, .notDirectory) }
        case .noSuchFileOrDirectory:
            let parent = path.removingLastComponent()
            guard parent != path, !parent.isEmpty else { throw HostError(.create, path, .noSuchFileOrDirectory) }
            try makeDirectory(parent, mode: mode)
            // Once only: there are file systems that have the parent and still answer that it is not there.
            let result = path.withPlatformString { mkdir($0, mode_t(mode)) }
            if result != 0, Errno.current != .fileExists { throw HostError(.create, path, .current) }
        case let failure: throw HostError(.create, path, failure)
        }
    }

    /// The names in a folder, sorted by their bytes; empty where the folder does not exist.
    package static func entries(of path: FilePath) throws(HostError) -> [String] {
        // Safety: the stream is closed on every way out; each entry is copied before the next is read.
        guard let stream = path.withPlatformString({ opendir($0) }) else {
            if Errno.current == .noSuchFileOrDirectory { return [] }
            throw HostError(.list, path, .current)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            iii_clear_errno()
            guard let entry = readdir(stream) else { break }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        if iii_errno() != 0 { throw HostError(.list, path, .current) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Renames, replacing a file, a link or an empty folder at `target`.
    package static func rename(_ source: FilePath, to target: FilePath) throws(HostError) {
        let result = source.withPlatformString { from in
            target.withPlatformString { to in CHostSystem.rename(from, to) }
        }
        if result != 0 { throw HostError(.rename, target, .current) }
    }

    /// Sets the permission bits of a file or folder.
    package static func setMode(_ mode: UInt16, of path: FilePath) throws(HostError) {
        if path.withPlatformString({ chmod($0, mode_t(mode)) }) != 0 { throw HostError(.changeMode, path, .current) }
    }

    /// Makes what was done to the names in a folder outlast a power failure.
    package static func syncDirectory(_ path: FilePath) throws(HostError) {
        let descriptor = try open(path, .readOnly, options: [.directory, .closeOnExec], as: .sync)
        defer { try? descriptor.close() }
        if fsync(descriptor.rawValue) != 0 { throw HostError(.sync, path, .current) }
    }

    /// What a file, or a folder with all below it, takes on its disk: nothing where there is none.
    ///
    /// It may be read while somebody else writes there. Nil where it cannot be told.
    package static func allocatedSize(of path: FilePath) -> ByteCount? {
        let bytes = path.withPlatformString { iii_allocated_size($0) }
        return bytes < 0 ? nil : ByteCount(bytes)
    }

    /// The sizes of all files below a path together; links count nothing.
    package static func totalSize(of path: FilePath) throws(HostError) -> ByteCount {
        switch try kind(of: path) {
        case .file: return try size(of: path) ?? .zero
        case .directory:
            var total = ByteCount.zero
            for name in try entries(of: path) { total = total + (try totalSize(of: path.appending(name))) }
            return total
        default: return .zero
        }
    }

    static func open(
        _ path: FilePath,
        _ access: FileDescriptor.AccessMode,
        options: FileDescriptor.OpenOptions = [.closeOnExec],
        permissions: FilePermissions? = nil,
        as operation: HostError.Operation
    ) throws(HostError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(path, access, options: options, permissions: permissions)
        } catch { throw HostError(operation, path, error as? Errno ?? .ioError) }
    }
}

extension Errno {
    /// What the last failed call of this thread left behind.
    static var current: Errno { Errno(rawValue: iii_errno()) }
}
