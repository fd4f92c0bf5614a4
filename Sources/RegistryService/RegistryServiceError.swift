// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import RegistryStorage
package import Resolution
package import WorkerModel

/// Why the registry does not do what it was asked.
///
/// What its memory and its blobs refuse comes through as `RegistryStorageError` and `BlobStorageError`.
package enum RegistryServiceError: CodedError {
    case keyMissing
    case keyUnknown
    /// A token that was never made here, or not for this, or is over.
    case tokenInvalid
    case keyExpired(since: Timestamp)
    /// Too many wrong keys came from one address.
    case tooManyWrongKeys(retryAfter: Duration)
    case tooManyRequests(perMinute: Int, retryAfter: Duration)
    case accountSuspended(AccountName, since: Timestamp)
    case scopeMissing(KeyScope)
    /// The patterns of the key leave the worker out.
    case nameNotCovered(WorkerName)
    /// A key that is good for more than the one that asks for the change.
    case keyTooGood
    case tooManyKeys(limit: Int)
    case keyNotFound(String)
    case accountNotFound(String)
    case lastOwner(AccountName, of: WorkerName)
    case notOwner(WorkerName)
    /// A new name that people would take for an existing one.
    case nameTooSimilar(WorkerName, to: WorkerName)
    /// A name that only an administrator gives.
    case nameReserved(WorkerName)
    /// Everything that is wrong with it; at least one problem.
    case invalidPublication([PublicationProblem])
    /// Everything that is wrong with another request; at least one problem.
    case invalidRequest([PublicationProblem])
    /// `isIdentical`: whether what is published equals what was sent.
    case versionExists(WorkerName, SemanticVersion, isIdentical: Bool)
    /// The number was used once: its version is gone for ever.
    case versionRemoved(WorkerName, RemovedVersion)
    /// The number cannot be published again.
    case versionBurnt(WorkerName, SemanticVersion)
    /// Nothing moved; `current` is where the channel points.
    case channelConflict(WorkerName, ChannelName, reason: String, current: SemanticVersion?)
    case channelNotFound(WorkerName, ChannelName)
    /// Nothing moved; `current` is where `latest` points.
    case finalizeConflict(WorkerName, reason: String, current: SemanticVersion?)
    /// Every rule that stands in the way of deleting a version; at least one.
    case removalRefused(WorkerName, SemanticVersion, [RemovalObstacle])
    case workerNotFound(WorkerName)
    /// A text where a worker's name belongs that no worker can have.
    case impossibleName(WorkerNameError)
    case invalidSelector(VersionError)
    case unresolved(ResolutionFailure)
    case blobNotFound(Digest)
    /// The registry offers no programs, or not the one that is named.
    case programNotOffered(String?)
    /// The bytes that are stored are not those that arrived.
    case blobDamaged(Digest)
    /// An account has sent too much that no version names.
    case uploadQuota(ByteCount)
    /// An account has too many uploads under way.
    case tooManyUploads(limit: Int)
    /// An account has begun too many uploads and ended none of them.
    case tooManyUnfinished(limit: Int)
    /// What only images and artifacts have to do with.
    case image(ImageFault)

    package var code: ErrorCode {
        switch self {
        case .keyMissing, .keyUnknown, .tokenInvalid, .keyExpired, .tooManyWrongKeys, .tooManyRequests,
            .accountSuspended,
            .scopeMissing,
            .nameNotCovered,
            .keyTooGood, .tooManyKeys, .notOwner, .nameTooSimilar, .nameReserved:
            .unauthorized
        case .keyNotFound, .accountNotFound: .accountNotFound
        case .lastOwner: .lastOwner
        case .invalidRequest: .badPayload
        case .invalidPublication: .publishRefused
        case .versionExists, .versionBurnt: .versionExists
        case .versionRemoved, .channelNotFound: .versionNotFound
        case .channelConflict, .finalizeConflict: .channelConflict
        case .removalRefused: .removalRefused
        case .workerNotFound, .impossibleName: .workerNotFound
        case .invalidSelector(let error): error.code
        case .unresolved(let failure): failure.code
        case .blobNotFound, .programNotOffered: .download
        case .blobDamaged: .storageIO
        case .uploadQuota, .tooManyUploads, .tooManyUnfinished: .publishRefused
        case .image(let fault): fault.code
        }
    }
}

/// One thing that is wrong with a publication.
package struct PublicationProblem: Hashable, Sendable {
    /// Where in the request, such as `$.binaries.x86_64-unknown-linux-gnu.sha256`.
    package let path: String
    /// The end of a sentence that begins with the path.
    package let reason: String
    /// The code of the check that an installer would make too.
    package let code: ErrorCode?

    package init(path: String, reason: String, code: ErrorCode? = nil) {
        self.path = path
        self.reason = reason
        self.code = code
    }
}
