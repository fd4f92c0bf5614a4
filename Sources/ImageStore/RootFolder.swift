// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import HostSystem
import SystemPackage
import WorkerModel

/// A folder in which paths are resolved as a container would that has it for `/`.
///
/// Every step is one call from a folder that is open to a name in it, which follows no link; links are read and followed
/// here, so that neither they nor `..` lead out, whatever is put there meanwhile.
final class RootFolder {
    /// A folder below the root, or the root itself, held open.
    final class Place {
        let descriptor: Int32
        /// Where it is, with all links followed: `usr/lib`; empty for the root.
        let path: [UInt8]
        let parent: Place?
        /// How many folders it lies below the root.
        let depth: Int

        init(descriptor: Int32, path: [UInt8], parent: Place?) {
            self.descriptor = descriptor
            self.path = path
            self.parent = parent
            depth = parent.map { $0.depth + 1 } ?? 0
        }

        deinit { close(descriptor) }

        /// The path of something in it.
        func path(of name: some Collection<UInt8>) -> [UInt8] { path.isEmpty ? Array(name) : path + [slash] + name }
    }

    /// Why a path leads nowhere.
    enum Failure: Error {
        /// More links in a row than any system follows.
        case tooManyLinks
        /// What should be a folder is none.
        case notAFolder
        case tooDeep
        case missing
        case host(HostError)
    }

    /// The most folders below one another.
    static let depthLimit = 256
    private static let linkLimit = 40
    static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    /// The most places that are kept open.
    private static let cacheLimit = 16

    /// For messages.
    let path: FilePath
    let root: Place
    private var known: [[UInt8]: Place] = [:]
    /// What is told of each folder that is made on the way.
    var onNewFolder: (Place) -> Void = { _ in }
    /// Whether a file that stands where a folder is to be made gives way to it, by its path.
    var givesWay: ([UInt8]) -> Bool = { _ in false }

    /// Opens an existing folder that is no link at its end.
    init(_ path: FilePath) throws(HostError) {
        let descriptor = path.withPlatformString { iii_openat(AT_FDCWD, $0, Self.flags, 0) }
        if descriptor < 0 { throw HostError(.read, path, .current) }
        self.path = path
        root = Place(descriptor: descriptor, path: [], parent: nil)
    }

    /// The folder at a path, whose parts are joined by `/`; with `makes` what is missing is made, with mode 0700.
    func folder(at path: some Collection<UInt8>, makes: Bool) throws(Failure) -> Place {
        var wanted = Array(path)
        while wanted.last == slash { wanted.removeLast() }
        var (place, rest) = nearest(to: wanted)
        if rest.isEmpty { return place }
        var links = 0
        while let name = rest.popLast() {
            if name.elementsEqual(".".utf8) { continue }
            if name.elementsEqual("..".utf8) {
                place = place.parent ?? place
                continue
            }
            switch try step(to: name, in: place, makes: makes) {
            case .folder(let next):
                place = next
                if place.depth > Self.depthLimit { throw .tooDeep }
            case .link(let target):
                links += 1
                if links > Self.linkLimit { throw .tooManyLinks }
                if target.first == slash { place = root }
                rest += Self.parts(of: target[...])
            }
        }
        if known.count >= Self.cacheLimit { known.removeAll(keepingCapacity: true) }
        known[wanted] = place
        return place
    }

    /// How far a path is known, and the parts that are left of it, the first of them last.
    private func nearest(to path: [UInt8]) -> (Place, [ArraySlice<UInt8>]) {
        var end = path.endIndex
        while end > 0 {
            // What leads through a link is known under the path that does.
            if let place = known[Array(path[..<end])] { return (place, Self.parts(of: path[end...])) }
            end = path[..<end].lastIndex(of: slash) ?? 0
        }
        return (root, Self.parts(of: path[...]))
    }

    /// Has to be called when a folder or a link was removed: paths may lead elsewhere now.
    func forget() { known.removeAll(keepingCapacity: true) }

    /// The parts of a path, the first of them last.
    private static func parts(of path: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        path.split(separator: slash).reversed()
    }

    private enum Step {
        case folder(Place)
        case link([UInt8])
    }

    private func step(to name: ArraySlice<UInt8>, in place: Place, makes: Bool) throws(Failure) -> Step {
        var descriptor = named(name) { iii_openat(place.descriptor, $0, Self.flags, 0) }
        if descriptor < 0, makes, Errno.current == .noSuchFileOrDirectory {
            if let new = try make(name, in: place) { return .folder(new) }
            descriptor = -1
        }
        if descriptor >= 0 {
            return .folder(Place(descriptor: descriptor, path: place.path(of: name), parent: place))
        }
        switch Errno.current {
        case .noSuchFileOrDirectory: throw .missing
        case .notDirectory, .tooManySymbolicLinkLevels:
            if let target = try target(ofLink: name, in: place) { return .link(target) }
            guard makes, givesWay(place.path(of: name)) else { throw .notAFolder }
            if named(name, { unlinkat(place.descriptor, $0, 0) }) != 0 {
                throw .host(HostError(.remove, shown(place.path(of: name)), .current))
            }
            guard let new = try make(name, in: place) else { throw .missing }
            return .folder(new)
        case let failure: throw .host(HostError(.read, shown(place.path(of: name)), failure))
        }
    }

    /// Makes a folder and opens it; nil where it cannot be opened, with the system's reason left for the caller.
    private func make(_ name: ArraySlice<UInt8>, in place: Place) throws(Failure) -> Place? {
        let made = named(name) { mkdirat(place.descriptor, $0, 0o700) }
        if made != 0 { throw .host(HostError(.create, shown(place.path(of: name)), .current)) }
        let descriptor = named(name) { iii_openat(place.descriptor, $0, Self.flags, 0) }
        if descriptor < 0 { return nil }
        let new = Place(descriptor: descriptor, path: place.path(of: name), parent: place)
        onNewFolder(new)
        return new
    }

    /// What a link says; nil for anything else.
    func target(ofLink name: some Collection<UInt8>, in place: Place) throws(Failure) -> [UInt8]? {
        var buffer = [CChar](repeating: 0, count: 4097)
        let count = named(name) { readlinkat(place.descriptor, $0, &buffer, buffer.count) }
        if count >= 0 { return buffer[..<count].map { UInt8(bitPattern: $0) } }
        let failure = Errno.current
        if failure == .invalidArgument { return nil }
        throw .host(HostError(.read, shown(place.path(of: name)), failure))
    }

    /// What lstat(2) tells of a name; nil where there is nothing.
    func status(of name: some Collection<UInt8>, in place: Place) throws(HostError) -> stat? {
        var status = stat()
        if named(name, { fstatat(place.descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 { return status }
        if Errno.current == .noSuchFileOrDirectory { return nil }
        throw HostError(.read, shown(place.path(of: name)), .current)
    }

    /// The names in a folder.
    func names(in place: Place) throws(HostError) -> [[UInt8]] {
        let descriptor = iii_openat(place.descriptor, ".", Self.flags, 0)
        // Safety: the stream is closed on every way out, and with it the descriptor; each name is copied at once.
        guard descriptor >= 0, let stream = fdopendir(descriptor) else {
            throw HostError(.list, shown(place.path), .current)
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        iii_clear_errno()
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) { names.append(name) }
            iii_clear_errno()
        }
        if iii_errno() != 0 { throw HostError(.list, shown(place.path), .current) }
        return names
    }

    /// A path below the root as the host has it, for messages.
    func shown(_ below: some Collection<UInt8>) -> FilePath {
        path.appending(String(decoding: below, as: UTF8.self))
    }
}

extension RootFolder {
    /// The contents of a regular file, links on the way and at its end followed; nil where there is none.
    func read(_ file: [UInt8], upTo limit: ByteCount) throws -> [UInt8]? {
        var path = file
        for _ in 0..<40 {
            let end = path.lastIndex(of: slash).map { $0 + 1 } ?? 0
            let name = path[end...]
            do {
                let place = try folder(at: path[..<end], makes: false)
                let descriptor = named(name) {
                    iii_openat(place.descriptor, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0)
                }
                if descriptor >= 0 { return try HostFiles.read(descriptor, shown(file), upTo: limit) }
                switch Errno.current {
                case .noSuchFileOrDirectory: return nil
                case .tooManySymbolicLinkLevels: break
                case let failure: throw HostError(.read, shown(file), failure)
                }
                guard let target = try target(ofLink: name, in: place) else { return nil }
                path = target.first == slash ? target : place.path + [slash] + target
            } catch {
                switch error as? Failure {
                case .missing, .notAFolder: return nil
                case .host(let error): throw error
                case .tooManyLinks, .tooDeep: throw ImageStoreError.notAFile(shown(file))
                case nil: throw error
                }
            }
        }
        throw ImageStoreError.notAFile(shown(file))
    }
}

/// `/`, which parts the names of a path.
let slash = UInt8(ascii: "/")

/// Gives a name to a system call; a NUL in it ends it.
func named<Result>(_ name: some Collection<UInt8>, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    // Safety: the buffer holds the name and its NUL, and is not used after the call.
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: name.count + 1) { buffer in
        var count = 0
        for byte in name {
            buffer[count] = CChar(bitPattern: byte)
            count += 1
        }
        buffer[count] = 0
        guard let start = buffer.baseAddress else { return "".withCString(body) }
        return body(start)
    }
}

extension Errno {
    /// What the last failed call of this thread left behind.
    static var current: Errno { Errno(rawValue: iii_errno()) }
}
