// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// The published error codes.
///
/// A code is never reused; a retired one stays listed in `docs/errors.md`.
///
/// The raw value is what users see and what the wire carries, for example `W142`.
package enum ErrorCode: String, Sendable, CaseIterable {
    case invalidName = "W100"
    case invalidSource = "W101"
    case localPathNotAllowed = "W102"
    case missingTarget = "W103"
    case consentRequired = "W104"
    case badPayload = "W105"
    case invalidVersion = "W106"
    case wrongUsage = "W107"
    case noTerminal = "W108"
    case workerNotFound = "W110"
    case alreadyExists = "W111"
    case notInstalled = "W112"
    case notRunning = "W113"
    case alreadyRunning = "W114"
    case versionNotFound = "W115"
    case versionConflict = "W116"
    case platformNotSupported = "W117"
    case channelConflict = "W118"
    case removalRefused = "W119"
    case projectBusy = "W120"
    case lockIO = "W121"
    case storageIO = "W122"
    case storageFull = "W123"
    case configIO = "W130"
    case configParse = "W131"
    case manifestRejected = "W132"
    case invalidSetting = "W133"
    case registry = "W140"
    case imagePull = "W141"
    case download = "W142"
    case registryUnreachable = "W143"
    case unauthorized = "W144"
    case publishRefused = "W145"
    case versionExists = "W146"
    case accountNotFound = "W147"
    case lastOwner = "W148"
    case lockfileMismatch = "W150"
    case lockfileInvalid = "W151"
    case installedContentChanged = "W152"
    case originChanged = "W153"
    case spawnFailed = "W160"
    case startTimedOut = "W161"
    case stopTimedOut = "W162"
    case engineAddress = "W163"
    case engineUnreachable = "W164"
    case callFailed = "W165"
    case callTimedOut = "W166"
    case workerCrashed = "W167"
    case engineAlreadyRuns = "W168"
    case cancelled = "W170"
    case bundleManifestRejected = "W180"
    case archiveUnsafe = "W181"
    case bundleResourceClamped = "W182"
    case graphExceeded = "W183"
    case graphInvalid = "W184"
    case binaryNotInArchive = "W185"
    case bundlesDisabled = "W186"
    case isolationTooWeak = "W187"
    case sandboxUnavailable = "W188"
    case sandboxFailed = "W189"
    case packingRefused = "W190"
    case callsNotGranted = "W191"
    case internalError = "W900"

    /// The process exit status that an error of this code ends the command with.
    ///
    /// 2 is for wrong usage, 3 for refusals by a policy or a check, 130 for an interruption, 1 for all other failures.
    package var exitStatus: Int32 {
        switch self {
        case .lockfileMismatch, .installedContentChanged, .originChanged, .bundlesDisabled, .isolationTooWeak,
            .callsNotGranted:
            3
        case .cancelled: 130
        case .wrongUsage, .noTerminal: 2
        default: 1
        }
    }
}
