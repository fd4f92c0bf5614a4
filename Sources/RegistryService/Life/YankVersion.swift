// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
package import RegistryAPI
import RegistryStorage
import WorkerModel

/// Takes a version out of what ranges choose from, or puts it back; whoever names it exactly still gets it.
package struct YankVersion: Sendable {
    let changes: WorkerChanges

    /// Yanks a version.
    ///
    /// Where `latest` points to it, `latest` moves to the highest version that is left, or nowhere.
    ///
    /// - Throws: `RegistryServiceError`.
    package func callAsFunction(
        _ name: String,
        _ version: String,
        _ request: YankRequest,
        by caller: Caller
    ) async throws -> VersionChangeAnswer {
        let version = try VersionChoice.version(version)
        let reason = try ShortText.read(request.reason, path: "$.reason")
        return try await changes(name, by: caller, .yank) { change in
            try change.expectVersion(version)
            let former = try change.session.yank(of: version, of: change.worker)
            if let former, former.reason == reason { return try change.answer(version, hasChanged: false) }
            try change.session.setYank(Yank(reason: reason, at: change.now), of: version, of: change.worker)
            try change.record(.yanked, version, ["reason": .string(reason)])
            if try change.session.channel(.latest, of: change.worker) == version { try change.pointLatestToHighest() }
            return try change.answer(version, hasChanged: true)
        }
    }

    /// Takes a yank back; a worker without `latest` gets one, the others keep theirs.
    ///
    /// - Throws: `RegistryServiceError`.
    package func undo(_ name: String, _ version: String, by caller: Caller) async throws -> VersionChangeAnswer {
        let version = try VersionChoice.version(version)
        return try await changes(name, by: caller, .yank) { change in
            try change.expectVersion(version)
            guard try change.session.yank(of: version, of: change.worker) != nil else {
                return try change.answer(version, hasChanged: false)
            }
            try change.session.setYank(nil, of: version, of: change.worker)
            try change.record(.unyanked, version)
            if try change.session.channel(.latest, of: change.worker) == nil { try change.pointLatestToHighest() }
            return try change.answer(version, hasChanged: true)
        }
    }
}

extension WorkerChange {
    /// What is so of a version now.
    func answer(_ version: SemanticVersion, hasChanged: Bool) throws -> VersionChangeAnswer {
        VersionChangeAnswer(
            version: version,
            yanked: try session.yank(of: version, of: worker).map(YankNotice.init),
            hasChanged: hasChanged,
            latest: try session.channel(.latest, of: worker)
        )
    }
}

extension YankNotice {
    init(_ yank: Yank) { self.init(reason: yank.reason, at: yank.at.description) }
}

/// Texts that publishers say about versions.
enum ShortText {
    static let maximumLength = 1000

    /// The text, which is one paragraph of bounded length.
    ///
    /// - Throws: `RegistryServiceError.invalidRequest`.
    static func read(_ text: String, path: String) throws(RegistryServiceError) -> String {
        func refuse(_ reason: String) -> RegistryServiceError {
            .invalidRequest([PublicationProblem(path: path, reason: reason)])
        }
        if text.utf8.count > maximumLength { throw refuse("is longer than \(maximumLength) bytes") }
        let isPrintable = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        if !isPrintable { throw refuse("has control characters") }
        return text
    }
}
