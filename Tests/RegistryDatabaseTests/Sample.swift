// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import RegistryStorage
import WorkerModel

/// Records to write in tests.
enum Sample {
    static func name(_ text: String) throws -> WorkerName { try WorkerName(parsing: text) }
    static func version(_ text: String) throws -> SemanticVersion { try SemanticVersion(parsing: text) }
    static func channel(_ text: String) throws -> ChannelName { try ChannelName(parsing: text) }
    static func account(_ text: String = "acme") throws -> AccountName { try AccountName(parsing: text) }
    static func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    static func worker(_ text: String, at milliseconds: Int64 = 1000) throws -> WorkerRecord {
        WorkerRecord(name: try name(text), skeleton: text.lowercased(), createdAt: time(milliseconds))
    }

    static func dependencies(_ pairs: KeyValuePairs<String, String>) throws -> [WorkerDependency] {
        try pairs.map { WorkerDependency(name: try name($0.key), selector: $0.value) }
    }

    static func published(
        _ worker: String,
        _ version: String,
        artifacts: PublishedArtifacts = .engine,
        dependencies: KeyValuePairs<String, String> = [:],
        publication: String = "{}",
        at milliseconds: Int64 = 2000
    ) throws -> PublishedVersion {
        PublishedVersion(
            worker: try name(worker),
            version: try Self.version(version),
            publication: publication,
            artifacts: artifacts,
            dependencies: try Self.dependencies(dependencies),
            publishedAt: time(milliseconds),
            publisher: try account(),
            answers: ReadyAnswers(format: 1, resolveNode: #"{"n":1}"#, download: nil, detail: #"{"d":"ü"}"#)
        )
    }
}

extension RegistrySession {
    /// Makes the account `acme` and these workers.
    func prepare(_ workers: String...) throws {
        try insertAccount(Account(name: Sample.account(), createdAt: Sample.time(1)))
        for worker in workers { try insertWorker(Sample.worker(worker)) }
    }
}
