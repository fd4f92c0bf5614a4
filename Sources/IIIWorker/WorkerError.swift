// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import Diagnostics
import EngineClient
import EngineProtocol

/// An error as it crosses between workers: thrown by a handler it reaches the caller, thrown by a call it came from there.
public struct WorkerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// For programs: `function_not_found`, `invocation_failed`, or the worker's own.
    public let code: String
    /// For people.
    public let message: String
    /// Where it happened, where the other side says so.
    public let stacktrace: String?

    /// An error for a caller; `code` is for its program, `message` for its user.
    public init(code: String, message: String, stacktrace: String? = nil) {
        self.code = code
        self.message = message
        self.stacktrace = stacktrace
    }

    /// The code and the message.
    public var description: String { "\(code): \(message)" }

    init(_ error: any Error) {
        switch error {
        case let error as WorkerError: self = error
        case EngineClientError.failed(_, let remote):
            self.init(code: remote.code, message: remote.message, stacktrace: remote.stacktrace)
        case let error as EngineClientError:
            let code =
                switch error {
                case .timedOut: "timeout"
                case .nameTaken: "name_taken"
                default: "disconnected"
                }
            self.init(code: code, message: error.message)
        default: self.init(code: "invocation_failed", message: "\(error)")
        }
    }

    var json: RawJSON {
        JSONBuilder.object { object in
            object.member("code", code)
            object.member("message", message)
            object.optional("stacktrace", stacktrace)
        }
    }
}
