// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
import Synchronization
package import SystemPackage

/// Tells of changes to files directly in a folder.
package final class FolderWatch: Sendable {
    /// What happened to a file.
    package struct Change: Sendable, Hashable {
        package let name: String
        /// Whether it appeared, or went, in one step, as by a rename: it will not change further by itself.
        package let isWhole: Bool

        package init(name: String, isWhole: Bool) {
            self.name = name
            self.isWhole = isWhole
        }
    }

    /// The changes, in their order; ends with the watch.
    package let changes: AsyncStream<Change>
    /// Closed to end the watch.
    private let isWanted: Mutex<Int32?>

    /// Watches from now on, until `cancel()` or the end of the watch.
    ///
    /// - Throws: `HostError` for a folder that cannot be watched.
    package init(_ folder: FilePath) throws(HostError) {
        let (changes, continuation) = AsyncStream.makeStream(of: Change.self, bufferingPolicy: .bufferingNewest(256))
        self.changes = changes
        var wanted: [Int32] = [-1, -1]
        guard iii_pipe(&wanted) == 0 else { throw HostError(.watch, folder, .current) }
        let (until, end) = (wanted[0], wanted[1])
        isWanted = Mutex(end)
        let descriptor = iii_watch_folder(folder.string)
        #if os(Linux)
        guard descriptor >= 0 else {
            let failure = Errno.current
            close(until)
            throw HostError(.watch, folder, failure)
        }
        #endif
        do {
            try OwnThread.start {
                Self.follow(descriptor, until, continuation)
                close(until)
                if descriptor >= 0 { close(descriptor) }
                continuation.finish()
            }
        } catch {
            close(until)
            if descriptor >= 0 { close(descriptor) }
            throw HostError(.watch, folder, Errno(rawValue: error.errno))
        }
    }

    deinit { cancel() }

    /// Ends the watch.
    ///
    /// Safe to call twice.
    package func cancel() {
        isWanted.withLock { descriptor in
            if let descriptor { close(descriptor) }
            descriptor = nil
        }
    }

    /// Tells changes until the other end of `until` is closed.
    ///
    /// Where the system cannot tell names, everybody looks again four times a second.
    private static func follow(_ descriptor: Int32, _ until: Int32, _ changes: AsyncStream<Change>.Continuation) {
        var waiting = [
            pollfd(fd: until, events: 0, revents: 0), pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let count = poll(&waiting, nfds_t(waiting.count), descriptor < 0 ? 250 : -1)
            if waiting[0].revents != 0 { return }
            #if os(Linux)
            guard count > 0, waiting[1].revents != 0 else { continue }
            var bytes = [UInt8](repeating: 0, count: 1 << 14)
            let length = read(descriptor, &bytes, bytes.count)
            for change in Self.changes(in: bytes.prefix(max(0, length))) { changes.yield(change) }
            #else
            if count == 0 { changes.yield(Change(name: "", isWhole: true)) }
            #endif
        }
    }

    #if os(Linux)
    /// Records of `inotify(7)`: a head of 16 bytes that ends with the length of the name, the name filled up with NUL.
    private static func changes(in bytes: ArraySlice<UInt8>) -> [Change] {
        func word(_ offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) } }
        var changes: [Change] = []
        var offset = bytes.startIndex
        while offset + 16 <= bytes.endIndex {
            let (mask, length) = (word(offset + 4), Int(word(offset + 12)))
            let end = min(offset + 16 + length, bytes.endIndex)
            let name = bytes[(offset + 16)..<end].prefix { $0 != 0 }
            changes.append(
                Change(
                    name: String(decoding: name, as: UTF8.self),
                    isWhole: mask & UInt32(IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE) != 0
                )
            )
            offset = end
        }
        return changes
    }
    #endif
}
