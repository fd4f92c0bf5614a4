// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// One entry of a layer of an image, as the archive has it.
package struct LayerEntry: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case file
        case directory
        case symbolicLink
        /// Another name of a file, `target` being a path from the root.
        case hardLink
        /// What no image needs, and is not made: a device, a named pipe, a socket.
        case special(EntryKindFault)
    }

    package var kind: Kind
    /// Bytes that may be no UTF-8: parts joined by `/`, none of them empty, `.` or `..`; no parts for the root.
    package var path: [UInt8]
    /// What a link says; empty for everything else.
    package var target: [UInt8] = []
    /// Bytes of a file, the holes of a sparse one too; zero for everything else.
    package var size = ByteCount.zero
    /// Permission bits, with setuid, setgid and the sticky bit.
    package var mode: UInt16
    package var user: UInt32
    package var group: UInt32
    package var modified: Time
    /// Extended attributes, by name.
    package var attributes: [Attribute] = []

    /// Since 1970.
    package struct Time: Sendable, Hashable {
        package var seconds: Int64
        package var nanoseconds: Int32

        package init(seconds: Int64, nanoseconds: Int32 = 0) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }
    }

    package struct Attribute: Sendable, Hashable {
        package var name: String
        package var value: [UInt8]
    }

    /// The path for messages.
    package var shownPath: String { String(decoding: path, as: UTF8.self) }
}

/// What is done with the entries of layers, in their order.
///
/// For each file `begin` is followed by `write` for each piece of it that is no hole, at rising places, and by `end`. The
/// bytes given to `write` are valid during the call only. `endLayer` is called after each layer that was in order, `finish`
/// after the last; a sink that is dropped without it abandons its work.
package protocol LayerSink: SendableMetatype {
    associatedtype Output: Sendable

    mutating func begin(_ entry: LayerEntry) throws(ArchiveError)
    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ArchiveError)
    mutating func end() throws(ArchiveError)
    mutating func endLayer() throws(ArchiveError)
    mutating func finish() throws(ArchiveError) -> Output
}

/// The most that the layers of an image may hold.
package struct LayerLimits: Sendable, Hashable {
    /// Entries of all layers together.
    package var entries = 1_000_000
    /// The sizes of all files of all layers together, and of each layer's archive.
    package var unpacked = ByteCount.gibibytes(8)
    /// How many times its compressed size a layer may grow to.
    package var ratio: Int64 = 200
    /// What a layer may grow to in any case: a few zeros compress without end.
    package var ratioFloor = ByteCount.mebibytes(16)
    /// Bytes of a path.
    package var path = 4096

    package init() {}
}

/// How the archive of a layer is packed.
package enum LayerCompression: String, Sendable, Hashable, CaseIterable {
    case none
    case gzip
    case zstd
}
