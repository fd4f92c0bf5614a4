// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import ImageDocuments
package import WorkerModel

/// Why an image cannot be had; W141.
package enum OCIImageError: CodedError {
    /// The registry has no such image, or shows it to nobody who is unknown to it.
    case notFound(ImageReference)
    /// With why an account could not be had, where one is kept by another program.
    case unauthorized(ImageReference, host: String, cause: (any Error)?)
    case refused(ImageReference, status: Int)
    case unreadable(ImageReference, reason: String)
    /// The bytes are not those that the digest names.
    case digestMismatch(ImageReference, what: String, expected: Digest, actual: Digest)
    /// A layer that is longer or shorter than its manifest says, or of which another piece came than was asked for.
    case wrongSize(ImageReference, Digest)
    /// The connection broke again and again.
    case keepsBreaking(ImageReference, tries: Int, cause: any Error)
    /// W117.
    case unsupportedPlatform(ImageReference, host: ImagePlatform, available: [ImagePlatform])
    case unsupportedDigest(ImageReference)
    /// The registry does not take what is pushed; with what it says.
    case pushRefused(ImageReference, status: Int, String)
    /// A server that holds no images.
    case noImagesThere(ImageReference)
    /// What the server asks for cannot be given to it safely.
    case unsafeRealm(ImageReference, realm: String)
    case credentialsUnreadable(path: String, reason: String)

    package var code: ErrorCode { if case .unsupportedPlatform = self { .platformNotSupported } else { .imagePull } }

    package var message: String {
        switch self {
        case .notFound(let reference): "there is no image `\(reference)`"
        case .unauthorized(let reference, let host, _): "`\(host)` does not let us read `\(reference)`"
        case .refused(let reference, let status): "cannot pull `\(reference)`: the server answered \(status)"
        case .unreadable(let reference, let reason):
            "cannot pull `\(reference)`: its manifest cannot be read: \(PrintableText(reason, limit: 300))"
        case .digestMismatch(let reference, let what, let expected, let actual):
            "cannot pull `\(reference)`: \(what) has the digest \(actual), not \(expected)"
        case .wrongSize(let reference, let digest):
            "cannot pull `\(reference)`: the layer \(digest.abbreviated) has another size than its manifest says"
        case .keepsBreaking(let reference, let tries, _):
            "cannot pull `\(reference)`: the connection broke, after \(tries) tries"
        case .unsupportedPlatform(let reference, let host, let available):
            "`\(reference)` has no image for \(host.shortDescription); it has "
                + (available.isEmpty
                    ? "none for a named platform" : available.map(\.shortDescription).joined(separator: ", "))
        case .unsupportedDigest(let reference): "`\(reference)` names a digest of another kind than sha256"
        case .pushRefused(let reference, let status, let words):
            "cannot push to `\(reference.canonicalHost)/\(reference.path)`: "
                + (words.isEmpty
                    ? "the server answered \(status)" : "\(PrintableText(words, limit: 300)) (status \(status))")
        case .noImagesThere(let reference): "the registry at `\(reference.canonicalHost)` holds no images"
        case .unsafeRealm(let reference, let realm):
            "cannot pull `\(reference)`: it asks for a token at `\(PrintableText(realm, limit: 200))`, which is not https"
        case .credentialsUnreadable(let path, let reason):
            "cannot read `\(path)`: \(PrintableText(reason, limit: 300))"
        }
    }

    package var hints: [String] {
        switch self {
        case .notFound: ["check host, path and tag; a private image looks the same to those who are not logged in"]
        case .unauthorized(_, let host, nil):
            ["log in with `docker login \(host)` or `iii registry login \(host) --username NAME`"]
        case .digestMismatch, .wrongSize:
            ["nothing of it was kept; try again later, or ask its author to push it again"]
        case .noImagesThere:
            ["push the image to another registry, and publish where it is with `--by-reference`"]
        case .pushRefused(_, 401, _): ["log in there, or use a key that is good for it"]
        case .unsupportedPlatform: ["ask its author for an image of your platform"]
        default: []
        }
    }

    package var cause: (any Error)? {
        switch self {
        case .keepsBreaking(_, _, let cause): cause
        case .unauthorized(_, _, let cause): cause
        default: nil
        }
    }
}
