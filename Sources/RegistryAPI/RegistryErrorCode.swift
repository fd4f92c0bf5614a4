// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What went wrong at the registry, as `error.code` of its envelope says it.
///
/// The raw value is what the wire carries and what clients decide by.
package enum RegistryErrorCode: String, Sendable, CaseIterable {
    case invalidJSON = "invalid_json"
    case unauthorized = "unauthorized"
    case forbidden = "forbidden"
    /// A path or method that the registry does not have.
    case notFound = "not_found"
    /// A method that the registry has nowhere.
    case methodNotAllowed = "method_not_allowed"
    case blobNotFound = "blob_not_found"
    case programNotFound = "program_not_found"
    case workerNotFound = "worker_not_found"
    case versionNotFound = "version_not_found"
    case accountNotFound = "account_not_found"
    case keyNotFound = "key_not_found"
    case channelNotFound = "tag_not_found"
    case versionExists = "version_exists"
    /// An administrator removed the version.
    case versionRemoved = "version_removed"
    /// A rule stands in the way of deleting a version.
    case deleteRefused = "delete_refused"
    case lastOwner = "last_owner"
    case tagConflict = "tag_conflict"
    case finalizeConflict = "finalize_conflict"
    /// An upload cannot be continued so.
    case uploadConflict = "upload_conflict"
    case tooLarge = "too_large"
    /// An account has sent too much that no version names.
    case quotaExceeded = "quota_exceeded"
    case validationError = "validation_error"
    case versionConflict = "version_conflict"
    case dependencyCycle = "dependency_cycle"
    case digestMismatch = "digest_mismatch"
    case tooManyRequests = "too_many_requests"
    case internalError = "internal_error"
    case unavailable = "unavailable"
    case storageFull = "storage_full"

    /// The HTTP status that goes with the code.
    ///
    /// `POST /resolve` answers some of them with another one, see `graphStatus`.
    package var status: Int {
        switch self {
        case .invalidJSON: 400
        case .unauthorized: 401
        case .forbidden: 403
        case .notFound, .blobNotFound, .programNotFound, .workerNotFound, .versionNotFound, .channelNotFound,
            .accountNotFound,
            .keyNotFound:
            404
        case .methodNotAllowed: 405
        case .versionExists, .tagConflict, .finalizeConflict, .deleteRefused, .lastOwner, .uploadConflict: 409
        case .versionRemoved: 410
        case .tooLarge, .quotaExceeded: 413
        case .validationError, .versionConflict, .dependencyCycle, .digestMismatch: 422
        case .tooManyRequests: 429
        case .internalError: 500
        case .unavailable: 503
        case .storageFull: 507
        }
    }

    /// The HTTP status in an answer of `POST /resolve` about anything but an unknown root.
    ///
    /// Clients take 404 there for "this server cannot resolve", so only an unknown root may say it.
    package var graphStatus: Int { status == 404 ? 422 : status }
}
