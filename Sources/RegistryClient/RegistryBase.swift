// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import SystemPackage
package import Transport

/// The registry that is talked to: the root of its host, as `III_API_URL` names it.
///
/// A debug build also takes `file:///path/to/answer.json`: one JSON file that answers every question about a worker.
package struct RegistryBase: Hashable, Sendable {
    enum Place: Hashable, Sendable {
        case remote(RemoteURL)
        case fixture(FilePath)
    }

    /// The registry that is used where none is named.
    package static let standard = "https://api.workers.iii.dev"

    let place: Place

    /// Reads the value of `III_API_URL`; nil is the standard registry.
    ///
    /// - Throws: `RegistryBaseError`.
    package init(_ text: String?) throws(RegistryBaseError) {
        let text = text ?? Self.standard
        if text.lowercased().hasPrefix("file:") {
            place = .fixture(try Self.fixture(text))
            return
        }
        let url: RemoteURL
        do { url = try RemoteURL(parsing: text) } catch { throw RegistryBaseError(reason: .url(error)) }
        if url.query != nil { throw RegistryBaseError(reason: .query) }
        place = .remote(url)
    }

    /// Where requests go; nil for a file.
    package var url: RemoteURL? {
        guard case .remote(let url) = place else { return nil }
        return url
    }

    private static func fixture(_ text: String) throws(RegistryBaseError) -> FilePath {
        #if DEBUG
        let path = FilePath(String(text.dropFirst("file://".count)))
        guard text.lowercased().hasPrefix("file://"), path.isAbsolute else {
            throw RegistryBaseError(reason: .relativeFile)
        }
        return path
        #else
        throw RegistryBaseError(reason: .fileInRelease)
        #endif
    }
}

extension RegistryBase: CustomStringConvertible {
    /// As lock files and messages name it, without a slash at its end.
    package var description: String {
        switch place {
        case .remote(let url): url.description.hasSuffix("/") ? String(url.description.dropLast()) : url.description
        case .fixture(let path): "file://\(path.string)"
        }
    }
}

/// Why `III_API_URL` names no registry.
///
/// W140.
package struct RegistryBaseError: CodedError {
    enum Reason: Sendable {
        case url(RemoteURLError)
        case query
        case relativeFile
        case fileInRelease
    }

    let reason: Reason

    package var code: ErrorCode { .registry }

    package var message: String {
        switch reason {
        case .url(let error): "`III_API_URL` names no registry: \(error.message)"
        case .query: "`III_API_URL` names no registry: it has a query"
        case .relativeFile: "`III_API_URL` names a file without its absolute path"
        case .fileInRelease: "`III_API_URL` names a file, which only debug builds of iii read"
        }
    }

    package var hints: [String] {
        ["set it to the root of a registry, such as `\(RegistryBase.standard)`, or unset it"]
    }
}
