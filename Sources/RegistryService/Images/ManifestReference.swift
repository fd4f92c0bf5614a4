// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import WorkerModel

/// What a document is asked for by.
package enum ManifestReference: Hashable, Sendable, CustomStringConvertible {
    case tag(ImageTag)
    case digest(ContentDigest)

    /// Reads a digest or a tag.
    ///
    /// - Throws: `RegistryServiceError.image` with `.digestInvalid` for what has a colon and is no digest, `.tagInvalid`.
    package init(parsing text: String) throws(RegistryServiceError) {
        if text.contains(":") {
            guard let digest = try? ContentDigest(parsing: text) else {
                throw .image(.digestInvalid("is neither of sha256 nor of sha512, or is not written as one"))
            }
            self = .digest(digest)
        } else {
            guard let tag = ImageTag(parsing: text) else { throw .image(.tagInvalid(text)) }
            self = .tag(tag)
        }
    }

    /// As it stands in an address.
    package var description: String {
        switch self {
        case .tag(let tag): tag.description
        case .digest(let digest): digest.description
        }
    }
}
