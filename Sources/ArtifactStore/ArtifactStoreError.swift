// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import SystemPackage
package import WorkerModel

/// Why an artifact was not installed, verified or linked.
package enum ArtifactStoreError: CodedError, Sendable {
    /// The bytes that came are not the ones that were named. Nothing of them is kept. W142.
    case digestMismatch(expected: Digest, actual: Digest, size: ByteCount)
    /// Nothing with this digest is in the store. W112.
    case notStored(Digest)
    /// The list of what was installed is gone or cannot be read. W152.
    case listingUnreadable(FilePath, reason: String)
    /// Where a link belongs there is a file or folder of somebody else. W111.
    case occupied(FilePath)

    package var code: ErrorCode {
        switch self {
        case .digestMismatch: .download
        case .notStored: .notInstalled
        case .listingUnreadable: .installedContentChanged
        case .occupied: .alreadyExists
        }
    }

    package var message: String {
        switch self {
        case .digestMismatch(let expected, let actual, let size):
            "the archive has the SHA-256 digest \(actual) (\(size)), not \(expected)"
        case .notStored(let digest): "nothing with the digest \(digest) is installed"
        case .listingUnreadable(let path, let reason): "cannot read the listing `\(path.string.printable)`: \(reason)"
        case .occupied(let path): "`\(path.string.printable)` is in the way: it is no link that was made here"
        }
    }

    package var hints: [String] {
        switch self {
        case .digestMismatch:
            ["the server gave other bytes than the registry promises; nothing was kept, try again later"]
        case .notStored, .listingUnreadable: ["run `iii worker sync` to install it again"]
        case .occupied(let path): ["move `\(path.string)` away, then run the command again"]
        }
    }

    package var details: [(key: String, value: String)] {
        switch self {
        case .digestMismatch(let expected, let actual, _):
            [("expected", expected.description), ("actual", actual.description)]
        case .notStored(let digest): [("digest", digest.description)]
        case .listingUnreadable(let path, _), .occupied(let path): [("path", path.string)]
        }
    }
}
