// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import ImageDocuments
package import SystemPackage
package import WorkerModel

/// Why an image cannot be stored, unpacked or read.
package enum ImageStoreError: CodedError {
    /// W141: something of the image is not on this machine.
    case missing(Digest)
    /// W117.
    case unsupportedPlatform(Digest, host: ImagePlatform, available: [ImagePlatform])
    /// W141: a document that says nothing we understand, or contradicts itself.
    case unreadable(Digest, reason: String)
    /// W141: bytes that are not those that their digest names.
    case digestMismatch(what: String, expected: Digest, actual: Digest)
    /// W122: a file of an unpacked image is none, or a way to it does not exist.
    case notAFile(FilePath)

    package var code: ErrorCode {
        switch self {
        case .missing, .unreadable, .digestMismatch: .imagePull
        case .unsupportedPlatform: .platformNotSupported
        case .notAFile: .storageIO
        }
    }

    package var message: String {
        switch self {
        case .missing(let digest): "a part of the image is not on this machine: \(digest)"
        case .unsupportedPlatform(let digest, let host, let available):
            "the image \(digest.abbreviated) has none for \(host.shortDescription); it has "
                + (available.isEmpty
                    ? "none for a named platform" : available.map(\.shortDescription).joined(separator: ", "))
        case .unreadable(let digest, let reason):
            "the image \(digest.abbreviated) cannot be read: \(PrintableText(reason, limit: 300))"
        case .digestMismatch(let what, let expected, let actual):
            "\(what) of the image has the digest \(actual), not \(expected)"
        case .notAFile(let path): "`\(path.string.printable)` of the image is no regular file"
        }
    }

    package var hints: [String] {
        switch self {
        case .missing: ["`iii worker sync` fetches it"]
        case .unsupportedPlatform: ["ask its author for an image of your platform"]
        case .unreadable, .digestMismatch: ["ask its author to push it again"]
        case .notAFile: []
        }
    }
}
