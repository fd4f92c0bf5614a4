// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import HostSystem
package import WorkerModel

/// Why an archive was not read, extracted or written.
package enum ArchiveError: CodedError, Sendable {
    /// The archive breaks a rule; `entry` is the path as the archive spells it, where the rule is about one entry. W181.
    case refused(ArchiveFault, entry: String?)
    /// More compressed bytes than the limit. W142.
    case tooLarge(limit: ByteCount)
    /// Not the one executable that a binary archive must hold. W185.
    case executable(ExecutableFault, name: String)
    /// What was to be packed cannot be. W190.
    case packing(PackingFault, path: String)
    /// The operating system refused something. W122, W123.
    case host(HostError)
    /// No memory for a compression library. W900.
    case outOfMemory
    /// The library for zstd is not on this machine. W141.
    case noZstd

    static func refused(_ fault: ArchiveFault) -> ArchiveError { .refused(fault, entry: nil) }
}

/// A rule that an archive breaks.
package enum ArchiveFault: Sendable, Hashable {
    case gzip(GzipFault)
    case tar(TarFault)
    case zip(ZipFault)
    case path(PathFault)
    /// An entry that is neither file nor folder.
    case kind(EntryKindFault)
    /// What only layers of images can have wrong.
    case layer(LayerFault)
    /// More than a limit allows.
    case limit(LimitedQuantity, limit: Int64)
}

/// What is wrong with the gzip wrapper or the deflate stream in it.
package enum GzipFault: Sendable, Hashable {
    case notGzip
    case reservedFlags
    case headerField(String)
    case headerTooLong
    case headerChecksum
    case brokenStream
    case truncated
    case checksum
    case length
    case severalMembers
    case bytesAfterEnd
}

/// What is wrong with the tar format.
package enum TarFault: Sendable, Hashable {
    case truncated
    case loneZeroBlock
    case bytesAfterEnd
    case tooMuchPadding
    case headerChecksum
    case unknownFormat
    case hiddenBytes
    case number(field: String)
    case sizeOfFolder
    case trailingSlash
    case extendedHeader
    case extendedHeaderTooLong
    case extendedRecord(key: String)
    case disagreement(field: String)
    case severalExtendedHeaders
    case extendedHeaderWithoutEntry
}

/// What is wrong with the zip format.
package enum ZipFault: Sendable, Hashable {
    case notZip
    case truncated
    case unsupported(feature: String)
    case extraField
    case sizeOfFolder
    case disagreement(field: String)
    case bytesBetween
    case bytesAfterEnd
    case brokenStream
    case checksum
    case length
}

/// What is wrong with the path of an entry.
package enum PathFault: Sendable, Hashable {
    case empty
    case nul
    case notUTF8
    case tooLong
    case componentTooLong
    case absolute
    case drive
    case climbs
    case emptyComponent
    case dotComponent
    case backslash
    case controlCharacter
    case tooManyMarks
    case deviceName
    case trailingDotOrBlank
    case repeated
    case differsOnlyInCase(from: String)
    case fileIsFolder
}

/// Kinds of entries that no worker needs.
package enum EntryKindFault: Sendable, Hashable {
    case hardLink
    case symbolicLink
    case characterDevice
    case blockDevice
    case fifo
    case socket
    case sparse
    case contiguous
    case other(UInt8)
}

/// What is counted against a limit.
package enum LimitedQuantity: Sendable, Hashable {
    case unpacked
    case file
    case entries
    case depth
}

/// Why no executable came out of the archive of a binary worker.
package enum ExecutableFault: Sendable, Hashable {
    /// No regular file of that name; `seen` are names of what was there, at most 16.
    case missing(seen: [String])
    case ambiguous(first: String, second: String)
    case notRegular(entry: String)
    case empty(entry: String)
}

/// Why a file cannot be packed.
package enum PackingFault: Sendable, Hashable {
    /// Its path or size breaks a rule that every reader holds it to.
    case rule(ArchiveFault)
    case notRegular
    case changed
    case tooLarge
    case time
}
