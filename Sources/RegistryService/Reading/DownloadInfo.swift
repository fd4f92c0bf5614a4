// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
package import WorkerModel

/// What `GET /download` answers.
package struct DownloadAnswer: Sendable {
    package let name: WorkerName
    package let version: SemanticVersion
    /// Nil for a worker that is part of the engine.
    package let body: ReadyAnswer?
    /// Where it counts as a download.
    package let tally: DownloadTally
}

/// Where one version is had, without its dependencies; every answer counts as a download.
package struct DownloadInfo: Sendable {
    package let table: AnswerTable<DownloadAnswer>
    private let store: any RegistryStore
    private let counter: DownloadCounter
    private let publicURL: @Sendable () -> PublicURL

    init(
        store: any RegistryStore,
        table: AnswerTable<DownloadAnswer>,
        counter: DownloadCounter,
        publicURL: @escaping @Sendable () -> PublicURL
    ) {
        self.store = store
        self.table = table
        self.counter = counter
        self.publicURL = publicURL
    }

    /// Answers for one version.
    ///
    /// `selector` is an exact version, a channel or a range, as it was written; nil or empty means `latest`. `isCI`
    /// says whether a machine of a CI service asks, for the count; nil counts nothing.
    ///
    /// - Throws: `RegistryServiceError`.
    package func callAsFunction(
        _ name: String,
        version selector: String?,
        counting isCI: Bool?
    ) async throws -> DownloadAnswer {
        let question = AnswerQuestion(name: name, selector: selector ?? "")
        let answer: DownloadAnswer
        if let known = table.answer(to: question) {
            answer = known
        } else {
            let generation = table.generation
            answer = try await read(name, selector)
            table.keep(answer, of: answer.body?.body.count ?? 0, to: question, since: generation)
        }
        if let isCI { answer.tally.add(isCI: isCI) }
        return answer
    }

    private func read(_ name: String, _ selector: String?) async throws -> DownloadAnswer {
        let (name, selector) = (try VersionChoice.name(name), try VersionChoice.selector(selector))
        let (version, text) = try await store.read { session in
            if case .exact(let version) = selector, let answers = try session.answers(version, of: name) {
                return (version, answers.download)
            }
            let version = try VersionChoice.pick(selector, of: name, in: session)
            return (version, try session.answers(version, of: name)?.download)
        }
        let body = text.map { text in
            var bytes: [UInt8] = []
            AnswerText.append(text, publicURL: publicURL(), to: &bytes)
            return ReadyAnswer(body: bytes)
        }
        return DownloadAnswer(name: name, version: version, body: body, tally: counter.tally(name, version))
    }
}
