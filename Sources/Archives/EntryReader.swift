// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// Reads the entries of an archive whose bytes come in pieces and gives them to a sink.
protocol EntryReader<Output> {
    associatedtype Output: Sendable

    /// Takes the next bytes, cut anywhere; they are not needed after the call.
    ///
    /// - Throws: `ArchiveError`; the reader is of no use afterwards.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError)

    /// Ends the archive, which must have been whole, and the work of the sink.
    mutating func finish() throws(ArchiveError) -> Output
}

/// How an archive is packed.
package enum ArchiveFormat: Sendable, Hashable {
    case tarGzip
    case zip

    /// The format of archives with the executable for a target.
    package init(for target: TargetTriple) { self = target.usesZip ? .zip : .tarGzip }
}
