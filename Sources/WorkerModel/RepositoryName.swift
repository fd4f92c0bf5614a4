// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What a registry of images calls a place for images: `pi`, `iiidev/python`.
///
/// Parts of lower-case letters and digits with single separators between them, joined by `/`; at most 255 characters. Safe as
/// a path and in a URL. A worker's images and artifacts are in the repository of its name.
package struct RepositoryName: Hashable, Sendable, CustomStringConvertible {
    /// The most characters a name has.
    package static let maximumLength = 255

    /// The name as it was written.
    package let description: String

    /// Reads a name.
    ///
    /// - Throws: `RepositoryNameError`.
    package init(parsing text: some StringProtocol) throws(RepositoryNameError) {
        let name = String(text)
        if name.utf8.count > Self.maximumLength {
            throw RepositoryNameError(text: name, reason: "it is longer than \(Self.maximumLength) characters")
        }
        for part in name.split(separator: "/", omittingEmptySubsequences: false) {
            if let problem = ImageReference.problem(ofPathComponent: part) {
                throw RepositoryNameError(text: name, reason: "it has \(problem)")
            }
        }
        description = name
    }

    /// The repository of a worker; nil for one whose name no repository can have.
    package init?(of worker: WorkerName) {
        guard let name = try? RepositoryName(parsing: worker.description) else { return nil }
        self = name
    }

    /// The first part, whose holder holds what is below it too.
    package var root: Substring { description.prefix { $0 != "/" } }

    /// The worker of that name, where a worker can have it.
    package var rootWorker: WorkerName? { try? WorkerName(parsingPublished: root) }

    /// The worker whose repository this is; nil for one below another.
    package var worker: WorkerName? { description.contains("/") ? nil : rootWorker }
}
