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

    init(store: any RegistryStore, counter: DownloadCounter) {
        self.store = store
        self.counter = counter
    }

    /// Answers for one version.
    ///
    /// `selector` is an exact version, a channel or a range, as it was written; nil or empty means `latest`.
    ///
    /// - Returns: the answer as JSON.
    /// - Throws: `RegistryServiceError`.
    package func callAsFunction(_ name: String, version selector: String?) async throws -> [UInt8] {
        let (name, selector) = (try VersionChoice.name(name), try VersionChoice.selector(selector))
        let pending = counter.pending(of: name)
        let (text, total, owner) = try await store.read { session in
            let version = try VersionChoice.pick(selector, of: name, in: session)
            guard let answers = try session.answers(version, of: name) else {
                throw RegistryStorageError.damaged(what: "`\(name)@\(version)` has an index and no answers")
            }
            let total = try session.downloads(of: name, since: nil)
            return (answers.detail, total, try session.owners(of: name).first)
        }
        return Self.answer(text, downloads: total + pending, owner: owner)
    }

    /// What was made when the version was published, with what changes put at its end.
    private static func answer(_ text: String, downloads: Int64, owner: AccountName?) -> [UInt8] {
        var changing: JSONObject = ["total_downloads": .number(JSONNumber(downloads))]
        changing["author"] = owner.map { WorkerDetail.Author(name: $0.description, isVerified: true).json }
        var output = Array("{\"worker\":".utf8)
        output.append(contentsOf: text.utf8.dropLast())
        output.append(UInt8(ascii: ","))
        output.append(contentsOf: JSONValue.object(changing).bytes().dropFirst())
        output.append(UInt8(ascii: "}"))
        return output
    }
}
