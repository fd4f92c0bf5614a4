// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import RegistryStorage
import Resolution
import WorkerModel

extension RegistryServiceError {
    package var message: String {
        switch self {
        case .keyMissing: "this needs a key, and none was sent"
        case .tokenInvalid: "the token was not made by this registry or not for this, or its time is over"
        case .keyUnknown: "the key is not one of this registry"
        case .keyExpired(let since): "the key expired at \(since)"
        case .tooManyWrongKeys: "too many wrong keys came from this address"
        case .tooManyRequests(let perMinute, _): "more than \(perMinute) requests a minute came from one client"
        case .accountSuspended(let account, let since): "the account `\(account)` is suspended since \(since)"
        case .nameNotCovered(let worker): "the key is not good for a worker named `\(worker)`"
        case .keyTooGood: "the other key is good for more than the one that was sent"
        case .tooManyKeys(let limit): "the account has \(limit) keys, which is the most that it can make"
        case .keyNotFound(let id): "there is no key `\(PrintableText(id, limit: 40))`"
        case .accountNotFound(let name): "there is no account `\(PrintableText(name, limit: 80))`"
        case .lastOwner(let account, let worker): "`\(account)` is the only owner of `\(worker)`"
        case .scopeMissing(let scope): "the key may not be used for `\(scope.rawValue)`"
        case .notOwner(let worker): "the worker `\(worker)` belongs to another account"
        case .nameTooSimilar(let name, let other):
            "the name `\(name)` is too easily taken for the existing worker `\(other)`"
        case .nameReserved(let name): "the name `\(name)` is reserved, or easily taken for one that is"
        case .invalidPublication(let problems): Self.sentence(of: problems, about: "publication")
        case .invalidRequest(let problems): Self.sentence(of: problems, about: "request")
        case .versionExists(let name, let version, let isIdentical):
            "`\(name)@\(version)` is published already, with \(isIdentical ? "the same" : "other") content"
        case .versionRemoved(let name, let removal):
            "`\(name)@\(removal.version)` was removed at \(removal.at)"
                + (removal.reason.isEmpty ? "" : ": \(removal.reason.printable)")
        case .versionBurnt(let name, let version):
            "`\(name)@\(version)` was published and removed before: its number is used up"
        case .channelConflict(let name, let channel, let reason, let current):
            "the channel `\(channel)` of `\(name)` points to \(Self.shown(current)) and stays: \(reason)"
        case .channelNotFound(let name, let channel): "the worker `\(name)` has no channel `\(channel)`"
        case .finalizeConflict(let name, let reason, _): "nothing of `\(name)` was finalized: \(reason)"
        case .removalRefused(let name, let version, let obstacles):
            "`\(name)@\(version)` stays: " + obstacles.map(\.reason).joined(separator: "; ")
        case .workerNotFound(let name): "the worker `\(name)` was not found in the registry"
        case .impossibleName(let error): "no worker has such a name: \(error.message)"
        case .invalidSelector(let error): error.message
        case .unresolved(let failure): failure.message
        case .blobNotFound(let digest): "there is no blob sha256:\(digest)"
        case .programNotOffered(nil): "this registry offers no programs of iii"
        case .programNotOffered(let name?): "this registry does not offer `\(name.printable)`"
        case .blobDamaged(let digest): "the blob sha256:\(digest) is damaged: its file has another size than was stored"
        case .tooManyUploads(let limit): "the account has \(limit) uploads under way, and may have no more at once"
        case .tooManyUnfinished(let limit):
            "the account has begun \(limit) uploads that it has not ended, and may have no more"
        case .image(let fault): fault.message
        case .uploadQuota(let limit): "the account has sent more than \(limit) that no version names"
        }
    }

    package var hints: [String] {
        switch self {
        case .keyMissing: ["send the key in the header `X-API-Key`"]
        case .tokenInvalid: ["ask for a new one"]
        case .keyUnknown, .keyExpired:
            ["ask who runs the registry for a key: `iii-registry key create --data DIR --account NAME`"]
        case .tooManyWrongKeys(let retryAfter):
            ["wait \(retryAfter.components.seconds) seconds, then use the right key"]
        case .tooManyRequests(_, let retryAfter):
            ["wait \(retryAfter.components.seconds + 1) seconds, then send it again"]
        case .accountSuspended: ["ask who runs the registry"]
        case .nameNotCovered: ["use a key whose name patterns match the worker"]
        case .keyTooGood: ["use a key that has all scopes and names of the other one, and does not end before it"]
        case .tooManyKeys: ["revoke a key first: `GET /keys` lists them, `DELETE /keys/ID` revokes one"]
        case .keyNotFound: ["check the id: keys are listed with it"]
        case .accountNotFound: ["check the name; who runs the registry makes accounts"]
        case .lastOwner: ["add another owner first"]
        case .invalidRequest: ["correct what `details` lists, then send it again: nothing was changed"]
        case .scopeMissing(let scope): ["use a key with the scope `\(scope.rawValue)`"]
        case .notOwner: ["publish under another name, or ask an owner to add this account"]
        case .nameTooSimilar, .nameReserved: ["choose another name, or have an administrator publish the first version"]
        case .invalidPublication: ["correct what `details` lists, then publish again: nothing was stored"]
        case .versionExists(_, _, let isIdentical):
            isIdentical
                ? ["there is nothing left to do: the version is there as it was sent"]
                : ["versions never change: publish under a new version number"]
        case .versionRemoved(let name, _): ["look at the versions that there are: `GET /w/\(name)/versions`"]
        case .versionBurnt: ["publish under a new version number"]
        case .channelConflict, .finalizeConflict: ["read where the channels point, then decide again"]
        case .channelNotFound(let name, _): ["look at its channels: `GET /w/\(name)/versions`"]
        case .removalRefused(let name, let version, _):
            ["yank it, which leaves it to those who have it: `POST /w/\(name)/versions/\(version)/yank`"]
        case .workerNotFound(let name):
            ["check the name; publish `\(name)`, or remove it from the dependencies that name it"]
        case .impossibleName: ["check the name"]
        case .invalidSelector(let error): error.hints
        case .unresolved(let failure): failure.hints
        case .blobDamaged: ["upload it again, or have whoever runs the registry restore it"]
        case .tooManyUploads: ["send one after the other, or wait a second"]
        case .tooManyUnfinished: ["end or cancel them; what nobody goes on with is forgotten after a day"]
        case .image(let fault): fault.hints
        case .uploadQuota: ["publish what was sent; what no version names is forgotten after a day"]
        case .blobNotFound(let digest): ["upload it first: `PUT /blobs/sha256/\(digest)`"]
        case .programNotOffered(nil): ["its operator offers them with `iii-registry import-programs`"]
        case .programNotOffered: ["`GET /programs` lists what is offered"]
        }
    }

    private static func shown(_ version: SemanticVersion?) -> String { version.map { "`\($0)`" } ?? "nothing" }

    private static func sentence(of problems: [PublicationProblem], about what: String) -> String {
        let first = problems.first.map { "\($0.path) \($0.reason)" } ?? "it cannot be read"
        return problems.count > 1
            ? "the \(what) has \(problems.count) problems; the first: \(first)"
            : "the \(what) is refused: \(first)"
    }
}
