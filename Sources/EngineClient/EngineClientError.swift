// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

package import Diagnostics
package import EngineProtocol

/// Why a call of a function gave no result.
package enum EngineClientError: CodedError {
    /// W164: nobody accepts connections there.
    case unreachable(address: String, any Error)
    /// W164: somebody does, who is no engine.
    case notAnEngine(address: String, status: Int)
    /// W164: the connection broke before the answer came.
    case disconnected(address: String)
    /// W111: another worker of this name is connected.
    case nameTaken(String)
    /// W166
    case timedOut(function: String, Duration)
    /// W165: the function, or the engine in its place, answered with an error.
    case failed(function: String, RemoteError)

    package var code: ErrorCode {
        switch self {
        case .unreachable, .notAnEngine, .disconnected: .engineUnreachable
        case .nameTaken: .alreadyExists
        case .timedOut: .callTimedOut
        case .failed: .callFailed
        }
    }

    package var message: String {
        switch self {
        case .unreachable(let address, _): "no engine listens on `\(address)`"
        case .notAnEngine(let address, let status): "what listens on `\(address)` is no engine: it answered \(status)"
        case .disconnected(let address): "the engine on `\(address)` closed the connection before the answer came"
        case .nameTaken(let name): "another worker named `\(name.printable)` is connected to the engine"
        case .timedOut(let function, let time): "`\(function.printable)` did not answer within \(time)"
        case .failed(let function, let error):
            "`\(function.printable)` failed: \(error.code.printable): \(error.message.printable)"
        }
    }

    package var hints: [String] {
        switch self {
        case .unreachable: ["start the engine with `iii` in the project's folder"]
        default: []
        }
    }

    package var cause: (any Error)? {
        if case .unreachable(_, let error) = self { error } else { nil }
    }

    package var details: [(key: String, value: String)] {
        guard case .failed(_, let error) = self else { return [] }
        return [("code", error.code), ("message", error.message)]
            + (error.stacktrace.map { [("stacktrace", $0)] } ?? [])
    }
}

/// The error object of an answer.
package struct RemoteError: Sendable, Hashable {
    package let code: String
    package let message: String
    package let stacktrace: String?
    /// As it came.
    package let raw: RawJSON

    init(_ raw: RawJSON) {
        self.raw = raw
        code = raw.member("code")?.string ?? "UNKNOWN"
        message = raw.member("message")?.string ?? raw.description
        stacktrace = raw.member("stacktrace")?.string
    }
}
