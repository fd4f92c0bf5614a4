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
        case .keyUnknown: "the key is not one of this registry"
        case .keyExpired(let since): "the key expired at \(since)"
        case .tooManyWrongKeys: "too many wrong keys came from this address"
        case .scopeMissing(let scope): "the key may not be used for `\(scope.rawValue)`"
        case .notOwner(let worker): "the worker `\(worker)` belongs to another account"
        case .nameTooSimilar(let name, let other):
            "the name `\(name)` is too easily taken for the existing worker `\(other)`"
        case .invalidPublication(let problems): Self.sentence(of: problems)
        case .versionExists(let name, let version, let isIdentical):
            "`\(name)@\(version)` is published already, with \(isIdentical ? "the same" : "other") content"
        case .workerNotFound(let name): "the worker `\(name)` was not found in the registry"
        case .impossibleName(let error): "no worker has such a name: \(error.message)"
        case .invalidSelector(let error): error.message
        case .unresolved(let failure): failure.message
        case .blobNotFound(let digest): "there is no blob sha256:\(digest)"
        }
    }

    package var hints: [String] {
        switch self {
        case .keyMissing: ["send the key in the header `X-API-Key`"]
        case .keyUnknown, .keyExpired:
            ["ask who runs the registry for a key: `iii-registry key create --data DIR --account NAME`"]
        case .tooManyWrongKeys(let retryAfter):
            ["wait \(retryAfter.components.seconds) seconds, then use the right key"]
        case .scopeMissing(let scope): ["use a key with the scope `\(scope.rawValue)`"]
        case .notOwner: ["publish under another name, or ask an owner to add this account"]
        case .nameTooSimilar: ["choose another name, or have an administrator publish the first version"]
        case .invalidPublication: ["correct what `details` lists, then publish again: nothing was stored"]
        case .versionExists(_, _, let isIdentical):
            isIdentical
                ? ["there is nothing left to do: the version is there as it was sent"]
                : ["versions never change: publish under a new version number"]
        case .workerNotFound(let name):
            ["check the name; publish `\(name)`, or remove it from the dependencies that name it"]
        case .impossibleName: ["check the name"]
        case .invalidSelector(let error): error.hints
        case .unresolved(let failure): failure.hints
        case .blobNotFound(let digest): ["upload it first: `PUT /blobs/sha256/\(digest)`"]
        }
    }

    private static func sentence(of problems: [PublicationProblem]) -> String {
        let first = problems.first.map { "\($0.path) \($0.reason)" } ?? "it cannot be read"
        return problems.count > 1
            ? "the publication has \(problems.count) problems; the first: \(first)"
            : "the publication is refused: \(first)"
    }
}
