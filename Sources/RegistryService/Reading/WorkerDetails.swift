// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import RegistryStorage
import WorkerModel

/// All that is known of one version.
package struct WorkerDetails: Sendable {
    private let store: any RegistryStore
    private let counter: DownloadCounter
    private let publicURL: @Sendable () -> PublicURL

    init(store: any RegistryStore, counter: DownloadCounter, publicURL: @escaping @Sendable () -> PublicURL) {
        self.store = store
        self.counter = counter
        self.publicURL = publicURL
    }

    /// Answers for one version.
    ///
    /// `selector` is an exact version, a channel or a range, as it was written; nil or empty means `latest`.
    ///
    /// - Returns: the answer as JSON.
    /// - Throws: `RegistryServiceError`.
    package func callAsFunction(_ name: String, version selector: String?) async throws -> [UInt8] {
        let (name, selector) = (try VersionChoice.name(name), try VersionChoice.selector(selector))
        let (pending, publicURL) = (counter.pending(of: name), publicURL())
        return try await store.read { session in
            let version = try VersionChoice.pick(selector, of: name, in: session)
            guard let answers = try session.answers(version, of: name) else {
                throw RegistryStorageError.damaged(what: "`\(name)@\(version)` has an index and no answers")
            }
            let total = try session.downloads(of: name, since: nil) + pending
            var changing: JSONObject = ["total_downloads": .number(JSONNumber(total))]
            changing["author"] = try session.owners(of: name).first.map { owner in
                WorkerDetail.Author(name: owner.description, isVerified: true).json
            }
            if let digest = try session.hostedImage(of: version, of: name) {
                changing["image"] = .string("\(publicURL.authority)/\(name)@\(digest)")
            }
            changing["yanked"] = try session.yank(of: version, of: name).map { YankNotice($0).json }
            let deprecations = try session.deprecations(of: name)
            changing["deprecated"] = DeprecationNotice(of: version, among: deprecations)?.json
            return Array("{\"worker\":".utf8) + AnswerText.adding(changing, to: answers.detail) + [UInt8(ascii: "}")]
        }
    }
}
