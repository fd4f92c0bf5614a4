// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import SystemPackage

/// The bytes of a file, read piece by piece as they are asked for.
package struct FilePieces: AsyncSequence, Sendable {
    private static let size = 1 << 18

    private let path: FilePath

    package init(of path: FilePath) { self.path = path }

    package func makeAsyncIterator() -> Iterator { Iterator(path: path) }

    /// - Throws: `HostError` from `next` where the file cannot be read.
    package struct Iterator: AsyncIteratorProtocol {
        private let path: FilePath
        private var file: OpenFile?

        fileprivate init(path: FilePath) { self.path = path }

        package mutating func next() async throws -> [UInt8]? {
            let open = try file ?? OpenFile(path)
            file = open
            let piece = try HostFiles.piece(of: open.descriptor, path, upTo: FilePieces.size)
            return piece.isEmpty ? nil : piece
        }
    }
}

/// A file that is closed when nobody reads it any more.
private final class OpenFile {
    let descriptor: FileDescriptor

    init(_ path: FilePath) throws { descriptor = try HostFiles.open(path, .readOnly, as: .read) }

    /// A descriptor that cannot be closed is gone all the same.
    deinit { try? descriptor.close() }
}
