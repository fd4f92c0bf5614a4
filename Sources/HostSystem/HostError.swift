// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import SystemPackage

/// A call to the operating system that failed.
///
/// W122, W123 for a full disk, W121 for locks.
package struct HostError: CodedError {
    /// What was being done, as it reads in "cannot … PATH".
    package enum Operation: String, Hashable, Sendable {
        case read
        case write
        case create
        case list
        case remove
        case rename
        case link
        case lock
        case sync
        case start
        case watch
        case changeMode = "change the mode of"
    }

    package let operation: Operation
    package let path: FilePath
    package let errno: Errno

    package init(_ operation: Operation, _ path: FilePath, _ errno: Errno) {
        self.operation = operation
        self.path = path
        self.errno = errno
    }

    package var code: ErrorCode {
        switch (operation, errno) {
        case (_, .noSpace), (_, .diskQuotaExceeded): .storageFull
        case (.lock, _): .lockIO
        default: .storageIO
        }
    }

    /// Whether what was to be read is a folder, a pipe, a socket or a device in the place of a file.
    package var isAboutKind: Bool { operation == .read && (errno == .isDirectory || errno == .illegalSeek) }

    package var message: String {
        let reason =
            switch errno {
            case .isDirectory where isAboutKind: "it is a folder, not a file"
            case .illegalSeek where isAboutKind: "it is a pipe, a socket or a device, not a file"
            default: errno.description.lowercased()
            }
        return "cannot \(operation.rawValue) `\(path.string.printable)`: \(reason)"
    }

    package var hints: [String] {
        switch errno {
        case .noSpace, .diskQuotaExceeded:
            ["free some space on the disk that holds `\(path.string)`, then run the command again"]
        case .permissionDenied, .notPermitted: ["check who owns `\(path.string)` and its permissions"]
        case _ where isAboutKind: ["put a file in the place of `\(path.string.printable)`, or remove it"]
        case .readOnlyFileSystem: ["the file system is read-only: use another folder"]
        default: []
        }
    }

    package var details: [(key: String, value: String)] { [("path", path.string), ("errno", String(errno.rawValue))] }
}

extension Errno: PlainlyWorded {
    package var plainWords: String { description.lowercased() }
}

/// A file that is larger than its reader accepts.
///
/// W122.
package struct FileTooLarge: CodedError {
    package let path: FilePath
    package let limit: Int64

    package var code: ErrorCode { .storageIO }
    package var message: String { "`\(path.string.printable)` is larger than \(limit) bytes" }
}
