// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import RegistryAPI
import WorkerModel

/// Why a registry did not give what it was asked for.
package struct RegistryClientError: CodedError {
    enum Reason: Sendable {
        /// The registry said no, mostly in words.
        case refused(status: Int, ErrorEnvelope?)
        /// The answer is not what such an answer looks like.
        case unreadable(any Error)
        case answerTooLarge
        /// The note says why, where that needs a word.
        case noKey(note: String?)
        /// The file to upload is not as long as it was.
        case fileChanged(String)
        /// The answer for a part of the engine does not tell its version.
        case unknownVersion
        /// A file takes the place of the registry, and has no answer to this.
        case fixtureCannot
        case fixtureMissing(String)
    }

    let reason: Reason
    let conversation: Conversation
    /// The registry and what chose it, nil where that goes without saying.
    let place: String?

    init(_ reason: Reason, _ conversation: Conversation, at place: String? = nil) {
        self.reason = reason
        self.conversation = conversation
        self.place = place
    }

    /// What the registry said, where it said something.
    package var envelope: ErrorEnvelope? {
        guard case .refused(_, let envelope) = reason else { return nil }
        return envelope
    }

    /// With W146: whether the version that exists equals the one that was sent; nil where the registry does not say.
    package var isIdentical: Bool? { envelope?.isIdentical }
}

extension RegistryClientError {
    package var code: ErrorCode {
        switch reason {
        case .refused(let status, let envelope): envelope?.knownCode.flatMap(code(for:)) ?? code(forStatus: status)
        case .noKey: .unauthorized
        case .unreadable, .answerTooLarge, .fileChanged, .unknownVersion, .fixtureCannot, .fixtureMissing: .registry
        }
    }

    var isSending: Bool {
        switch conversation {
        case .publish, .upload, .change: true
        case .resolve, .look, .search, .account, .programs: false
        }
    }

    private func code(for code: RegistryErrorCode) -> ErrorCode? {
        switch code {
        case .workerNotFound: .workerNotFound
        case .versionNotFound, .versionRemoved, .channelNotFound, .programNotFound: .versionNotFound
        case .versionConflict: .versionConflict
        case .dependencyCycle: .graphInvalid
        case .unauthorized, .forbidden: .unauthorized
        case .versionExists: .versionExists
        case .accountNotFound, .keyNotFound: .accountNotFound
        case .lastOwner: .lastOwner
        case .invalidJSON, .validationError, .tooLarge, .quotaExceeded, .digestMismatch, .blobNotFound:
            isSending ? .publishRefused : nil
        case .tagConflict, .finalizeConflict: .channelConflict
        case .deleteRefused: .removalRefused
        case .notFound, .methodNotAllowed, .uploadConflict, .tooManyRequests, .internalError, .unavailable,
            .storageFull:
            nil
        }
    }

    /// What the bare status means, of a server that has no words or none that are known.
    private func code(forStatus status: Int) -> ErrorCode {
        switch (status, conversation) {
        case (401, _), (403, _): .unauthorized
        case (404, .resolve), (404, .look), (404, .change): .workerNotFound
        case (409, .change): .channelConflict
        case (400, .change), (422, .change): .publishRefused
        case (409, .publish): .versionExists
        case (400, .publish), (413, .publish), (422, .publish): .publishRefused
        case (413, .upload), (422, .upload): .publishRefused
        default: .registry
        }
    }
}

extension RegistryClientError {
    /// The most problems, and the most versions, that a message lists.
    static let listed = 20

    package var message: String {
        switch reason {
        case .refused(let status, let envelope): "cannot \(action): \(words(of: envelope, status))"
        case .unreadable(let error):
            "cannot \(action): the registry's answer makes no sense, \(error.words)"
        case .answerTooLarge:
            "cannot \(action): the registry's answer is larger than \(RegistryClient.answerLimit)"
        case .noKey: "there is no key for \(place ?? "the registry")"
        case .fileChanged(let path): "cannot \(action): `\(path.printable)` changed while it was sent"
        case .unknownVersion: "cannot \(action): the registry does not tell which version it has"
        case .fixtureCannot: "cannot \(action): `III_API_URL` names a file, not a registry"
        case .fixtureMissing(let path): "cannot \(action): `\(path.printable)` cannot be read"
        }
    }

    /// What was to be done, and where.
    private var action: String { conversation.action + (place.map { " at \($0)" } ?? "") }

    private func words(of envelope: ErrorEnvelope?, _ status: Int) -> String {
        guard let envelope, !envelope.message.isEmpty else {
            return status == 413
                ? "a proxy before the registry does not let so much through (it answered 413)"
                : "the registry answered \(status)"
        }
        var text = envelope.message.printable
        if let path = envelope.dependencyPath, path != conversation.worker,
            envelope.knownCode != .versionConflict || !text.contains(path.printable)
        {
            text += " (through \(path.printable))"
        }
        // Some registries say it all in their first sentence.
        let unsaid = envelope.details.filter { !envelope.message.contains($0.reason) }
        let problems = unsaid.map { "`\($0.path.printable)` \($0.reason.printable)" }
        if !problems.isEmpty { text += ": " + problems.prefix(Self.listed).joined(separator: "; ") }
        if problems.count > Self.listed { text += "; and \(problems.count - Self.listed) more" }
        return text
    }

    package var details: [(key: String, value: String)] {
        guard case .refused(let status, let envelope) = reason else { return [] }
        var details = [(key: "status", value: String(status))]
        guard let envelope else { return details }
        if !envelope.code.isEmpty { details.append(("registry_code", envelope.code)) }
        if let id = envelope.requestID { details.append(("request_id", id)) }
        if !envelope.available.isEmpty { details.append(("available", envelope.available.joined(separator: ", "))) }
        return details + envelope.details.map { ($0.path, $0.reason) }
    }
}
