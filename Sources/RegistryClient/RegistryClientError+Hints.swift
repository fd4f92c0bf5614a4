// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import RegistryAPI
import WorkerModel

/// What a person does next, by the code of a refusal: what the registry advises is meant for those who speak its language.
extension RegistryClientError {
    package var hints: [String] {
        switch reason {
        case .refused(413, nil): [Self.passage]
        case .refused(_, let envelope): [advice(envelope), available(in: envelope)].compactMap { $0 }
        case .unreadable, .answerTooLarge, .unknownVersion:
            ["check the URL: `iii registry list` shows which registry is asked"]
        case .noKey(let note):
            [note, "`iii registry login` stores a key of your account; `III_API_KEY` wins over it"].compactMap { $0 }
        case .fileChanged: ["run the command again"]
        case .fixtureCannot, .fixtureMissing: ["unset `III_API_URL`, or set it to the URL of a registry"]
        }
    }

    private func advice(_ envelope: ErrorEnvelope?) -> String? {
        if let code = envelope?.knownCode { return advice(on: code, envelope) }
        // Of a code that this program does not know, the registry knows more.
        if let fix = envelope?.fix.printable, !fix.isEmpty { return fix }
        return switch code {
        case .unauthorized: Self.rights
        case .workerNotFound: spelling
        case .registry: Self.later
        default: nil
        }
    }

    private static let later = "try again in a few minutes"
    /// A registry says in its own words what it does not take: without them it was a proxy, and nginx takes 1 MB by itself.
    private static let passage =
        "tell whoever runs the registry that the proxy before it must let larger requests through: for nginx that is "
        + "`client_max_body_size 512m;`, for others their limit of a request's body"
    private static let again = "run the command again"
    private static let rights =
        "check with `iii registry whoami` whose key this is, and that its account owns the worker"

    private func advice(on code: RegistryErrorCode, _ envelope: ErrorEnvelope?) -> String? {
        switch code {
        case .workerNotFound: dependent(envelope).map { "tell the publisher of `\($0)`" } ?? spelling
        case .versionNotFound, .versionRemoved, .channelNotFound:
            dependent(envelope).map { "tell the publisher of `\($0)`" }
                ?? (envelope?.available.isEmpty == false ? nil : existing)
        case .versionConflict:
            "another version may need versions that go together"
                + (worker.map { ": `iii worker info \($0) --versions` shows them" } ?? "")
        case .dependencyCycle: "tell the publisher: what needs itself cannot be installed"
        case .unauthorized: "`iii registry login` stores a new key, for one that is unknown or has expired"
        case .forbidden:
            isPublishing
                ? "\(Self.rights); a new worker needs a name that is not much like another's" : Self.rights
        case .versionExists:
            envelope?.isIdentical == true ? nil : "versions never change: publish under a higher one"
        case .accountNotFound: "check the name of the account; whoever runs the registry makes accounts"
        case .keyNotFound: "`iii registry key list` shows the keys"
        case .lastOwner: "add another owner first: `iii worker owner add \(worker ?? "NAME") ACCOUNT`"
        case .validationError, .invalidJSON, .tooLarge:
            isSending ? "correct that, then run the command again: nothing was changed" : nil
        case .tagConflict, .finalizeConflict: existing
        case .deleteRefused:
            "`iii worker yank` keeps new users away from a version, and leaves it to those who have it"
        case .digestMismatch: "\(Self.again); if it fails again, something on the way changes what is sent"
        case .blobNotFound, .uploadConflict: Self.again
        case .tooManyRequests: "wait a minute, then run the command again"
        case .programNotFound: "its operator offers programs with `iii-registry import-programs`"
        case .notFound, .methodNotAllowed:
            "this registry does not offer that; `iii registry list` shows which one is asked"
        case .storageFull: "tell whoever runs the registry that its disk is full"
        case .quotaExceeded:
            "publish what was uploaded already, or wait: what nobody publishes is taken away after a while"
        case .internalError, .unavailable:
            envelope?.requestID.map {
                "\(Self.later); whoever runs the registry finds the request as `\($0.printable)`"
            }
                ?? Self.later
        }
    }

    private var worker: String? { conversation.worker }

    private var isPublishing: Bool { if case .publish = conversation { true } else { false } }

    private var spelling: String {
        "check the spelling of the name" + (worker.map { "; `iii worker search \($0)` looks for names like it" } ?? "")
    }

    private var existing: String? {
        worker.map { "`iii worker info \($0) --versions` shows its versions and channels" }
    }

    /// The worker that asks for what cannot be had; nil where it was asked for itself.
    private func dependent(_ envelope: ErrorEnvelope?) -> String? {
        guard let names = envelope?.dependencyPath?.split(separator: ">"), names.count > 1 else { return nil }
        return names[names.count - 2].printable.trimmingDashes
    }

    /// The versions that there are, unless the registry's own words name one of them.
    private func available(in envelope: ErrorEnvelope?) -> String? {
        guard let envelope, !envelope.available.isEmpty else { return nil }
        if envelope.available.contains(where: { !$0.isEmpty && envelope.message.contains($0) }) { return nil }
        let more = envelope.available.count > Self.listed ? ", …" : ""
        return "available: \(envelope.available.prefix(Self.listed).map(\.printable).joined(separator: ", "))\(more)"
    }
}

extension String {
    /// Without the blanks and the dash of an arrow around it.
    fileprivate var trimmingDashes: String {
        var text = self[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " || text.last == "-" { text.removeLast() }
        return String(text)
    }
}
