// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
package import SystemPackage

/// One log of a worker on disk: appended to, and cut into files of a bounded size.
///
/// `stdout.log` is the newest; what was there before is `stdout.log.1`, then `.2`, `.3`; older ones go.
package struct LogFile: Sendable {
    package static let sizeLimit = 8 << 20
    package static let generations = 3

    private let path: FilePath
    private let limit: Int
    private var descriptor: FileDescriptor?
    private var size = 0

    package init(_ path: FilePath, limit: Int = LogFile.sizeLimit) {
        self.path = path
        self.limit = limit
    }

    /// Appends bytes; a full disk or a lost folder loses them, but nothing else.
    package mutating func append(_ bytes: [UInt8]) {
        guard open() != nil else { return }
        if size > 0, size + bytes.count > limit { rotate() }
        guard let descriptor = open(), (try? descriptor.writeAll(bytes)) != nil else { return }
        size += bytes.count
    }

    package mutating func close() {
        try? descriptor?.close()
        descriptor = nil
    }

    private mutating func open() -> FileDescriptor? {
        if let descriptor { return descriptor }
        let opened = try? FileDescriptor.open(
            path,
            .writeOnly,
            options: [.append, .create, .closeOnExec, .noFollow],
            permissions: FilePermissions(rawValue: 0o600)
        )
        size = (try? opened?.seek(offset: 0, from: .end)).flatMap { $0.map { Int($0) } } ?? 0
        descriptor = opened
        return opened
    }

    private mutating func rotate() {
        close()
        for generation in (0..<Self.generations).reversed() {
            let from = generation == 0 ? path : numbered(generation)
            // A generation that is not there has nothing to move.
            try? HostFiles.rename(from, to: numbered(generation + 1))
        }
        size = 0
    }

    private func numbered(_ generation: Int) -> FilePath {
        FilePath("\(path.string).\(generation)")
    }
}
