// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import SystemPackage
package import WorkerModel

/// Why no sandbox was made, or why one could not be used.
package enum SandboxError: CodedError {
    /// No tier that the worker may run in is available here.
    case noTier(WorkerName, minimum: IsolationTier, reasons: [TierReason])
    /// The tier that was asked for is not available here.
    case tierUnavailable(IsolationTier, SandboxAvailability.Reason)
    /// The tier that was asked for is weaker than what must be.
    case tooWeak(WorkerName, asked: IsolationTier, minimum: IsolationTier, setBy: MinimumSource)
    /// The tier cannot run what the specification asks for.
    case notSupported(IsolationTier, what: String)
    /// The sandbox's own program could not be started, or ended before the worker was started.
    case notMade(IsolationTier, detail: String)
    /// The worker's program could not be started inside.
    case notStarted(command: String, detail: String)
    /// The program of a command beside the worker is not there, or cannot be executed; the status that a shell would tell.
    case notExecuted(command: String, detail: String, status: Int32)
    /// It took too long until the sandbox answered.
    case timedOut(IsolationTier, after: Duration)
    /// What the worker keeps is more than it may be; the folders that hold it.
    case tooMuchKept([FilePath], limit: ByteCount)
    /// The sandbox has ended.
    case ended
    /// A setting names no tier.
    case unknownTier(String, place: String)

    /// Why one tier is not available.
    package struct TierReason: Hashable, Sendable {
        package let tier: IsolationTier
        package let reason: SandboxAvailability.Reason

        package init(tier: IsolationTier, reason: SandboxAvailability.Reason) {
            self.tier = tier
            self.reason = reason
        }
    }
}

extension SandboxError {
    private static func names(_ folders: [FilePath]) -> String {
        folders.map { "`\($0.string.printable)`" }.joined(separator: " and ")
    }

    package var code: ErrorCode {
        switch self {
        case .tooWeak: .isolationTooWeak
        case .noTier, .tierUnavailable, .notSupported: .sandboxUnavailable
        case .notMade, .timedOut, .ended, .tooMuchKept: .sandboxFailed
        case .notStarted, .notExecuted: .spawnFailed
        case .unknownTier: .configParse
        }
    }

    package var message: String {
        switch self {
        case .noTier(let name, let minimum, let reasons):
            "this machine cannot run `\(name)` in a sandbox\(minimum == .none ? "" : " of at least `\(minimum)`"): "
                + reasons.map { "\($0.tier): \($0.reason)" }.joined(separator: "; ")
        case .tierUnavailable(let tier, let reason): "this machine has no sandbox `\(tier)`: \(reason)"
        case .tooWeak(let name, let asked, let minimum, let source):
            "`\(name)` is to run in `\(asked)`, and \(source) asks for at least `\(minimum)`"
        case .notSupported(let tier, let what): "a sandbox `\(tier)` cannot \(what)"
        case .notMade(let tier, let detail): "the sandbox `\(tier)` could not be made: \(detail.printable)"
        case .notStarted(let command, let detail), .notExecuted(let command, let detail, _):
            "cannot start `\(command.printable)` in its sandbox: \(detail.printable)"
        case .timedOut(let tier, let limit): "the sandbox `\(tier)` did not answer within \(limit)"
        case .tooMuchKept(let folders, let limit):
            "what the worker keeps in \(Self.names(folders)) is more than its limit of \(limit)"
        case .ended: "the sandbox has ended"
        case .unknownTier(let text, let place): "`\(text.printable)` in \(place) is no isolation tier"
        }
    }

    package var hints: [String] {
        switch self {
        case .noTier(_, _, let reasons):
            reasons.compactMap { entry in entry.reason.remedy.map { "run `\($0)` to have `\(entry.tier)`" } }
        case .tierUnavailable(let tier, let reason): reason.remedy.map { ["run `\($0)` to have `\(tier)`"] } ?? []
        case .tooWeak: ["ask for a stronger tier, or change the minimum"]
        case .notSupported: ["choose another tier"]
        case .tooMuchKept: ["remove what it need not keep, or all of it: then it begins anew"]
        case .unknownTier: ["write one of \(IsolationTier.allCases.map { "`\($0)`" }.joined(separator: ", "))"]
        default: []
        }
    }
}
