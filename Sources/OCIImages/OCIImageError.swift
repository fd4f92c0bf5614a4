// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import ImageDocuments
package import WorkerModel

/// Why an image cannot be had; W141.
package enum OCIImageError: CodedError {
    /// The registry has no such image, or shows it to nobody who is unknown to it.
    case notFound(ImageReference)
    case unauthorized(ImageReference, host: String)
    case refused(ImageReference, status: Int)
    case unreadable(ImageReference, reason: String)
    /// The bytes are not those that the digest names.
    case digestMismatch(ImageReference, expected: String, actual: String)
    case unsupportedPlatform(ImageReference, host: ImagePlatform, available: [ImagePlatform])
    case unsupportedDigest(ImageReference)
    /// What the server asks for cannot be given to it safely.
    case unsafeRealm(ImageReference, realm: String)
    case credentialsUnreadable(path: String, reason: String)

    package var code: ErrorCode { .imagePull }

    package var message: String {
        switch self {
        case .notFound(let reference): "there is no image `\(reference)`"
        case .unauthorized(let reference, let host): "`\(host)` does not let us read `\(reference)`"
        case .refused(let reference, let status): "cannot pull `\(reference)`: the server answered \(status)"
        case .unreadable(let reference, let reason):
            "cannot pull `\(reference)`: its manifest cannot be read: \(PrintableText(reason, limit: 300))"
        case .digestMismatch(let reference, let expected, let actual):
            "cannot pull `\(reference)`: its manifest has the digest \(actual), not \(expected)"
        case .unsupportedPlatform(let reference, let host, let available):
            "`\(reference)` has no image for \(host.shortDescription); it has "
                + (available.isEmpty
                    ? "none for a named platform" : available.map(\.shortDescription).joined(separator: ", "))
        case .unsupportedDigest(let reference): "`\(reference)` names a digest of another kind than sha256"
        case .unsafeRealm(let reference, let realm):
            "cannot pull `\(reference)`: it asks for a token at `\(PrintableText(realm, limit: 200))`, which is not https"
        case .credentialsUnreadable(let path, let reason):
            "cannot read `\(path)`: \(PrintableText(reason, limit: 300))"
        }
    }

    package var hints: [String] {
        switch self {
        case .notFound: ["check host, path and tag; a private image looks the same to those who are not logged in"]
        case .unauthorized(_, let host): ["log in with `docker login \(host)`; its file is read"]
        case .unsupportedPlatform: ["ask its author for an image of your platform"]
        default: []
        }
    }
}
