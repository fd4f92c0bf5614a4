// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import SystemPackage

extension HostFiles {
    /// An address of a Unix socket has room for 108 bytes on Linux and for 104 elsewhere, its last zero among them.
    private static let longestSocketPath = 103

    /// Runs `body` with a path of a Unix socket that fits into its address, however long the socket's own path is.
    ///
    /// A path that is too long leads through its folder, which is open meanwhile; the folder has to be there.
    ///
    /// - Throws: `HostError` for a folder that cannot be opened; what `body` throws.
    package static func withSocketPath<Result>(
        _ path: FilePath,
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        guard path.string.utf8.count > longestSocketPath, let name = path.lastComponent else {
            return try await body(path.string)
        }
        let folder: FileDescriptor
        do {
            folder = try FileDescriptor.open(
                path.removingLastComponent(),
                .readOnly,
                options: [.directory, .closeOnExec]
            )
        } catch let errno as Errno { throw HostError(.read, path.removingLastComponent(), errno) }
        defer { try? folder.close() }
        return try await body("/proc/self/fd/\(folder.rawValue)/\(name)")
    }
}
