// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import CHostSystem
import HostSystem
import Sandboxing
import SwiftGlibc
import SystemPackage
import WorkerModel

/// What was made of the layers of an image.
struct BuiltRoot: Sendable {
    let size: ByteCount
    let entries: Int
    let notes: [String]
    let owners: RootOwners
}

/// Makes a root file system of the layers of an image, one laid over the other.
///
/// Effects on disk: everything happens below the root, whatever the paths and links in the layers say. Owners are those of
/// the layers where we are root, ours elsewhere; modes and times are restored, setuid and setgid of files are not. Nothing
/// is synced. What was made before an error stays: the caller throws the folder away.
struct RootBuilder: LayerSink {
    let root: RootFolder
    /// Whether files can be given to others.
    private let isPrivileged = geteuid() == 0
    private var layer = UpperPaths()
    private var folders = FolderMetadata()
    private var leftOut = LeftOut()
    private var file: NewFile?
    private var size = ByteCount.zero
    private var entries = 0
    /// What is neither root's nor as usual.
    private var owners: [[UInt8]: RootOwners.Entry] = [:]

    /// Prepares to build in an empty folder that exists and is no link.
    init(in path: FilePath) throws(ArchiveError) {
        do { root = try RootFolder(path) } catch { throw .host(error) }
    }

    mutating func begin(_ entry: LayerEntry) throws(ArchiveError) {
        do {
            try make(entry)
        } catch let error as RootFolder.Failure {
            throw error.refusal(of: entry)
        } catch let error as LayerFault {
            throw .refused(.layer(error), entry: entry.shownPath)
        } catch {
            throw error as? ArchiveError ?? .host(error as? HostError ?? HostError(.create, root.path, .ioError))
        }
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ArchiveError) {
        do throws(HostError) { try file?.write(bytes, at: offset) } catch { throw .host(error) }
    }

    mutating func end() throws(ArchiveError) {
        guard let done = file.take() else { return }
        do throws(HostError) { try done.finish(isPrivileged: isPrivileged, &leftOut) } catch { throw .host(error) }
    }

    mutating func endLayer() { layer.endLayer() }

    /// Gives the folders their modes, owners and times, which would have been in the way before.
    mutating func finish() throws(ArchiveError) -> BuiltRoot {
        do throws(HostError) { try folders.apply(in: root, isPrivileged: isPrivileged) } catch { throw .host(error) }
        let owners = RootOwners(owners.values)
        return BuiltRoot(size: size, entries: entries, notes: leftOut.notes, owners: owners)
    }

    private mutating func note(_ entry: LayerEntry, _ kind: Int32, at path: [UInt8]) {
        let mode = UInt32(kind) | UInt32(entry.mode) & (kind == S_IFDIR ? 0o3777 : 0o1777)
        owners[path] = RootOwners.Entry(path: path, user: entry.user, group: entry.group, mode: mode)
        // Of most there is nothing to tell.
        if owners[path]?.matters == false { owners[path] = nil }
    }
}

extension RootBuilder {
    private mutating func make(_ entry: LayerEntry) throws {
        entries += 1
        guard !entry.path.isEmpty else {
            guard entry.kind == .directory else { throw LayerFault.root }
            folders.set(entry, at: [])
            return note(entry, S_IFDIR, at: [])
        }
        let start = entry.path.lastIndex(of: slash).map { $0 + 1 } ?? 0
        let (folder, name) = (entry.path[..<start], entry.path[start...])
        if Whiteout.isMark(of: folder) { return }
        if let whiteout = try Whiteout(name) { return try remove(whiteout, in: folder) }
        let place = try self.folder(at: folder)
        layer.insert(place, name)
        switch entry.kind {
        case .directory: try makeFolder(entry, name, in: place)
        case .file:
            let descriptor = try replacing(name, in: place) {
                iii_openat(place.descriptor, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            }
            file = NewFile(descriptor: descriptor, entry: entry, path: root.shown(place.path(of: name)))
            note(entry, S_IFREG, at: place.path(of: name))
            size = size + entry.size
        case .symbolicLink: try makeLink(entry, name, in: place)
        case .hardLink: try makeHardLink(entry, name, in: place)
        case .special(let kind):
            try removeTree(name, in: place)
            leftOut.add(special: place.path(of: name), kind)
        }
    }

    private mutating func folder(at path: some Collection<UInt8>) throws -> RootFolder.Place {
        var made: [RootFolder.Place] = []
        root.onNewFolder = { made.append($0) }
        // What a lower layer has as a file gives way to what this one has below it.
        root.givesWay = { [layer] path in !layer.isLowest && !layer.contains(path) }
        defer {
            root.onNewFolder = { _ in }
            root.givesWay = { _ in false }
        }
        let place = try root.folder(at: path, makes: true)
        for new in made { folders.setUsual(at: new.path) }
        return place
    }

    private func folderIfThere(at path: ArraySlice<UInt8>) throws(RootFolder.Failure) -> RootFolder.Place? {
        do throws(RootFolder.Failure) { return try root.folder(at: path, makes: false) } catch {
            switch error {
            // Another thing may stand where a folder was: there is nothing in it either.
            case .missing, .notAFolder: return nil
            default: throw error
            }
        }
    }

    /// Makes something new, after what has its name was removed.
    private mutating func replacing(
        _ name: ArraySlice<UInt8>,
        in place: RootFolder.Place,
        _ make: (UnsafePointer<CChar>) -> Int32
    ) throws -> Int32 {
        let result = named(name, make)
        if result >= 0 { return result }
        let path = root.shown(place.path(of: name))
        guard Errno.current == .fileExists else { throw HostError(.create, path, .current) }
        try removeTree(name, in: place)
        let second = named(name, make)
        if second < 0 { throw HostError(.create, path, .current) }
        return second
    }

    private mutating func makeFolder(_ entry: LayerEntry, _ name: ArraySlice<UInt8>, in place: RootFolder.Place) throws
    {
        if try kind(of: name, in: place) != .directory {
            _ = try replacing(name, in: place) { mkdirat(place.descriptor, $0, 0o700) }
        }
        folders.set(entry, at: place.path(of: name))
        note(entry, S_IFDIR, at: place.path(of: name))
    }

    private mutating func makeLink(_ entry: LayerEntry, _ name: ArraySlice<UInt8>, in place: RootFolder.Place) throws {
        _ = try replacing(name, in: place) { name in
            named(entry.target) { symlinkat($0, place.descriptor, name) }
        }
        let path = root.shown(place.path(of: name))
        note(entry, S_IFLNK, at: place.path(of: name))
        if isPrivileged {
            let result = named(name) { fchownat(place.descriptor, $0, entry.user, entry.group, AT_SYMLINK_NOFOLLOW) }
            if result != 0 { throw HostError(.changeMode, path, .current) }
        }
        let times = entry.times
        if named(name, { utimensat(place.descriptor, $0, times, AT_SYMLINK_NOFOLLOW) }) != 0 {
            throw HostError(.changeMode, path, .current)
        }
    }

    private mutating func makeHardLink(
        _ entry: LayerEntry,
        _ name: ArraySlice<UInt8>,
        in place: RootFolder.Place
    ) throws {
        let start = entry.target.lastIndex(of: slash).map { $0 + 1 } ?? 0
        let target = entry.target[start...]
        guard !target.isEmpty else { throw LayerFault.linkToFolder }
        guard let source = try folderIfThere(at: entry.target[..<start]) else { throw LayerFault.linkToNothing }
        let sourcePath = source.path(of: target)
        if sourcePath == place.path(of: name) { return }
        guard let kind = try kind(of: target, in: source) else {
            // A second name of what was left out is left out too.
            if leftOut.has(special: sourcePath) { return }
            throw LayerFault.linkToNothing
        }
        if kind == .directory { throw LayerFault.linkToFolder }
        _ = try replacing(name, in: place) { name in
            named(target) { linkat(source.descriptor, $0, place.descriptor, name, 0) }
        }
        let path = place.path(of: name)
        owners[path] = owners[sourcePath].map {
            RootOwners.Entry(path: path, user: $0.user, group: $0.group, mode: $0.mode)
        }
    }
}

extension RootBuilder {
    private mutating func remove(_ whiteout: Whiteout, in folder: ArraySlice<UInt8>) throws {
        // Below the lowest layer there is nothing to remove.
        guard !layer.isLowest else { return }
        guard let place = try folderIfThere(at: folder) else { return }
        switch whiteout {
        case .name(let name): try removeLower(name, in: place)
        case .contents: for name in try root.names(in: place) { try removeLower(name[...], in: place) }
        case .ignored: break
        }
    }

    /// Removes what lower layers have put under a name, and nothing of this layer.
    private mutating func removeLower(_ name: ArraySlice<UInt8>, in place: RootFolder.Place) throws {
        guard layer.contains(place.path(of: name)) else { return try removeTree(name, in: place) }
        guard try kind(of: name, in: place) == .directory else { return }
        let inner = try root.folder(at: place.path(of: name), makes: false)
        for child in try root.names(in: inner) { try removeLower(child[...], in: inner) }
    }

    /// Removes a file, a link, or a folder with all that is in it; nothing there is fine.
    private mutating func removeTree(_ name: ArraySlice<UInt8>, in place: RootFolder.Place) throws {
        guard let kind = try kind(of: name, in: place) else { return }
        owners[place.path(of: name)] = nil
        if kind == .directory {
            let inner = try root.folder(at: place.path(of: name), makes: false)
            for child in try root.names(in: inner) { try removeTree(child[...], in: inner) }
            folders.remove(at: inner.path)
        }
        if kind != .file { root.forget() }
        if named(name, { unlinkat(place.descriptor, $0, kind == .directory ? AT_REMOVEDIR : 0) }) != 0 {
            throw HostError(.remove, root.shown(place.path(of: name)), .current)
        }
    }

    private func kind(of name: ArraySlice<UInt8>, in place: RootFolder.Place) throws(HostError) -> HostFiles.Kind? {
        try root.status(of: name, in: place).map { HostFiles.Kind($0) }
    }
}
