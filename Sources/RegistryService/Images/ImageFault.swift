// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
package import WorkerModel

/// What can be wrong with a request of a client of images, in the words of the distribution specification.
package enum ImageFault: Hashable, Sendable {
    case blobUnknown(ContentDigest)
    /// A blob that a document of the repository needs.
    case blobInUse(ContentDigest)
    case uploadUnknown
    /// Bytes for another place than where the upload goes on.
    case uploadOffset(expected: ByteCount)
    /// A text that is no digest, or one of other bytes; the end of a sentence that begins with "the digest".
    case digestInvalid(String)
    /// What a document names and the repository has not.
    case manifestBlobsUnknown([ContentDigest])
    /// The end of a sentence that begins with "the document".
    case manifestInvalid(String)
    case manifestUnknown(String)
    case nameInvalid(RepositoryNameError)
    case nameUnknown(RepositoryName)
    /// A tag that no tag can be.
    case tagInvalid(String)
    /// A tag that is a version or a channel, which publishing makes and nobody pushes over.
    case tagPublished(RepositoryName, ImageTag)
    /// A document that a version delivers.
    case manifestPublished(ContentDigest)
    /// The repository belongs to somebody else, or its name may not be taken.
    case denied(RepositoryName, reason: String)

    /// What programs tell errors of this protocol apart by.
    package var name: String {
        switch self {
        case .blobUnknown: "BLOB_UNKNOWN"
        case .uploadUnknown: "BLOB_UPLOAD_UNKNOWN"
        case .uploadOffset: "BLOB_UPLOAD_INVALID"
        case .digestInvalid: "DIGEST_INVALID"
        case .manifestBlobsUnknown: "MANIFEST_BLOB_UNKNOWN"
        case .manifestInvalid: "MANIFEST_INVALID"
        case .manifestUnknown: "MANIFEST_UNKNOWN"
        case .nameInvalid: "NAME_INVALID"
        case .nameUnknown: "NAME_UNKNOWN"
        case .tagInvalid: "TAG_INVALID"
        case .tagPublished, .manifestPublished, .blobInUse: "UNSUPPORTED"
        case .denied: "DENIED"
        }
    }

    /// The status of the answer.
    package var status: Int {
        switch self {
        case .blobUnknown, .uploadUnknown, .manifestUnknown, .nameUnknown: 404
        case .uploadOffset: 416
        case .digestInvalid, .manifestBlobsUnknown, .manifestInvalid, .nameInvalid, .tagInvalid: 400
        case .tagPublished, .manifestPublished, .blobInUse: 405
        case .denied: 403
        }
    }

    var code: ErrorCode {
        switch self {
        case .denied: .unauthorized
        case .tagPublished, .manifestPublished: .versionExists
        case .digestInvalid, .manifestInvalid, .manifestBlobsUnknown: .publishRefused
        default: .imagePull
        }
    }

    var message: String {
        switch self {
        case .blobUnknown(let digest): "the repository has no blob \(digest)"
        case .blobInUse(let digest): "a document of the repository needs the blob \(digest)"
        case .uploadUnknown: "there is no such upload"
        case .uploadOffset(let expected): "the upload goes on at byte \(expected.bytes)"
        case .digestInvalid(let reason): "the digest \(reason)"
        case .manifestBlobsUnknown(let digests):
            "the document names what the repository has not: "
                + digests.prefix(5).map(\.description).joined(separator: ", ")
                + (digests.count > 5 ? " and \(digests.count - 5) more" : "")
        case .manifestInvalid(let reason): "the document \(reason)"
        case .manifestUnknown(let reference):
            "the repository has nothing under `\(PrintableText(reference, limit: 150))`"
        case .nameInvalid(let error): error.message
        case .nameUnknown(let name): "there is no repository `\(name)`"
        case .tagInvalid(let text): "`\(PrintableText(text, limit: 150))` is no tag"
        case .tagPublished(let name, let tag): "`\(name):\(tag)` is a published version or a channel, and stays"
        case .manifestPublished(let digest): "a published version delivers \(digest), and it stays"
        case .denied(let name, let reason): "nothing may be pushed to `\(name)`: \(reason)"
        }
    }

    var hints: [String] {
        switch self {
        case .manifestBlobsUnknown: ["push what it names first; nothing was changed"]
        case .tagPublished: ["push under another tag, or publish a new version"]
        case .manifestPublished: ["yank the version, or delete it where that is allowed"]
        case .blobInUse: ["delete the documents that need it first"]
        case .denied: ["use another name, or ask its owner"]
        case .uploadOffset: ["ask where it goes on: GET the upload"]
        case .uploadUnknown: ["begin a new one"]
        default: []
        }
    }
}
