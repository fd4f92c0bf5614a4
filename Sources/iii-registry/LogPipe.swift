// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import HostSystem
import SystemPackage

/// Writes to standard error as long as that takes bytes at once: a log that nobody reads must not stop the server.
enum LogPipe {
    /// Of a pipe that can be written to at all, this much is taken without waiting.
    private static let piece = 4096

    private static let mayBlock = StandardStreams.errorsMayBlock

    /// - Returns: how many bytes were taken; all of them where nobody reads any more.
    static func write(_ bytes: [UInt8]) -> Int {
        var taken = 0
        while taken < bytes.count {
            if mayBlock, !StandardStreams.errorsAreTaken { return taken }
            let end = mayBlock ? min(bytes.count, taken + piece) : bytes.count
            do {
                taken += try bytes[taken..<end].withUnsafeBytes { try FileDescriptor.standardError.write($0) }
            } catch Errno.wouldBlock {
                return taken
            } catch {
                // There is nobody to tell.
                return bytes.count
            }
        }
        return taken
    }
}
