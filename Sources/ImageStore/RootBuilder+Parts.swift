// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Archives
import CHostSystem
import HostSystem
import SystemPackage
import WorkerModel

/// What an entry of a layer says about lower layers by its name (OCI image specification, layers).
enum Whiteout: Hashable {
    /// This name is gone.
    case name(ArraySlice<UInt8>)
    /// All that lower layers have in the folder is gone.
    case contents
    /// Left over from a file system of old.
    case ignored

    private static let prefix = Array(".wh.".utf8)
    private static let mark = Array(".wh..wh.".utf8)

    /// Reads the name of an entry; nil for the name of a file.
    ///
    /// - Throws: `LayerFault.whiteoutName` where what follows the prefix is not one plain name.
    init?(_ name: ArraySlice<UInt8>) throws(LayerFault) {
        guard name.starts(with: Self.prefix) else { return nil }
        if name.elementsEqual(".wh..wh..opq".utf8) {
            self = .contents
        } else if name.starts(with: Self.mark) {
            self = .ignored
        } else {
            let rest = name.dropFirst(Self.prefix.count)
            if rest.isEmpty || rest.elementsEqual(".".utf8) || rest.elementsEqual("..".utf8) { throw .whiteoutName }
            self = .name(rest)
        }
    }

    /// Whether a folder is such a left-over, with all that is in it.
    static func isMark(of folder: ArraySlice<UInt8>) -> Bool {
        folder.split(separator: slash).contains { $0.starts(with: prefix) }
    }
}

/// The paths that a layer has made: its whiteouts leave them alone, wherever they stand.
struct UpperPaths {
    private(set) var isLowest = true
    private var paths: Set<[UInt8]> = []

    mutating func insert(_ place: RootFolder.Place, _ name: ArraySlice<UInt8>) {
        // Nothing is lower than the lowest layer.
        guard !isLowest else { return }
        paths.insert(place.path(of: name))
        var folder: RootFolder.Place? = place
        while let next = folder, paths.insert(next.path).inserted { folder = next.parent }
    }

    func contains(_ path: [UInt8]) -> Bool { paths.contains(path) }

    mutating func endLayer() {
        isLowest = false
        paths.removeAll(keepingCapacity: true)
    }
}

/// What is to become of folders once nothing is put into them any more.
struct FolderMetadata {
    private struct Metadata {
        var mode: mode_t
        var user: UInt32
        var group: UInt32
        var times: [timespec]
        var attributes: [LayerEntry.Attribute]
    }

    private var folders: [[UInt8]: Metadata] = [:]

    mutating func set(_ entry: LayerEntry, at path: [UInt8]) {
        // Setgid of a folder gives nobody more than he has: it says whom new files belong to.
        folders[path] = Metadata(
            mode: mode_t(entry.mode & 0o3777),
            user: entry.user,
            group: entry.group,
            times: entry.times,
            attributes: entry.attributes
        )
    }

    /// A folder that no layer tells of.
    mutating func setUsual(at path: [UInt8]) {
        folders[path] = Metadata(mode: 0o755, user: 0, group: 0, times: [], attributes: [])
    }

    mutating func remove(at path: [UInt8]) { folders[path] = nil }

    func apply(in root: RootFolder, isPrivileged: Bool) throws(HostError) {
        // Inner ones first: the modes of outer ones may keep us out.
        for path in folders.keys.sorted(by: { $1.lexicographicallyPrecedes($0) }) {
            guard let metadata = folders[path] else { continue }
            let place: RootFolder.Place
            do throws(RootFolder.Failure) { place = try root.folder(at: path, makes: false) } catch {
                throw error.hostError(root.shown(path))
            }
            let shown = root.shown(path)
            if isPrivileged, fchown(place.descriptor, metadata.user, metadata.group) != 0 {
                throw HostError(.changeMode, shown, .current)
            }
            var ignored = LeftOut()
            try ignored.set(metadata.attributes, of: place.descriptor, shown, isPrivileged: isPrivileged)
            if fchmod(place.descriptor, metadata.mode) != 0 { throw HostError(.changeMode, shown, .current) }
            if !metadata.times.isEmpty, futimens(place.descriptor, metadata.times) != 0 {
                throw HostError(.changeMode, shown, .current)
            }
        }
    }
}

/// A file that is being written.
struct NewFile {
    let descriptor: Int32
    let entry: LayerEntry
    let path: FilePath
    private var written: Int64 = 0

    init(descriptor: Int32, entry: LayerEntry, path: FilePath) {
        self.descriptor = descriptor
        self.entry = entry
        self.path = path
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(HostError) {
        var rest = bytes
        var place = offset
        while !rest.isEmpty {
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(place))
            if count < 0 {
                if Errno.current == .interrupted { continue }
                throw HostError(.write, path, .current)
            }
            place += Int64(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        written = place
    }

    /// Gives it what its entry says, and closes it.
    func finish(isPrivileged: Bool, _ leftOut: inout LeftOut) throws(HostError) {
        defer { close(descriptor) }
        // A hole at the end.
        if written < entry.size.bytes, ftruncate(descriptor, off_t(entry.size.bytes)) != 0 {
            throw HostError(.write, path, .current)
        }
        if isPrivileged, fchown(descriptor, entry.user, entry.group) != 0 {
            throw HostError(.changeMode, path, .current)
        }
        try leftOut.set(entry.attributes, of: descriptor, path, isPrivileged: isPrivileged)
        if entry.mode & 0o6000 != 0 { leftOut.setuid += 1 }
        if fchmod(descriptor, mode_t(entry.mode & 0o1777)) != 0 { throw HostError(.changeMode, path, .current) }
        if futimens(descriptor, entry.times) != 0 { throw HostError(.changeMode, path, .current) }
    }
}

/// What of an image is not restored.
struct LeftOut {
    private var specials: Set<[UInt8]> = []
    var setuid = 0
    private var attributes = 0

    mutating func add(special path: [UInt8], _ kind: EntryKindFault) { specials.insert(path) }
    func has(special path: [UInt8]) -> Bool { specials.contains(path) }

    /// Gives a file those of its attributes that mean something here.
    mutating func set(
        _ list: [LayerEntry.Attribute],
        of descriptor: Int32,
        _ path: FilePath,
        isPrivileged: Bool
    ) throws(HostError) {
        for attribute in list {
            let isOurs = attribute.name.hasPrefix("user.")
            guard isOurs || attribute.name == "security.capability" else { continue }
            let result = attribute.value.withUnsafeBytes {
                iii_set_attribute(descriptor, attribute.name, $0.baseAddress, $0.count)
            }
            if result == 0 { continue }
            switch Errno.current {
            // A file system that knows none, or a capability that only root may give.
            case .notSupported, .notPermitted, .invalidArgument: attributes += 1
            case let failure: throw HostError(.changeMode, path, failure)
            }
        }
    }

    /// In words, for the user.
    var notes: [String] {
        var notes: [String] = []
        if !specials.isEmpty {
            let names = specials.map { "/" + String(decoding: $0, as: UTF8.self) }.sorted()
            let more = names.count > 3 ? " and \(names.count - 3) more" : ""
            notes.append("devices and pipes were left out: \(names.prefix(3).joined(separator: ", "))\(more)")
        }
        if setuid > 0 { notes.append("setuid and setgid were taken from \(setuid) file\(setuid == 1 ? "" : "s")") }
        if attributes > 0 {
            notes.append("\(attributes) extended attribute\(attributes == 1 ? "" : "s") cannot be kept here")
        }
        return notes
    }
}

extension LayerEntry {
    /// Last access and last change, as the system takes them.
    var times: [timespec] {
        let time = timespec(tv_sec: Int(modified.seconds), tv_nsec: Int(modified.nanoseconds))
        return [time, time]
    }
}

extension RootFolder.Failure {
    func refusal(of entry: LayerEntry) -> ArchiveError {
        let path = entry.shownPath
        switch self {
        case .tooManyLinks: return .refused(.layer(.tooManyLinks), entry: path)
        case .notAFolder, .missing: return .refused(.layer(.throughFile), entry: path)
        case .tooDeep: return .refused(.layer(.tooDeep), entry: path)
        case .host(let error): return .host(error)
        }
    }

    func hostError(_ path: FilePath) -> HostError {
        switch self {
        case .host(let error): error
        case .missing: HostError(.read, path, .noSuchFileOrDirectory)
        case .notAFolder: HostError(.read, path, .notDirectory)
        case .tooManyLinks, .tooDeep: HostError(.read, path, .tooManySymbolicLinkLevels)
        }
    }
}
