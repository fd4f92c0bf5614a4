// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import RegistryAPI
package import WorkerModel

/// Where the registry is reached from outside: `https://registry.example.com`, without a path.
///
/// Clients find the API at the root of a host, so there is no path.
package struct PublicURL: Hashable, Sendable, CustomStringConvertible {
    /// Without a slash at the end.
    package let description: String

    /// Reads `http://` or `https://`, a host and an optional port; one slash at the end is dropped.
    ///
    /// - Throws: `PublicURLError`.
    package init(parsing text: String) throws(PublicURLError) {
        let trimmed = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let scheme = ["https://", "http://"].first(where: trimmed.hasPrefix) else {
            throw PublicURLError(text: text, reason: "it does not begin with `https://` or `http://`")
        }
        let authority = trimmed.dropFirst(scheme.count)
        let isHost = authority.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"): true
            default: false
            }
        }
        guard !authority.isEmpty, isHost, authority.utf8.count <= 300 else {
            throw PublicURLError(text: text, reason: "only a host and a port may follow the scheme")
        }
        description = trimmed
        self.authority = String(authority)
    }

    /// Host and port, as references of images begin.
    package let authority: String

    /// The address of a blob that this registry keeps.
    package func blob(_ digest: Digest) -> String { description + RegistryPath.blob(digest).description }
}

/// Why a text is no public URL.
///
/// W101.
package struct PublicURLError: CodedError, Hashable {
    package let text: String
    package let reason: String

    package var code: ErrorCode { .invalidSource }
    package var message: String { "`\(PrintableText(text, limit: 200))` is not a public URL: \(reason)" }
    package var hints: [String] { ["a public URL looks like `https://registry.example.com`"] }
}
