// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
import SystemPackage
package import Transport

/// A registry that is talked to: the root of its host, as a user, a list or a lock file names it.
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

    /// Reads what somebody wrote; nil is the standard registry.
    ///
    /// `source` is who wrote it, as it reads at the beginning of a sentence: "`III_API_URL`".
    ///
    /// - Throws: `RegistryBaseError`.
    package init(_ text: String?, from source: String = "`III_API_URL`") throws(RegistryBaseError) {
        func fail(_ reason: RegistryBaseError.Reason) -> RegistryBaseError {
            RegistryBaseError(reason: reason, source: source)
        }
        let text = text ?? Self.standard
        if text.lowercased().hasPrefix("file:") {
            do { place = .fixture(try Self.fixture(text)) } catch { throw fail(error) }
            return
        }
        let url: RemoteURL
        do { url = try RemoteURL(parsing: text.hasSuffix("/") ? String(text.dropLast()) : text) } catch {
            throw fail(.url(error))
        }
        if url.query != nil { throw fail(.query) }
        place = .remote(url)
    }

    /// The registry at a URL.
    package init(_ url: RemoteURL) { place = .remote(url) }

    /// Where requests go; nil for a file.
    package var url: RemoteURL? {
        guard case .remote(let url) = place else { return nil }
        return url
    }

    private static func fixture(_ text: String) throws(RegistryBaseError.Reason) -> FilePath {
        #if DEBUG
        let path = FilePath(String(text.dropFirst("file://".count)))
        guard text.lowercased().hasPrefix("file://"), path.isAbsolute else {
            throw .relativeFile
        }
        return path
        #else
        throw .fileInRelease
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

/// Why what somebody wrote names no registry.
///
/// W140.
package struct RegistryBaseError: CodedError {
    enum Reason: Error {
        case url(RemoteURLError)
        case query
        case relativeFile
        case fileInRelease
    }

    let reason: Reason
    /// Who wrote it.
    let source: String

    package var code: ErrorCode { .registry }

    package var message: String {
        switch reason {
        case .url(let error): "\(source) names no registry: \(error.message)"
        case .query: "\(source) names no registry: it has a query"
        case .relativeFile: "\(source) names a file without its absolute path"
        case .fileInRelease: "\(source) names a file, which only debug builds of iii read"
        }
    }

    package var hints: [String] {
        ["a registry is named by its root, such as `\(RegistryBase.standard)`"]
    }
}
