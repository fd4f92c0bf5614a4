// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// One file or folder of an archive that passed every rule.
package struct ArchiveEntry: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case file
        case directory
        /// A link that the limits allow to pass over. It has no contents.
        case skippedLink
    }

    package let path: EntryPath
    package let kind: Kind
    /// Bytes of a file, zero for everything else; nil where the archive tells only after the contents.
    package let size: ByteCount?
    /// Whether its owner may execute it.
    ///
    /// Of the modes in an archive nothing else is kept. A zip file, which tells modes at its end, has none.
    package let isExecutable: Bool

    package init(path: EntryPath, kind: Kind, size: ByteCount?, isExecutable: Bool) {
        self.path = path
        self.kind = kind
        self.size = size
        self.isExecutable = isExecutable
    }
}

/// What is done with the entries of an archive, in the order of the archive.
///
/// `begin` is followed by `write` for each piece of a file's contents, exactly `size` bytes together where that is known,
/// and by `end`.
/// The bytes given to `write` are valid during the call only. `finish` is called once, after everything about the archive
/// was found to be in order; a sink that is dropped without it undoes or abandons its work.
package protocol ArchiveSink: SendableMetatype {
    associatedtype Output: Sendable

    mutating func begin(_ entry: ArchiveEntry) throws(ArchiveError)
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError)
    mutating func end() throws(ArchiveError)
    mutating func finish() throws(ArchiveError) -> Output
}
