// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import CHostSystem
package import SystemPackage
package import WorkerModel

extension Terminal {
    /// Reads one line from a terminal without showing what is typed; nil at its end.
    ///
    /// A cancelled task stops waiting, and the terminal shows again what is typed.
    ///
    /// - Throws: `CancellationError`, `HostError`.
    package static func readSecret(from descriptor: FileDescriptor = .standardInput) async throws -> String? {
        var shown = termios()
        guard tcgetattr(descriptor.rawValue, &shown) == 0 else { throw HostError(.read, "/dev/tty", .current) }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(descriptor.rawValue, TCSAFLUSH, &hidden)
        defer { tcsetattr(descriptor.rawValue, TCSANOW, &shown) }
        return try await readAnswer(from: descriptor)
    }

    /// Reads one line from a terminal; nil at its end.
    ///
    /// Waits in short steps, so that a cancelled task stops waiting.
    ///
    /// - Throws: `CancellationError`, `HostError`.
    package static func readAnswer(from descriptor: FileDescriptor = .standardInput) async throws -> String? {
        while true {
            try Task.checkCancellation()
            var wait = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
            if poll(&wait, 1, 100) > 0 { break }
            await Task.yield()
        }
        // A terminal gives a line at a time.
        return try readLine(from: descriptor, upTo: ByteCount.kibibytes(4))
    }

    /// The first line of what a pipe or file brings, without its end; nil where there is none.
    ///
    /// - Throws: `HostError`.
    package static func readLine(from descriptor: FileDescriptor, upTo limit: ByteCount) throws -> String? {
        var bytes: [UInt8] = []
        while bytes.count < limit.bytes {
            // Safety: read writes at most one byte and returns how many.
            let piece = try [UInt8](unsafeUninitializedCapacity: 1) { buffer, count in
                do { count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer)) } catch {
                    throw HostError(.read, "/dev/stdin", error as? Errno ?? .ioError)
                }
            }
            guard let byte = piece.first else { break }
            if byte == 0x0A { return String(decoding: bytes, as: UTF8.self) }
            if byte != 0x0D { bytes.append(byte) }
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
