// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import HTTPTypes
import Hummingbird
import JSONText
import NIOCore
import RegistryAPI
import RegistryService
import RegistryStorage
import Resolution
import WorkerModel

/// An error as it is answered: the one place where errors become statuses and words.
struct ErrorResponse {
    var status: HTTPResponse.Status
    var envelope: ErrorEnvelope
    var headers = HTTPFields()
    /// What clients of images know it by, where that does not follow from the status.
    var imageCode: String?
    /// Whether it is the server that failed, which its log must tell.
    var isFailureOfServer = false

    init(_ code: RegistryErrorCode, _ message: String, fix: String = "", available: [String] = []) {
        envelope = ErrorEnvelope(code, message: message, fix: fix, available: available)
        status = .init(code: code.status)
    }

    private init(_ code: RegistryErrorCode, _ error: any CodedError) {
        self.init(code, error.message.printable, fix: error.hints.joined(separator: "; ").printable)
    }

    init(_ error: any Error) {
        switch error {
        case let error as RegistryServiceError: self.init(service: error)
        case let error as Unauthenticated:
            self.init(service: error.cause)
            headers[.wwwAuthenticate] = error.challenge
            envelope.fix = "log in with the name of an account, and a key of it as the password"
        case let error as RequestFault: self.init(request: error)
        case let error as BlobStorageError: self.init(blobs: error)
        case let error as RegistryStorageError: self.init(storage: error)
        case let error as HTTPError where error.status == .notFound: self.init(request: .unknownRoute)
        case is CancellationError: self.init(.unavailable, "the registry is stopping", fix: "send the request again")
        default: self.init(unexpected: error)
        }
    }

    /// What the envelope says nothing of: the rest is for the log.
    private init(unexpected error: any Error) {
        self.init(
            .internalError,
            "the registry failed",
            fix: "send the request again; then tell whoever runs it the request_id"
        )
        isFailureOfServer = true
    }
}

extension ErrorResponse {
    private init(service error: RegistryServiceError) {
        switch error {
        case .keyMissing, .keyUnknown, .tokenInvalid, .keyExpired: self.init(.unauthorized, error)
        case .accountSuspended, .scopeMissing, .nameNotCovered, .keyTooGood, .tooManyKeys, .notOwner, .nameTooSimilar,
            .nameReserved:
            self.init(.forbidden, error)
        case .keyNotFound: self.init(.keyNotFound, error)
        case .accountNotFound: self.init(.accountNotFound, error)
        case .lastOwner(_, let worker):
            self.init(.lastOwner, error)
            envelope.worker = worker.description
        case .tooManyWrongKeys(let retryAfter), .tooManyRequests(_, let retryAfter):
            self.init(.tooManyRequests, error)
            headers[.retryAfter] = String(max(1, retryAfter.components.seconds + 1))
        case .invalidPublication(let problems), .invalidRequest(let problems):
            self.init(.validationError, error)
            envelope.details = problems.map { problem in
                .init(path: problem.path, reason: problem.reason.printable, code: problem.code?.rawValue)
            }
        case .versionExists(let name, _, let isIdentical):
            self.init(.versionExists, error)
            envelope.worker = name.description
            envelope.isIdentical = isIdentical
        case .workerNotFound(let name):
            self.init(.workerNotFound, error)
            envelope.worker = name.description
            envelope.scope = ErrorEnvelope.Scope.worker.rawValue
        case .versionBurnt(let name, _):
            self.init(.versionExists, error)
            envelope.worker = name.description
        case .versionRemoved(let name, let removal):
            self.init(removal.isAbuse ? .versionRemoved : .versionNotFound, error)
            envelope.worker = name.description
            envelope.scope = ErrorEnvelope.Scope.version.rawValue
        case .channelConflict(let name, _, _, let current):
            self.init(.tagConflict, error)
            envelope.worker = name.description
            envelope.currentVersion = current?.description
        case .finalizeConflict(let name, _, let current):
            self.init(.finalizeConflict, error)
            envelope.worker = name.description
            envelope.currentVersion = current?.description
        case .channelNotFound: self.init(.channelNotFound, error)
        case .removalRefused(let name, _, let obstacles):
            self.init(.deleteRefused, error)
            envelope.worker = name.description
            envelope.details = obstacles.map { .init(path: $0.subject, reason: $0.reason.printable) }
        case .impossibleName: self.init(.workerNotFound, error)
        case .invalidSelector:
            self.init(.validationError, error)
            envelope.details = [.init(path: "version", reason: error.message.printable)]
        case .unresolved(let failure): self.init(resolution: failure)
        case .blobNotFound: self.init(.blobNotFound, error)
        case .programNotOffered: self.init(.programNotFound, error)
        case .uploadQuota: self.init(.quotaExceeded, error)
        case .image(let fault): self.init(image: fault)
        case .tooManyUploads, .tooManyUnfinished:
            self.init(.tooManyRequests, error)
            headers[.retryAfter] = "1"
        case .blobDamaged:
            self.init(.internalError, error)
            isFailureOfServer = true
        }
    }

    private init(resolution failure: ResolutionFailure) {
        let (code, scope): (RegistryErrorCode, ErrorEnvelope.Scope) =
            switch failure.reason {
            case .workerNotFound: (.workerNotFound, .worker)
            case .versionNotFound: (.versionNotFound, .version)
            case .versionConflict: (.versionConflict, .graph)
            case .dependencyCycle: (.dependencyCycle, .graph)
            case .tooManyWorkers, .unsettled: (.validationError, .graph)
            }
        self.init(code, failure)
        envelope.available = failure.available.map(\.description)
        envelope.requested = failure.requested
        envelope.scope = scope.rawValue
        envelope.worker = failure.worker.description
        envelope.dependencyPath = failure.dependencyPathText
    }

    private init(request fault: RequestFault) {
        switch fault {
        case .unknownRoute: self.init(.notFound, "there is nothing here", fix: "check path and method")
        case .wrongMethod:
            self.init(.methodNotAllowed, "nothing here answers to this method", fix: "check path and method")
        case .tooLarge(let limit): self.init(.tooLarge, "the request is larger than \(limit)", fix: "send less")
        case .cut: self.init(.validationError, "the request ended early", fix: "send it again")
        case .notJSON(let error): self.init(.invalidJSON, error.message.printable, fix: "send one JSON object in UTF-8")
        case .badDigest:
            self.init(.notFound, "a blob is named by 64 hexadecimal digits", fix: "check the digest in the path")
        case .shape(let error):
            self.init(.validationError, error.message.printable, fix: "correct the request, then send it again")
            envelope.details = [.init(path: error.path, reason: error.reason.printable)]
        case .header(let name, let reason):
            self.init(.validationError, "the header \(name) \(reason)", fix: "correct it, then send the request again")
            envelope.details = [.init(path: name, reason: reason)]
        case .marks:
            self.init(.validationError, "the path or query has " + StreamSafeText.complaint, fix: "leave them out")
        case .rangeNotSatisfiable(let size):
            self.init(.validationError, "the range lies outside of the blob", fix: "ask for bytes below \(size)")
            status = .rangeNotSatisfiable
            imageCode = "RANGE_INVALID"
            headers[.contentRange] = "bytes */\(size)"
        }
    }

    private init(blobs error: BlobStorageError) {
        switch error {
        case .digestMismatch: self.init(.digestMismatch, error)
        case .tooLarge: self.init(.tooLarge, error)
        case .notFound: self.init(.blobNotFound, error)
        case .storageFull:
            self.init(.storageFull, error)
            isFailureOfServer = true
        case .uploadOffset(let expected):
            self.init(.uploadConflict, error)
            headers[.uploadOffset] = String(expected.bytes)
        case .uploadUnderWay:
            self.init(.uploadConflict, error)
            headers[.retryAfter] = "1"
        case .uploadEnded, .failed: self.init(unexpected: error)
        }
    }

    private init(storage error: RegistryStorageError) {
        switch error {
        case .busy, .closed:
            self.init(.unavailable, error)
            headers[.retryAfter] = "1"
            isFailureOfServer = true
        case .storageFull:
            self.init(.storageFull, error)
            isFailureOfServer = true
        default: self.init(unexpected: error)
        }
    }
}

extension ErrorResponse {
    /// The answer with its envelope.
    func response(requestID: String) -> Response {
        var envelope = envelope
        envelope.requestID = requestID
        return Response.json(envelope.json.bytes(), status: status, headers: headers)
    }
}
